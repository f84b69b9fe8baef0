"""A model of PostHog that reads all events, and then computes to which person each event belongs.

The model follows ``person-merge-service.ts``, ``process-personless-step.ts`` and ``person-uuid.ts`` of PostHog's ingestion
service (https://github.com/PostHog/posthog, ``nodejs/src``). The model does not cover PostHog's squash job for person overrides,
merge limits, races between merges, group types, or the loss of events in Kafka. The model has not been compared with the real
service.
"""

import random
import uuid
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from arcade_otel.testing.capture_validation import Event

__all__ = ["PartitionOrder", "Person", "Persons", "ShuffledPartitions", "ordered"]

_NAMESPACE = uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
_TEAM = 1
_MERGES = ("$create_alias", "$merge_dangerously")
_NEVER_PERSONLESS = (*_MERGES, "$identify", "$groupidentify")
_ILLEGAL_ANY_CASE = frozenset(
    ("anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email", "undefined", "true", "false")
)
_ILLEGAL = frozenset(("[object Object]", "NaN", "None", "none", "null", "0", "undefined"))


class PartitionOrder:
    """A random order in which PostHog may read the events of several partitions.

    Events with the same project and distinct ID stay in the order in which they arrived.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __repr__(self) -> str:
        return f"PartitionOrder({self.seed})"


class ShuffledPartitions(PartitionOrder):
    """A random order of all events. Unlike in PostHog, even events with the same distinct ID can be reordered."""

    def __repr__(self) -> str:
        return f"ShuffledPartitions({self.seed})"


def ordered(events: Sequence[Event], order: "str | PartitionOrder") -> list[Event]:
    """Return the events in ``order``, which is ``"sent"``, a ``PartitionOrder`` or a ``ShuffledPartitions``."""
    if isinstance(order, str):
        if order != "sent":
            raise ValueError(f"order must be 'sent', PartitionOrder or ShuffledPartitions, not {order!r}")
        return list(events)
    chance = random.Random(order.seed)  # noqa: S311 - an order, not a secret
    if isinstance(order, ShuffledPartitions):
        return chance.sample(list(events), len(events))
    lanes: dict[tuple[str, str], deque[Event]] = {}
    for event in events:
        lanes.setdefault((event.token, event.distinct_id), deque()).append(event)
    mixed = []
    while lanes:
        key = chance.choice(sorted(lanes))
        mixed.append(lanes[key].popleft())
        if not lanes[key]:
            del lanes[key]
    return mixed


class Person:
    """A person in PostHog, with a UUID, distinct IDs, and a flag that says whether the person is identified."""

    def __init__(self, identity: str, created_at: datetime) -> None:
        self.uuid = identity
        self.created_at = created_at
        self.is_identified = False
        self.distinct_ids: set[str] = set()
        self.props: dict[str, Any] = {}


class Persons:
    """The persons of one project, after PostHog has read ``events`` in the given order."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.warnings: list[str] = []
        self.person_at_ingest: dict[str, str] = {}
        self._of: dict[str, Person] = {}
        self._personless: dict[str, bool] = {}
        self._dropped: set[str] = set()
        for event in events:
            self._ingest(event)

    @property
    def persons(self) -> list[Person]:
        """All persons, in the order in which PostHog created them."""
        return sorted({id(person): person for person in self._of.values()}.values(), key=lambda person: person.created_at)

    def owner_of(self, distinct_id: str) -> str:
        """Return the ID of the person to whom ``distinct_id`` belongs after all events have been read.

        If ``distinct_id`` belongs to no person, return the person ID that PostHog derives from ``distinct_id``.
        """
        person = self._of.get(distinct_id)
        return person.uuid if person else _fake(distinct_id)

    def owner(self, event: Event) -> str:
        """Return the ID of the person to whom ``event`` belongs after all events have been read.

        If an alias joined two distinct IDs, the earlier events of both IDs belong to one person.
        """
        return self.owner_of(event.distinct_id)

    def _ingest(self, event: Event) -> None:
        properties = event.properties
        profile = properties.get("$process_person_profile", True)
        if not isinstance(profile, bool):
            self.warnings.append("invalid_process_person_profile")
            profile = True
        if not profile:
            if event.event in _NEVER_PERSONLESS:
                self.warnings.append("invalid_event_when_process_person_profile_is_false")
                return
            if event.distinct_id not in self._of:
                self._personless.setdefault(event.distinct_id, False)
        else:
            attempted = self._merges(event)
            if event.distinct_id not in self._of:
                self._create(event.distinct_id, event.time).is_identified = attempted
        self.person_at_ingest[event.uuid] = self.owner(event)

    def _merges(self, event: Event) -> bool:
        other = None
        if event.event in _MERGES:
            other = event.properties.get("alias")
        elif event.event == "$identify":
            other = event.properties.get("$anon_distinct_id")
        if not other:
            return False
        return self._merge(str(other), event.distinct_id, event)

    def _merge(self, other: str, into: str, event: Event) -> bool:
        if other == into:
            return False
        if _is_illegal(other) or _is_illegal(into):
            self.warnings.append("cannot_merge_with_illegal_distinct_id")
            return False
        theirs, ours = self._of.get(other), self._of.get(into)
        if theirs is None and ours is None:
            first, second = into, other
            if first not in self._personless and second in self._personless:
                first, second = second, first
            person = self._create(first, event.time)
            self._add(person, second)
            self._personless[first] = True
            person.is_identified = True
        elif theirs is None or ours is None:
            known = theirs or ours
            assert known is not None  # noqa: S101 - for the type checker
            self._add(known, into if ours is None else other)
            known.is_identified = True
        elif theirs is ours:
            ours.is_identified = True
        elif theirs.is_identified and event.event != "$merge_dangerously":
            self.warnings.append("cannot_merge_already_identified")
            ours.is_identified = True
        else:
            for distinct_id in theirs.distinct_ids:
                self._of[distinct_id] = ours
            ours.distinct_ids |= theirs.distinct_ids
            ours.props = {**theirs.props, **ours.props}
            ours.created_at = min(ours.created_at, theirs.created_at)
            ours.is_identified = True
        return True

    def _create(self, distinct_id: str, at: datetime) -> Person:
        person = Person(_fake(distinct_id), at + timedelta(microseconds=len(self._of)))
        self._add(person, distinct_id)
        return person

    def _add(self, person: Person, distinct_id: str) -> None:
        person.distinct_ids.add(distinct_id)
        self._of[distinct_id] = person
        if distinct_id in self._personless:
            self._personless[distinct_id] = True  # its earlier events follow


def _fake(distinct_id: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{_TEAM}:{distinct_id}"))


def _is_illegal(distinct_id: str) -> bool:
    bare = distinct_id.strip()
    for quote in ("'", '"'):
        if len(bare) > 1 and bare.startswith(quote) and bare.endswith(quote):
            bare = bare[1:-1]
    return not bare or bare.lower() in _ILLEGAL_ANY_CASE or bare in _ILLEGAL
