"""The library broken on purpose. Each function is one fault, and the model must notice it."""

import errno
import itertools
import uuid
from importlib import import_module
from typing import Any

from arcade_otel.identity import read
from arcade_otel.identity.login import ResolvedIdentity
from arcade_otel.identity.principal import get_principal
from arcade_otel.identity.store import UsageIdentity
from arcade_otel.sender.export_result import ExportResult
from arcade_otel.settings import Settings
from arcade_otel_exporters.posthog_client import DeliveryInterruptedError

# Modules as what they are here: things to be broken.
accounts: Any = import_module("arcade_otel.identity.login")
before_exec: Any = import_module("arcade_otel.frameworks.before_exec")
end_early: Any = import_module("arcade_otel.frameworks.early_end")
handoff: Any = import_module("arcade_otel.handoff")
lanes: Any = import_module("arcade_otel.handoff.lanes")
locks: Any = import_module("arcade_otel.storage.locks")
place: Any = import_module("arcade_otel.identity.copied_directory")
queue: Any = import_module("arcade_otel.handoff.queue")
waiting: Any = import_module("arcade_otel.recording.waiting")
capture: Any = import_module("arcade_otel_exporters.posthog_client")
delivery: Any = import_module("arcade_otel.sender.delivery")
posthog: Any = import_module("arcade_otel_exporters.posthog_delivery")

__all__ = [
    "a_copy_keeps_its_id",
    "believes_every_clock",
    "cannot_lock_means_held",
    "deletes_before_acknowledged",
    "end_run_waits_for_the_exit",
    "ends_no_run_before_exec",
    "links_before_the_span_is_safe",
    "marks_the_alias_personless",
    "never_waits",
    "new_uuid_in_each_delivery",
    "no_alias_is_owed",
    "no_rotation_at_a_switch",
    "no_rotation_at_logout",
    "no_split_at_400",
    "one_lane_for_all_projects",
    "queues_nothing_before_the_exit",
    "sometimes_a_profile",
    "takes_a_full_disk_for_a_written_one",
    "takes_a_read_only_disk_for_a_written_one",
]


def no_rotation_at_a_switch() -> None:
    """(a) Rotate only at a logout."""

    def plan_login(settings: Settings, **_: Any) -> ResolvedIdentity:
        principal = get_principal(settings.config_dir, settings.principal)
        assert principal is not None
        anon_id, _linked = UsageIdentity(settings.config_dir).update(lambda identity: (identity[0], None))
        return ResolvedIdentity(distinct_id=principal, is_anon=False, previous_distinct_id=anon_id, anon_id=anon_id)

    accounts.plan_login = plan_login


def sometimes_a_profile() -> None:
    """(b) Leave the personless flag out of every second anonymous event."""
    event_of = posthog.event_of
    turns = itertools.count()

    def without(span: Any, **how: Any) -> Any:
        event = event_of(span, **how)
        if event is not None and (next(turns) + int(event["uuid"][0], 16)) % 2:
            event["properties"].pop("$process_person_profile", None)
        return event

    posthog.event_of = without


def marks_the_alias_personless() -> None:
    """(c) Put the flag on the alias."""
    alias_of = posthog.alias_of

    def marked(span: Any, **how: Any) -> Any:
        alias = alias_of(span, **how)
        if alias is not None:
            alias["properties"]["$process_person_profile"] = False
        return alias

    posthog.alias_of = marked


def new_uuid_in_each_delivery() -> None:
    """(d) Make each retry another event."""
    event_of = posthog.event_of

    def anew(span: Any, **how: Any) -> Any:
        event = event_of(span, **how)
        return event if event is None else event | {"uuid": str(uuid.uuid4())}

    posthog.event_of = anew


def no_split_at_400() -> None:
    """(e) Drop a whole batch if one of its events is refused."""

    def send(self: Any, api_key: str, host: str, events: Any) -> Any:
        answer = self._post(api_key, host, events)
        if answer.status not in (200, 400):
            raise DeliveryInterruptedError(answer)
        yield from (answer.status == 400 for _ in events)

    capture.Connection.send = send


def no_rotation_at_logout() -> None:
    """Only unlink the account at a logout."""

    def logout(settings: Settings) -> None:
        UsageIdentity(settings.config_dir).update(lambda identity: (identity[0], None))

    accounts.begin_logout = lambda settings: read(settings.config_dir)
    accounts.logout = logout


def no_alias_is_owed() -> None:
    """Link the account without sending the alias."""
    posthog.alias_of = lambda *_, **__: None


def deletes_before_acknowledged() -> None:
    """Delete a span from the queue before it is sent."""
    export = delivery.Lane._export

    def forgetful(self: Any, files: Any) -> Any:
        export(self, files)
        return ExportResult(sum(len(spans) for _, spans in files))

    delivery.Lane._export = forgetful


def links_before_the_span_is_safe() -> None:
    """Write the link first, and lose the pending alias that was only in memory."""
    plan_login = accounts.plan_login

    def eager(settings: Settings, **_: Any) -> ResolvedIdentity:
        plan: ResolvedIdentity = plan_login(settings)
        accounts.commit_login(settings, plan)
        plan.previous_distinct_id = None
        return plan

    accounts.plan_login = eager


def cannot_lock_means_held() -> None:
    """Take a file system without locks for one on which another process holds every lock."""
    try_lock = locks.try_lock

    def held(descriptor: int) -> bool:
        try:
            return bool(try_lock(descriptor))
        except OSError:
            return False

    locks.try_lock = held


def one_lane_for_all_projects() -> None:
    """Leave the key out of a lane's name."""
    lane_name = lanes.lane_name
    lanes.lane_name = queue.lane_name = lambda host, _: lane_name(host, "")


def a_copy_keeps_its_id() -> None:
    """Take no directory for a copy."""
    place.is_copy = lambda _: False


def queues_nothing_before_the_exit() -> None:
    """Let the sender write every span to the queue, also where it is killed when its command exits."""
    handoff.may_wait = lambda *_: False
    handoff.consent.is_ci = lambda *_: False


def never_waits() -> None:
    """Exit as soon as the span is in the queue."""
    waiting.wait_for_delivery = lambda *_: None


def end_run_waits_for_the_exit() -> None:
    """Hand nothing over at ``end_run()``."""
    end_early.end_runs = lambda: None


def ends_no_run_before_exec() -> None:
    """Let a command become another program without handing its event over."""
    before_exec.end_runs = lambda *_: None


def believes_every_clock() -> None:
    """Measure the age of a span by any time that its name or its file has."""

    def is_too_old(_: object, name: str, written: float, now: float) -> bool:
        return bool(min(queue.end_time(name), written) < now - queue.MAX_AGE_SECONDS)

    queue._is_too_old = is_too_old


def takes_a_read_only_disk_for_a_written_one() -> None:
    """Go on as if the span were in the queue."""
    _ignore(errno.EACCES)


def takes_a_full_disk_for_a_written_one() -> None:
    """Go on as if the span were in the queue."""
    _ignore(errno.EFBIG)


def _ignore(number: int) -> None:
    enqueue = queue.enqueue

    def ignorant(*arguments: Any, **how: Any) -> Any:
        try:
            return enqueue(*arguments, **how)
        except OSError as error:
            if error.errno != number:
                raise
            return []

    queue.enqueue = ignorant
