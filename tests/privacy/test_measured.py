"""What docs/privacy.md states of exceptions and of ordinary messages; the corpora are measured by ``make redaction``."""

from tests.privacy.measure import ordinary, provoked


def test_no_real_exception_tells_what_was_typed_prompted_for_or_set() -> None:
    """A third of the 207, of which five may: all of them take ten seconds."""
    exceptions = list(provoked.provoke(every=3))
    assert len(exceptions) == 69
    assert [each for each in exceptions if each.told] == []


def test_at_most_25_of_200_ordinary_messages_change_and_none_loses_its_meaning() -> None:
    changes = ordinary.changes()
    assert ordinary.count() == 200
    assert len(changes) <= 25
    assert not [change for change in changes if change.meaningless]
