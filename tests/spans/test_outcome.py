"""The error that is told of a failure is the one that a maintainer needs."""

import pytest

from arcade_otel.spans.outcome import outcome_from_error
from arcade_otel.spans.redaction import error_message


class Exit(RuntimeError):  # noqa: N818 - Click's own name
    """As Click's and Typer's: no message, an exit code."""

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
