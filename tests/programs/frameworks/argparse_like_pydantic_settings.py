import sys

from table_helpers import program


def main():
    from pydantic import BaseModel
    from pydantic_settings import BaseSettings, CliApp, CliSubCommand

    class Build(BaseModel):
        num: int = 1

        def cli_cmd(self):
            print("built", self.num)

    class Fail(BaseModel):
        def cli_cmd(self):
            raise ValueError("it broke")

    class Leave(BaseModel):
        def cli_cmd(self):
            sys.exit(3)

    class Tool(BaseSettings):
        build: CliSubCommand[Build]
        fail: CliSubCommand[Fail]
        leave: CliSubCommand[Leave]

        def cli_cmd(self):
            CliApp.run_subcommand(self)

    with program():
        CliApp.run(Tool)
