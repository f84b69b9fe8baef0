"""``arcade-otel manifest APP`` writes the manifest of a program, which lists everything that the program can collect.

The program's maintainer commits the manifest, and CI checks that it is up to date.
"""

import io
import sys

from arcade_otel import terminal
from arcade_otel.cli import host_settings
from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK, EXIT_USAGE
from arcade_otel.cli.manifest import catalogue, content, markdown
from arcade_otel.cli.manifest.app_loader import LoadError, load
from arcade_otel.cli.manifest.command_tree import get_root_command, walk
from arcade_otel.settings import make_settings

__all__ = ["manifest"]


def manifest(app: str, *, as_json: bool = False, output: str | None = None, check: str | None = None) -> int:
    """Write the manifest of a program, or compare it with a file, and return the exit code.

    * Exit code 0: the manifest was written or, if ``check`` is set, is up to date.
    * Exit code 1: the manifest differs from the file ``check``, and a diff is printed on stdout.
    * Exit code 2: an error message on stderr says that the program cannot be loaded, or that a file cannot be read or
      written.

    Call this function only in a short-lived process, because it changes the environment and the import path.

    Args:
        app: The object that the program passes to ``instrument()``, as ``module:attribute`` or ``path/to/file.py:attribute``.
        as_json: Whether to write JSON instead of Markdown.
        output: The file to write, or None for stdout.
        check: The file to compare the manifest with, or None to write the manifest.
    """
    try:
        text = _render(app, as_json=as_json)
        if output is not None:
            with open(output, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            return EXIT_OK
        before = None
        if check is not None:
            with open(check, encoding="utf-8") as file:  # universal newlines, because git may have changed them
                before = file.read()
    except (LoadError, OSError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, LoadError) else f"{output or check}: {getattr(error, 'strerror', 'not UTF-8')}"
        terminal.write(sys.stderr, f"arcade-otel manifest: {why}")
        return EXIT_USAGE
    if check is None or before is None:
        return _print(text, EXIT_OK)
    return EXIT_OK if before == text else _print(markdown.difference(before, text, check, app), EXIT_FAILURE)


def _render(reference: str, *, as_json: bool) -> str:
    app = load(reference)
    root = get_root_command(app)
    try:
        settings = host_settings.instrumented(app)
    except (TypeError, ValueError) as error:
        raise LoadError(f"the settings given to instrument() are wrong: {error}") from error
    instrumented = settings is not None
    settings = settings or make_settings()
    for name in sorted(settings.properties.keys() & {entry.name for entry in catalogue.PROPERTIES}):
        raise LoadError(f"properties: {name!r} is the name of one of the library's own. Choose another name")
    made_manifest = content.Manifest(settings, walk(root, settings.name), instrumented=instrumented)
    return made_manifest.as_json() if as_json else made_manifest.as_markdown()


def _print(text: str, code: int) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # the same bytes on every system
    sys.stdout.write(text)
    sys.stdout.flush()
    return code
