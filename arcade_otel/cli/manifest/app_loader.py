"""Imports a maintainer's program to look at it, so that nothing of ours is recorded, sent or written by that."""

import importlib
import importlib.util
import os
import sys
import traceback
from contextlib import redirect_stdout
from types import ModuleType
from typing import Any

from arcade_otel import consent, conventions

__all__ = ["PROGRAM", "LoadError", "describe_error", "load"]

#: Name of a program that leaves its name to the file that it is started by.
PROGRAM = "<program>"


class LoadError(Exception):
    """There is no such program, or it cannot be looked at; the message says why, for the person who named it."""


def load(reference: str) -> Any:
    """Return the object that ``module:attribute`` or ``path/to/file.py:attribute`` names, having imported its module.

    For a process that ends after this: its environment, ``sys.argv`` and ``sys.path`` stay changed. Modules are looked for in
    the working directory first, or in the file's. What the program says of its usage data is what it says without the user's
    environment: our own variables are out of it. What the import prints goes to stderr.

    A limit: the import runs the program's own code, and what that reads, writes or sends is its own business.

    Raises:
        LoadError: It cannot be imported, ends the process, or has no such attribute.
    """
    place, separator, attribute = reference.rpartition(":")
    if not (separator and place and attribute):
        raise LoadError(f"APP must be module:attribute or path/to/file.py:attribute, not {reference!r}")
    _disable_telemetry()
    sys.argv = [PROGRAM, "--help"]  # a program that runs itself when it is imported shows its help, and does nothing
    sys.dont_write_bytecode = True
    with redirect_stdout(sys.stderr):
        try:
            return _attribute(_module(place), place, attribute)
        except LoadError:
            raise
        except SystemExit:
            raise LoadError(
                f'importing {place} ended the process: what runs the program must stand under if __name__ == "__main__":'
            ) from None
        except Exception as error:
            raise LoadError(f"{place} cannot be imported: {describe_error(error)}") from error


def describe_error(error: Exception) -> str:
    """Return an error of the program's, and where it was raised, in a line."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _disable_telemetry() -> None:
    """Let nothing of ours, of the SDK's or of anybody who respects ``DO_NOT_TRACK`` do anything in this process."""
    for name in [name for name in os.environ if name.startswith("ARCADE_USAGE_")]:
        del os.environ[name]
    os.environ[consent.ENV_TRACKING] = consent.OFF
    os.environ[consent.ENV_DO_NOT_TRACK] = "1"
    os.environ[consent.ENV_SDK_DISABLED] = "true"
    os.environ[conventions.ENV_SENDER] = os.devnull  # else what waits to be sent on this machine would be removed


def _attribute(found: Any, place: str, attribute: str) -> Any:
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise LoadError(f"{place} has no {attribute}")
        found = getattr(found, name)
    return found


def _module(place: str) -> ModuleType:
    if not place.endswith(".py") and os.sep not in place:
        sys.path.insert(0, os.getcwd())
        return importlib.import_module(place)
    path = os.path.abspath(place)
    if not os.path.isfile(path):
        raise LoadError(f"there is no file {place}")
    directory, name = os.path.split(path.removesuffix(".py"))
    if not os.path.isfile(os.path.join(directory, "__init__.py")):
        return _of_file(name, path)
    if name == "__init__":
        directory, name = os.path.split(directory)
    while os.path.isfile(os.path.join(directory, "__init__.py")):  # a module of a package, which may import from it
        directory, package = os.path.split(directory)
        name = f"{package}.{name}"
    sys.path.insert(0, directory)
    return importlib.import_module(name)


def _of_file(name: str, path: str) -> ModuleType:
    sys.path.insert(0, os.path.dirname(path))
    while name in sys.modules:  # ``typer.py`` is a name that somebody may give to a program of Typer's
        name += "_"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
