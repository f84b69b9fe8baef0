"""Import a program to inspect it, with this library's recording switched off."""

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

#: The name in the manifest for a program that sets none, and so has the name of the file that starts it.
PROGRAM = "<program>"


class LoadError(Exception):
    """The program does not exist or cannot be inspected. The message says why."""


def load(reference: str) -> Any:
    """Import a module, and return one of its attributes. ``reference`` is ``module:attribute`` or ``path/to/file.py:attribute``.

    Call this function only in a short-lived process, because it changes the environment, ``sys.argv`` and ``sys.path``.
    Python looks for the module in the working directory first. The user's ``ARCADE_USAGE_*`` variables are removed, so that
    the manifest shows the program's own settings. If the program prints to stdout during the import, the text goes to stderr.

    Limit: the import runs the program's own code, which can read, write and send whatever it wants.

    Raises:
        LoadError: If ``reference`` is malformed, or if the module cannot be imported, exits during the import, or lacks the
            attribute.
    """
    module, separator, attribute = reference.rpartition(":")
    if not (separator and module and attribute):
        raise LoadError(f"APP must be module:attribute or path/to/file.py:attribute, not {reference!r}")
    _disable_telemetry()
    sys.argv = [PROGRAM, "--help"]  # a program that runs itself on import shows its help and does nothing else
    sys.dont_write_bytecode = True
    with redirect_stdout(sys.stderr):
        try:
            return _get_attribute(_import(module), module, attribute)
        except LoadError:
            raise
        except SystemExit:
            raise LoadError(
                f'importing {module} ended the process: put the call that runs the program under if __name__ == "__main__":'
            ) from None
        except Exception as error:
            raise LoadError(f"{module} cannot be imported: {describe_error(error)}") from error


def describe_error(error: Exception) -> str:
    """Return one line with the class and the message of ``error``, and with the file and line where the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _disable_telemetry() -> None:
    """Set environment variables that disable this library, the OpenTelemetry SDK, and libraries that honor ``DO_NOT_TRACK``."""
    for name in [name for name in os.environ if name.startswith("ARCADE_USAGE_")]:
        del os.environ[name]
    os.environ[consent.ENV_TRACKING] = consent.OFF
    os.environ[consent.ENV_DO_NOT_TRACK] = "1"
    os.environ[consent.ENV_SDK_DISABLED] = "true"
    os.environ[conventions.ENV_SENDER] = os.devnull  # otherwise the queued events of this machine would be deleted


def _get_attribute(value: Any, module: str, attribute: str) -> Any:
    for name in attribute.split("."):
        if not hasattr(value, name):
            raise LoadError(f"{module} has no {attribute}")
        value = getattr(value, name)
    return value


def _import(reference: str) -> ModuleType:
    if not reference.endswith(".py") and os.sep not in reference:
        sys.path.insert(0, os.getcwd())
        return importlib.import_module(reference)
    path = os.path.abspath(reference)
    if not os.path.isfile(path):
        raise LoadError(f"there is no file {reference}")
    directory, name = os.path.split(path.removesuffix(".py"))
    if not os.path.isfile(os.path.join(directory, "__init__.py")):
        return _import_file(name, path)
    if name == "__init__":
        directory, name = os.path.split(directory)
    while os.path.isfile(os.path.join(directory, "__init__.py")):  # a module of a package, which may import from it
        directory, package = os.path.split(directory)
        name = f"{package}.{name}"
    sys.path.insert(0, directory)
    return importlib.import_module(name)


def _import_file(name: str, path: str) -> ModuleType:
    sys.path.insert(0, os.path.dirname(path))
    while name in sys.modules:  # a Typer program may be called ``typer.py``
        name += "_"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
