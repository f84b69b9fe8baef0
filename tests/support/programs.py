"""Programs under test: files of ``tests/programs``, and small programs with and without this library, to compare the two."""

from pathlib import Path

__all__ = ["CLICK", "TYPER", "read_program", "with_us", "with_usage"]

_PROGRAMS = Path(__file__).parents[1] / "programs"


def read_program(name: str) -> str:
    """Return the source of ``tests/programs/{name}.py``. The test writes it to its computer."""
    return (_PROGRAMS / f"{name}.py").read_text(encoding="utf-8")


TYPER = read_program("typer_hello")

CLICK = read_program("click_hello")


def with_usage(source: str) -> str:
    """Return ``source`` with two more lines, which instrument it and mount the usage commands."""
    mount = (
        "app.add_typer(arcade_otel.usage_commands(app), name='usage')"
        if "typer" in source
        else "app.add_command(arcade_otel.usage_commands(app))"
    )
    return with_us(source).replace('version="1.2.3")\n', f'version="1.2.3")\n{mount}\n')


def with_us(source: str) -> str:
    """Return ``source`` with one more line, which instruments it."""
    return source.replace("# instrument\n", 'import arcade_otel\narcade_otel.instrument(app, name="tool", version="1.2.3")\n')
