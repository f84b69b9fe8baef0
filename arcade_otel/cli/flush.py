"""``usage flush``: runs a sender now, and shows how far it is."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from arcade_otel import consent, conventions
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK
from arcade_otel.cli.output import Output
from arcade_otel.handoff import exporter_config, queue, receipts, spawn
from arcade_otel.settings import Settings

__all__ = ["flush"]

_POLL_SECONDS = 0.05
#: Another sender's lock is looked at so often: a look takes it for a moment.
_PATIENCE_SECONDS = 0.25


def flush(settings: Settings, output: Output, timeout: int) -> int:
    """Send what waits in every lane, pauses or not, for at most ``timeout`` seconds; 1 if something still waits.

    Raises:
        OSError: The sender cannot be started.
    """
    decided = settings.decide()
    before = local_state.waiting_count(settings)
    problem = None
    if before and decided.mode != consent.ON:
        problem = f"nothing is sent: {decided.detail}"
    elif before:
        problem = _send(settings, before, timeout)
    left = local_state.waiting_count(settings)
    if left and problem is None:
        told = receipts.problems(settings.state_dir)
        behind = [lane for lane in queue.lanes(settings.state_dir) if queue.list_spans(queue.lane_dir(settings.state_dir, lane))]
        problem = "; ".join(f"{lane}: {told[lane].get('why')}" for lane in behind if lane in told) or "the time is over"
    output.result({"before": before, "waiting": left, "problem": problem if left else None})
    output.line(f"{before - left} of {before} waiting events have left." if before else "Nothing waits.")
    if left:
        output.line(f"{left} still wait: {problem}.")
    return EXIT_FAILURE if left else EXIT_OK


def _send(settings: Settings, before: int, timeout: int) -> str | None:
    """Run senders until nothing waits, none gets any further, or the time is over; return what kept them from running."""
    from arcade_otel.sender.backoff import Backoff

    command = settings.sender_command or spawn.sender_command()
    if command is None:
        return "this program has no interpreter to send with"
    until = time.monotonic() + timeout
    with _progress(before) as show:
        while (left := local_state.waiting_count(settings)) and time.monotonic() < until:
            lanes = queue.lanes(settings.state_dir)
            for lane in lanes:
                Backoff(settings.state_dir, lane).skip_delay()
            environ = spawn.sender_environment(settings.config_dir, None)
            names = [*exporter_config.exporter_names(os.environ), *(queue.lane_exporter(lane) for lane in lanes)]
            environ[conventions.ENV_TRACES_EXPORTER] = ",".join(dict.fromkeys(names))
            sender = subprocess.Popen(
                command,
                env=environ,
                cwd=settings.config_dir,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            while sender.poll() is None:
                now = local_state.waiting_count(settings)
                show(before - now)
                if not now or time.monotonic() > until:
                    sender.returncode = 0  # it ends by itself, within 10 s: without this, Popen warns when it is collected
                    break
                time.sleep(_POLL_SECONDS)
            busy = False
            while _busy(settings, lanes) and time.monotonic() < until:
                busy = True
                show(before - local_state.waiting_count(settings))
                time.sleep(_PATIENCE_SECONDS)
            if local_state.waiting_count(settings) >= left and not busy:
                break
    return None


def _busy(settings: Settings, lanes: list[str]) -> bool:
    """Tell whether another sender is at work."""
    from arcade_otel.sender.lane_lock import LaneLock

    for lane in lanes:
        lock = LaneLock.acquire(settings.state_dir, lane)
        if lock is None:
            return True
        lock.release()
    return False


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr if that is a terminal; rich's if it is installed."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:

        def show(done: int) -> None:
            sys.stderr.write(f"\r{done} of {total} sent")
            sys.stderr.flush()

        yield show
        sys.stderr.write("\n")
        return
    with Progress(console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("Sending", total=total)
        yield lambda done: bar.update(task, completed=done)
