"""Wait at the end of a command until its event is acknowledged, because a container or CI job may end with the command."""

import math
import os
import time
from collections.abc import Iterable

from arcade_otel import consent, conventions
from arcade_otel.diagnostics import debug
from arcade_otel.option_checks import MAX_WAIT_SECONDS
from arcade_otel.sender.backoff import Backoff
from arcade_otel.settings import Settings

__all__ = ["seconds_to_wait", "wait_for_delivery"]

_POLL_SECONDS = 0.02


def wait_for_delivery(settings: Settings, paths: Iterable[str]) -> None:
    """Wait until the files ``paths`` have left the queue, for at most the time that :func:`seconds_to_wait` returns.

    A file leaves the queue when the backend has acknowledged its span or refused it for good. The wait for a file ends early if
    its lane is in back-off, or if a delivery of that lane fails. If the user presses Ctrl-C, the function stops waiting, and the
    command ends as usual.
    """
    seconds = seconds_to_wait(settings)
    deadline = time.monotonic() + seconds
    waiting = {path: backoff for path in paths if not (backoff := _backoff(path)).is_active()}
    failures = {path: backoff.read()[1] for path, backoff in waiting.items()}
    try:
        while waiting and (left := deadline - time.monotonic()) > 0:
            for path, backoff in list(waiting.items()):
                if not os.path.exists(path) or backoff.read()[1] > failures[path]:
                    del waiting[path]
            if waiting:
                time.sleep(min(_POLL_SECONDS, left))
    except KeyboardInterrupt:
        debug("Ctrl-C ended the wait for the delivery")
    if waiting:
        debug(f"the event is still queued after {seconds:g} s")


def seconds_to_wait(settings: Settings) -> float:
    """Return how many seconds a command may wait for its delivery, from 0 to 10.

    The variable ``ARCADE_USAGE_WAIT_SECONDS`` takes precedence over the program's settings.
    """
    said = os.environ.get(conventions.ENV_WAIT, "").strip()
    if said:
        try:
            seconds = float(said)
        except ValueError:
            seconds = math.nan
        if seconds >= 0:
            return min(seconds, MAX_WAIT_SECONDS)
        debug(f"{conventions.ENV_WAIT} is no number of seconds and is ignored")
    if settings.wait_seconds_in_ci is not None and consent.is_ci():
        return settings.wait_seconds_in_ci
    return settings.wait_seconds or 0.0


def _backoff(path: str) -> Backoff:
    lane_dir = os.path.dirname(path)
    return Backoff(os.path.dirname(os.path.dirname(lane_dir)), os.path.basename(lane_dir))
