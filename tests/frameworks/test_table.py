"""What ``docs/frameworks.md`` says of frameworks without an adapter: each program in two processes, bare and recorded."""

from pathlib import Path

import pytest

from tests.frameworks.battery import run_all

pytestmark = pytest.mark.latest

HELPERS = """
import sys
from contextlib import nullcontext
def program():
    if not os.environ.get("OUT"):
        return nullcontext()
    import arcade_otel
    return arcade_otel.program(name="tool", posthog_api_key="phc_x")
def command(path):
    if not os.environ.get("OUT"):
        return nullcontext()
    import arcade_otel
    return arcade_otel.command(path, name="tool", posthog_api_key="phc_x")
def argparse_program(parser_class, **how):
    parser = parser_class(prog="tool", **how)
    parser.add_argument("--version", action="version", version="1.0")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", aliases=["b"], **how).add_argument("--n", type=int, default=1)
    commands.add_parser("fail", **how)
    return parser
def follow(chosen):
    if chosen.command == "fail":
        raise ValueError("it broke")
    print("built", chosen.n)
"""

ARGPARSE_LIKE = {
    "rich-argparse": """
import argparse
def main():
    from rich_argparse import RichHelpFormatter
    with program():
        follow(argparse_program(argparse.ArgumentParser, formatter_class=RichHelpFormatter).parse_args())
""",
    "argcomplete": """
import argparse
def main():
    import argcomplete
    with program():
        parser = argparse_program(argparse.ArgumentParser)
        argcomplete.autocomplete(parser)
        follow(parser.parse_args())
""",
    "configargparse": """
def main():
    import configargparse
    with program():
        follow(argparse_program(configargparse.ArgumentParser).parse_args())
""",
    "pydantic-settings": """
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
""",
    "knack": """
def main():
    from knack import CLI
    from knack.commands import CLICommandsLoader, CommandGroup
    import types
    module = types.ModuleType("operations")
    def build(n=1):
        print("built", n)
    def fail():
        raise ValueError("it broke")
    module.build, module.fail = build, fail
    sys.modules["operations"] = module
    class Loader(CLICommandsLoader):
        def load_command_table(self, args):
            with CommandGroup(self, "", "operations#{}") as group:
                group.command("build", "build")
                group.command("fail", "fail")
            return super().load_command_table(args)
    with program():
        cli = CLI(cli_name="tool", commands_loader_cls=Loader)
        sys.exit(cli.invoke(sys.argv[1:]))
""",
}
BY_HAND = {
    "fire": """
def main():
    import fire
    class Tool:
        def build(self, n=1):
            print("built", n)
        def fail(self):
            raise ValueError("it broke")
    with command("tool"):
        fire.Fire(Tool, name="tool")
""",
    "docopt": """
def main():
    from docopt import docopt
    with command("tool"):
        chosen = docopt("Usage:\\n  tool build [--n=N]\\n  tool fail\\n  tool --help")
        if chosen["fail"]:
            raise ValueError("it broke")
        print("built", chosen["--n"])
""",
    "tyro": """
def main():
    import tyro
    def build(n: int = 1):
        print("built", n)
    def fail():
        raise ValueError("it broke")
    with command("tool"):
        tyro.extras.subcommand_cli_from_dict({"build": build, "fail": fail}, prog="tool")
""",
    "jsonargparse": """
def main():
    from jsonargparse import ArgumentParser
    with command("tool"):
        parser = ArgumentParser(prog="tool", version="1.0")
        commands = parser.add_subcommands(dest="command")
        build = ArgumentParser()
        build.add_argument("--n", type=int, default=1)
        commands.add_subcommand("build", build, aliases=["b"])
        commands.add_subcommand("fail", ArgumentParser())
        chosen = parser.parse_args()
        if chosen.command == "fail":
            raise ValueError("it broke")
        print("built")
""",
    "plumbum": """
def main():
    from plumbum import cli
    class Tool(cli.Application):
        def main(self):
            pass
    @Tool.subcommand("build")
    class Build(cli.Application):
        n = cli.SwitchAttr("--n", int, default=1)
        def main(self):
            print("built", self.n)
    @Tool.subcommand("fail")
    class Fail(cli.Application):
        def main(self):
            raise ValueError("it broke")
    with command("tool"):
        Tool.run(["tool", *sys.argv[1:]])
""",
}


@pytest.mark.parametrize("framework", ARGPARSE_LIKE)
def test_program_follows_what_parses_by_argparse(tmp_path: Path, framework: str) -> None:
    """The sub-command's name, usage errors, exit codes; no event for ``--help``."""
    pytest.importorskip(framework.replace("-", "_"))
    cases: list[tuple[list[str], str | None]] = [
        (["build", "--n", "2"], "build"),
        (["fail"], "fail"),
        (["build", "--nosuch"], "build"),
        (["nosuch"], ""),
        (["--help"], None),
        (["build", "--help"], None),
    ]
    found = run_all(tmp_path, HELPERS + ARGPARSE_LIKE[framework], [words for words, _ in cases])
    assert [[attributes["command"] for _, attributes in ended.spans] for ended in found] == [
        [] if name is None else [name] for _, name in cases
    ]


@pytest.mark.parametrize("framework", BY_HAND)
def test_command_records_a_program_of_any_framework_under_one_name(tmp_path: Path, framework: str) -> None:
    """Its exit code and error; help and version are events too, because this library cannot tell them apart."""
    pytest.importorskip(framework)
    found = run_all(tmp_path, HELPERS + BY_HAND[framework], [["build", "--n", "2"], ["fail"], ["nosuch"]])
    for ended in found:
        ((_, attributes),) = ended.spans
        assert (attributes["command"], attributes["process.exit.code"]) == ("tool", ended.exit_code)
    assert found[0].exit_code == 0
    assert found[1].spans[0][1]["error.type"] == "ValueError"
