"""The stand-in's person model gives the answers that follow from PostHog's rules for merging persons."""

import itertools
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from arcade_otel.testing import Event, PartitionOrder, Persons, ShuffledPartitions
from arcade_otel.testing.persons import ordered

_START = datetime(2026, 1, 1, tzinfo=timezone.utc)
_numbers = itertools.count()


def event(name: str, distinct_id: str, /, **properties: object) -> Event:
    """Make an event whose time is a minute after the previous event."""
    number = next(_numbers)
    moment = _START + timedelta(minutes=number)
    return Event(
        event=name,
        distinct_id=distinct_id,
        uuid=str(uuid.uuid4()),
        timestamp=moment.isoformat(),
        sent_at=moment.isoformat(),
        properties=properties,
        token="phc_x",
        time=moment,
        request=number,
    )


def personless(distinct_id: str) -> Event:
    """Make an anonymous event that creates no person profile."""
    return event("used", distinct_id, **{"$process_person_profile": False})


def profiled(distinct_id: str) -> Event:
    """Make an event that creates a person profile."""
    return event("used", distinct_id)


def alias(previous: str, principal: str) -> Event:
    """Make the event of the documented call ``alias(previous_id=previous, distinct_id=principal)``."""
    return event("$create_alias", previous, distinct_id=previous, alias=principal)


def test_an_alias_takes_earlier_personless_events_along() -> None:
    """The person's own events come before or after the alias."""
    before, after = personless("anon"), profiled("A")
    for history in ([before, alias("anon", "A"), after], [after, before, alias("anon", "A")]):
        persons = Persons(history)
        assert persons.owner(before) == persons.owner(after) == persons.owner_of("A")
        assert len(persons.persons) == 1
        assert persons.persons[0].is_identified


def test_a_second_login_on_a_rotated_personless_id_is_linked() -> None:
    """The alias has the documented direction, and the anonymous events have no profile."""
    second = personless("anon2")
    persons = Persons([alias("anon1", "A"), profiled("A"), second, alias("anon2", "A")])
    assert persons.owner(second) == persons.owner_of("A")
    assert persons.warnings == []


def test_a_second_login_on_a_profiled_id_is_refused() -> None:
    """One anonymous event without the flag can separate the history from the person."""
    second = profiled("anon2")
    persons = Persons([alias("anon1", "A"), profiled("A"), second, alias("anon2", "A")])
    assert persons.warnings == ["cannot_merge_already_identified"]
    assert persons.owner(second) != persons.owner_of("A")


def test_the_swapped_direction_is_accepted_there() -> None:
    """The event is ``$identify`` with ``$anon_distinct_id``."""
    second = profiled("anon2")
    identify = event("$identify", "A", **{"$anon_distinct_id": "anon2"})
    persons = Persons([alias("anon1", "A"), profiled("A"), second, identify])
    assert persons.owner(second) == persons.owner_of("A")


def test_one_anonymous_id_for_two_people_merges_them_for_good() -> None:
    """Therefore the anonymous ID changes when the user switches accounts."""
    persons = Persons([personless("anon"), alias("anon", "A"), profiled("A"), alias("anon", "B")])
    assert persons.owner_of("A") == persons.owner_of("B")
    persons = Persons([alias("anon", "A"), profiled("B"), alias("anon", "B")])
    assert persons.owner_of("A") == persons.owner_of("B")


def test_an_alias_that_is_marked_personless_is_dropped() -> None:
    """PostHog answers 200 and records a warning."""
    marked = event("$create_alias", "anon", distinct_id="anon", alias="A", **{"$process_person_profile": False})
    persons = Persons([personless("anon"), marked])
    assert persons.warnings == ["invalid_event_when_process_person_profile_is_false"]
    assert persons.owner_of("anon") != persons.owner_of("A")


@pytest.mark.parametrize("flag", ["false", 0, None])
def test_only_a_boolean_false_makes_an_event_personless(flag: object) -> None:
    """Any other value means true, and causes a warning."""
    persons = Persons([event("used", "anon", **{"$process_person_profile": flag})])
    assert persons.warnings == ["invalid_process_person_profile"]
    assert len(persons.persons) == 1


@pytest.mark.parametrize("illegal", ["anonymous", "Guest", " ", "undefined", "None", "0", "'guest'", "[object Object]", "EMAIL"])
def test_illegal_ids_are_never_merged(illegal: str) -> None:
    """The illegal ID is on either side of the alias."""
    for pair in ((illegal, "A"), ("anon", illegal)):
        persons = Persons([alias(*pair)])
        assert persons.warnings == ["cannot_merge_with_illegal_distinct_id"]
        assert persons.owner_of(pair[0]) != persons.owner_of(pair[1])


def test_an_id_aliased_to_itself_is_nothing() -> None:
    """The alias identifies no person."""
    assert not Persons([alias("A", "A")]).persons[0].is_identified


def test_the_orders_of_partitions() -> None:
    """PartitionOrder keeps the order of each ID's events, and shuffles does not.

    A seed repeats an order, and an unknown order is an error.
    """
    events = [personless(name) for name in "aabbccaabbcc"]
    for seed in range(20):
        mixed = ordered(events, PartitionOrder(seed))
        assert sorted(mixed, key=id) == sorted(events, key=id)
        for name in "abc":
            assert [item for item in mixed if item.distinct_id == name] == [item for item in events if item.distinct_id == name]
        assert mixed == ordered(events, PartitionOrder(seed))
    assert any(ordered(events, PartitionOrder(seed)) != events for seed in range(5))
    assert any(ordered(events, ShuffledPartitions(seed)) != ordered(events, PartitionOrder(seed)) for seed in range(5))
    assert ordered(events, "sent") == events
    with pytest.raises(ValueError, match="order"):
        ordered(events, "sorted")


def test_personless_events_make_the_order_of_alias_and_use_indifferent() -> None:
    """A hundred orders of partitions all have the same result."""
    history = [personless("anon"), personless("anon"), alias("anon", "A"), profiled("A"), personless("other"), profiled("B")]
    for seed in range(100):
        persons = Persons(ordered(history, PartitionOrder(seed)))
        assert persons.owner_of("anon") == persons.owner_of("A")
        assert len({persons.owner_of(name) for name in ("A", "B", "other")}) == 3
