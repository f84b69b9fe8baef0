"""``arcade-otel manifest APP``: what a program collects, as a text that its maintainer commits and its CI compares."""

import io
import sys

from arcade_otel.cli import host_settings
from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK, EXIT_USAGE
from arcade_otel.cli.manifest import content, markdown
from arcade_otel.cli.manifest.app_loader import LoadError, load
from arcade_otel.cli.manifest.command_tree import get_root_command, walk
from arcade_otel.settings import make_settings

__all__ = ["manifest"]


def manifest(app: str, *, as_json: bool = False, output: str | None = None, check: str | None = None) -> int:
    """Write the manifest of a program, or compare it with a file, and return the exit code.

    0: written, or the file is as it should be; 1: it differs, and the difference is on stdout; 2: the program cannot be looked
    at, or the file not be read or written, which is told on stderr. For a process that ends after it: ``loading`` says why.

    Args:
        app: ``module:attribute`` or ``path/to/file.py:attribute``: what ``instrument()`` was given.
        as_json: For programs, rather than in Markdown.
        output: File to write; stdout if None.
        check: File to compare with; nothing is written then.
    """
    try:
        text = _text(app, as_json=as_json)
        if output is not None:
            with open(output, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            return EXIT_OK
        if check is None:
            return _printed(text, EXIT_OK)
        with open(check, encoding="utf-8") as file:  # with any ends of lines: git may have changed them
            before = file.read()
    except (LoadError, OSError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, LoadError) else f"{output or check}: {getattr(error, 'strerror', 'not UTF-8')}"
        sys.stderr.write(f"arcade-otel manifest: {why}\n")
        return EXIT_USAGE
    return EXIT_OK if before == text else _printed(markdown.difference(before, text, check, app), EXIT_FAILURE)


def _text(reference: str, *, as_json: bool) -> str:
    app = load(reference)
    root = get_root_command(app)
    try:
        settings = host_settings.instrumented(app)
    except (TypeError, ValueError) as error:
        raise LoadError(f"the settings given to instrument() are wrong: {error}") from error
    instrumented = settings is not None
    settings = settings or make_settings()
    made = content.Manifest(settings, walk(root, settings.name), instrumented=instrumented)
    return made.as_json() if as_json else made.as_markdown()


def _printed(text: str, code: int) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # the same bytes everywhere
    sys.stdout.write(text)
    sys.stdout.flush()
    return code
