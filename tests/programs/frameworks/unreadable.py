"""Fork a process for each module of the library that a command loads while it runs. There, the module cannot be loaded.

Arguments: a directory to work in, how the command is recorded (``click``, ``program`` or ``command``), the command, and modules,
or none for all modules. The program prints a JSON object with the child's exit code and output for each module, and for "", for
a child that can load all modules.
"""

import argparse
import errno
import json
import os
import sys
import tempfile
import traceback
from typing import Literal

import click

import arcade_otel

WORK_DIR, HOW, COMMAND, *MODULES = sys.argv[1:]


def serve():
    use_the_library()
    print("served")


def fail():
    use_the_library()
    sys.exit("it broke")


def leave():
    use_the_library()
    arcade_otel.end_run()
    arcade_otel.track("toolkit created", {"tools": 4})
    print("left")


def use_the_library():
    arcade_otel.set_property("plan", "pro")
    arcade_otel.set_property("note", "words of the user")
    arcade_otel.track("toolkit created", {"tools": 3})


COMMANDS = {"serve": serve, "fail": fail, "leave": leave}


def prepare(options):
    """Return the function that runs the command."""
    if HOW == "click":
        app = click.Group()
        for name, function in COMMANDS.items():
            app.add_command(click.Command(name, callback=function, params=[click.Option(["--size"], expose_value=False)]))
        arcade_otel.instrument(app, **options)
        return lambda: app([COMMAND], prog_name="tool")
    if HOW == "program":
        return arcade_otel.program(**options)(parse)
    context = arcade_otel.command(COMMAND, **options)

    def run():
        with context as recorded:
            recorded.rename(COMMAND)
            COMMANDS[COMMAND]()

    return run


def parse():
    parser = argparse.ArgumentParser(prog="tool")
    commands = parser.add_subparsers(dest="command")
    for name in COMMANDS:
        commands.add_parser(name)
    COMMANDS[parser.parse_args([COMMAND]).command]()


class Unreadable:
    """An importer that fails for one module, as if the process had no descriptor left."""

    def __init__(self, name):
        self.name = name

    def find_spec(self, name, path=None, target=None):
        if name == self.name:
            raise OSError(errno.EMFILE, "Too many open files", name)


def without(name):
    """Run the command in a child process, without a module. Return the child's exit code and what it printed."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            os._exit(in_child(name))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return code, output.read().decode()


def in_child(name):
    """Run the command, and return its exit code. If no module is missing, write the names of those that were loaded."""
    code = None
    try:
        run = prepare(
            {
                "name": "tool",
                "version": "1.2.3",
                "config_dir": tempfile.mkdtemp(dir=WORK_DIR),
                "record_start": ["serve"],
                "record_option_names": True,
                "properties": {"plan": Literal["free", "pro"], "note": arcade_otel.FreeText(reason="a test")},
                "events": {"toolkit created": {"tools": int}},
                "sender_command": ["/bin/true"],
            }
        )
        before = set(sys.modules)
        sys.meta_path.insert(0, Unreadable(name))
        run()
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 70
    if not name:
        with open(os.path.join(WORK_DIR, "loaded"), "w") as file:
            file.write(" ".join(set(sys.modules) - before))
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0


told = {"": without("")}
with open(os.path.join(WORK_DIR, "loaded")) as file:
    loaded = [name for name in file.read().split() if name.startswith("arcade_otel")]
for module in loaded:
    if not MODULES or module in MODULES:
        told[module] = without(module)
print(json.dumps(told))
