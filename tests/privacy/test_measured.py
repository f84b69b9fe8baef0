"""The statements of docs/privacy.md about exceptions and ordinary messages. ``make redaction`` measures the corpora."""

from tests.privacy.measure import ordinary, provoked


def test_no_real_exception_tells_what_was_typed_prompted_for_or_set() -> None:
    """The test runs a third of the 207 exceptions, because all of them take ten seconds. Five may reveal their value."""
    exceptions = list(provoked.provoke(every=3))
    assert len(exceptions) == 69
    assert [each for each in exceptions if each.told] == []


def test_at_most_25_of_200_ordinary_messages_change_and_none_loses_its_meaning() -> None:
    changes = ordinary.changes()
    assert ordinary.count() == 200
    assert len(changes) <= 25
    assert not [change for change in changes if change.meaningless]
