"""What docs/privacy.md states of exceptions and of ordinary messages; the corpora are measured by ``make redaction``."""

from tests.privacy.measure import ordinary, provoked


def test_at_most_five_of_207_real_exceptions_tell_what_was_typed_prompted_for_or_set() -> None:
    exceptions = list(provoked.provoke())
    assert len(exceptions) == 207
    assert len([each for each in exceptions if each.told]) <= 5


def test_at_most_25_of_200_ordinary_messages_change_and_none_loses_its_meaning() -> None:
    changes = ordinary.changes()
    assert ordinary.count() == 200
    assert len(changes) <= 25
    assert not [change for change in changes if change.meaningless]
