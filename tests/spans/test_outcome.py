"""The library records the error that a maintainer needs."""

import argparse

import pytest

from arcade_otel.spans.outcome import outcome_from_error
from arcade_otel.spans.redaction import error_message


class Exit(RuntimeError):  # noqa: N818 - Click's own name
    """An exception like those of Click and Typer, with an exit code and no message."""

    def __init__(self, code: int) -> None:
        self.exit_code = code


def _raised(leave: BaseException, *, suppressed: bool = False) -> BaseException:
    try:
        try:
            raise LookupError("no such toolkit")  # noqa: TRY301
        except LookupError:
            if suppressed:
                raise leave from None
            raise leave  # noqa: B904 - the idiom in question
    except BaseException as error:  # noqa: BLE001
        return error


@pytest.mark.parametrize("leave", [Exit(3), SystemExit(3)])
def test_a_bare_exit_tells_the_failure_that_it_was_raised_for(leave: BaseException) -> None:
    outcome = outcome_from_error(_raised(leave))
    assert (outcome.exit_code, outcome.error_type) == (3, "LookupError")
    assert outcome.error is not None
    assert error_message(outcome.error, "redacted") == "no such toolkit"


def test_an_exit_whose_context_is_suppressed_tells_nothing_of_it() -> None:
    outcome = outcome_from_error(_raised(Exit(3), suppressed=True))
    assert outcome.error_type == "Exit"


def test_an_exit_with_text_tells_its_own_text() -> None:
    outcome = outcome_from_error(_raised(SystemExit("the tree is not clean")))
    assert (outcome.exit_code, outcome.error_type) == (1, "SystemExit")


@pytest.mark.parametrize("code", [1, True, -1])
def test_an_exit_that_says_only_its_code_has_no_message(code: int) -> None:
    assert error_message(SystemExit(code), "redacted") is None


@pytest.mark.parametrize("leave", [Exit(3), SystemExit(3)])
def test_an_exit_inside_somebody_elses_handler_is_not_told_as_that_failure(leave: BaseException) -> None:
    def command() -> BaseException:
        try:
            raise leave  # noqa: TRY301
        except BaseException as error:  # noqa: BLE001
            return error

    try:
        raise ImportError("no rich here")  # noqa: TRY301
    except ImportError:
        error = command()
    assert outcome_from_error(error).error_type == type(leave).__name__


def test_a_helper_that_exits_tells_the_failure_that_its_caller_caught() -> None:
    def fail() -> None:
        raise Exit(3)

    def command() -> None:
        try:
            raise LookupError("no such toolkit")  # noqa: TRY301
        except LookupError:
            fail()

    with pytest.raises(Exit) as caught:
        command()
    assert outcome_from_error(caught.value).error_type == "LookupError"


def test_a_refused_command_line_of_argparse_tells_the_argument_error(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int)
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(["--count", "many"])
    outcome = outcome_from_error(caught.value)
    assert (outcome.exit_code, outcome.error_type) == (2, "ArgumentError")
    assert "invalid int value" in capsys.readouterr().err


class _Outer:
    class InnerError(LookupError):
        pass


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(), "ValueError"),
        (_Outer.InnerError(), "_Outer.InnerError"),
        (type("QuokkaError", (_Outer.InnerError,), {})(), "_Outer.InnerError"),
        (type("ValueError", (KeyError,), {"__module__": "builtins"})(), "KeyError"),
        (type("JaneError", (OSError,), {"__module__": "no.such.module"})(), "OSError"),
    ],
)
def test_a_class_made_at_run_time_is_told_by_its_nearest_base_in_a_module(error: BaseException, told: str) -> None:
    assert outcome_from_error(error).error_type == told
