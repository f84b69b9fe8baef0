"""Write the catalogue's tables into ``docs/what-we-collect.md``, or check that the tables on that page are up to date."""

import argparse
import sys
from collections.abc import Sequence

from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK, EXIT_USAGE
from arcade_otel.cli.manifest import catalogue, markdown

__all__ = ["BEGIN", "END", "main", "render"]

BEGIN = "<!-- catalogue:begin -->"
END = "<!-- catalogue:end -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m arcade_otel.cli.manifest [--check] PAGE`` and return the exit code.

    The exit code is 0 if the page was written or is up to date, 1 if ``--check`` finds a difference, and 2 if the page cannot be
    read or written.

    Raises:
        SystemExit: If the command line is wrong (code 2), or if the user asked for help (code 0).
    """
    parser = argparse.ArgumentParser(
        prog="python -m arcade_otel.cli.manifest",
        description=f"Write the tables of everything that is collected into PAGE, between {BEGIN} and {END}.",
        epilog="Exit codes: 0 written or equal, 1 different (the difference is on stdout), 2 the page cannot be read or written.",
    )
    parser.add_argument("--check", action="store_true", help="Compare and print the difference. Write nothing.")
    parser.add_argument("page", metavar="PAGE")
    chosen = parser.parse_args(arguments)
    try:
        with open(chosen.page, encoding="utf-8") as file:
            before = file.read()
        after = render(before)
        if not chosen.check and after != before:
            with open(chosen.page, "w", encoding="utf-8", newline="\n") as file:
                file.write(after)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{chosen.page}: {getattr(error, 'strerror', None) or error}\n")
        return EXIT_USAGE
    if not chosen.check or after == before:
        return EXIT_OK
    sys.stdout.write(markdown.difference(before, after, chosen.page, "the catalogue"))
    return EXIT_FAILURE


def render(page: str) -> str:
    """Return ``page`` with the current tables between the two markers.

    Raises:
        ValueError: If a marker is missing or occurs more than once, or if the markers are in the wrong order.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in head + tail:
        raise ValueError(f"it does not have {BEGIN} and {END}, each once and in this order")
    return f"{head}{begin}\n{_tables()}{end}{tail}"


def _tables() -> str:
    parts = (
        "### Events",
        markdown.events(catalogue.EVENTS),
        "### Properties",
        markdown.properties(catalogue.PROPERTIES, catalogue.EVENTS),
        "### Around the properties",
        "Every event has these fields:",
        markdown.fields(catalogue.FIELDS),
        "The header `User-Agent` of a request names this library and its version. The body of a request has these fields:",
        markdown.fields(catalogue.REQUEST),
        "### Spans",
        "A command's span has these attributes:",
        markdown.attributes(catalogue.ATTRIBUTES),
        "The span's resource has these attributes, in addition to those of `OTEL_RESOURCE_ATTRIBUTES`:",
        markdown.attributes(catalogue.RESOURCE),
        "The span's instrumentation scope has these attributes:",
        markdown.attributes(catalogue.SCOPE),
        "A span event that the program tracked has these attributes:",
        markdown.attributes(catalogue.SPAN_EVENT),
    )
    return "\n\n".join(parts) + "\n\n"
