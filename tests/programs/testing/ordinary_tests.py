import os
import subprocess
import sys

import mycli
import pytest
from typer.testing import CliRunner


def run(*arguments, **environ):
    command = [sys.executable, "mycli.py", *arguments]
    ended = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True)
    return ended.returncode, ended.stdout, ended.stderr


def test_in_this_process():
    ended = CliRunner().invoke(mycli.app, ["count"])
    assert (ended.exit_code, ended.output) == (0, "3 toolkits\n")


def test_in_a_process_of_its_own():
    assert run("count") == (0, "3 toolkits\n", "")


@pytest.mark.parametrize("word", ["1", "on"])
def test_where_somebody_switches_it_on(word):
    assert run("count", ARCADE_USAGE_TRACKING=word) == (0, "3 toolkits\n", "")


def test_that_fails():
    code, _, _ = run("connect", "somewhere", ARCADE_USAGE_TRACKING="1")
    assert code == 1
