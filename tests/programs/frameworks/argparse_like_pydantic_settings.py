from table_helpers import program


def main():
    from pydantic import BaseModel
    from pydantic_settings import BaseSettings, CliApp, CliSubCommand

    class Build(BaseModel):
        n: int = 1

        def cli_cmd(self):
            print("built", self.n)

    class Fail(BaseModel):
        def cli_cmd(self):
            raise ValueError("it broke")

    class Tool(BaseSettings):
        build: CliSubCommand[Build]
        fail: CliSubCommand[Fail]

        def cli_cmd(self):
            CliApp.run_subcommand(self)

    with program():
        CliApp.run(Tool)
