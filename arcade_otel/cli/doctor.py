"""``usage doctor``: measures what the collection costs on this machine, and checks every step of the way to the server."""

import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from arcade_otel import consent, conventions
from arcade_otel import identity as identity_file
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK
from arcade_otel.cli.output import Output
from arcade_otel.handoff import spawn
from arcade_otel.settings import Settings

__all__ = ["doctor"]

_RUNS = 7
_SECONDS = 30.0
_ROUND_TRIP_SECONDS = 8.0

#: A command that does nothing, timed in its own process; its sender does nothing either, so that nothing is sent.
_MEASURED = """
import time
began = time.perf_counter()
import sys
import arcade_otel
sender = [sys.executable, "-c", ""]
with arcade_otel.command("measured", name="doctor", config_dir=sys.argv[1], posthog_api_key="none", sender_command=sender):
    pass
print((time.perf_counter() - began) * 1000)
"""

Check = dict[str, Any]


def doctor(settings: Settings, output: Output) -> int:
    """Check; 0 if nothing is wrong, 1 if something is. Sends at most one event, nobody's, and none while tracking is off."""
    decided = settings.decide()
    checks = [
        _check("consent", ok=True, detail=f"{decided.mode}: {decided.detail}"),
        _config_dir(settings),
        _identity(settings),
        _cost(settings),
        _sender(settings),
        *_exporters(settings),
        *_way(settings, decided),
        *_lanes(settings),
    ]
    well = all(check["ok"] is not False for check in checks)
    output.result({"well": well, "checks": checks})
    words = {True: "ok", False: "WRONG", None: "not checked"}
    output.table(("Check", "", "Detail"), [(check["name"], words[check["ok"]], check["detail"]) for check in checks])
    return EXIT_OK if well else EXIT_FAILURE


def _check(name: str, *, ok: bool | None, detail: str, **more: object) -> Check:
    return {"name": name, "ok": ok, "detail": detail, **more}


def _config_dir(settings: Settings) -> Check:
    config_dir = settings.config_dir
    if not config_dir:
        return _check("config directory", ok=False, detail="there is none: HOME is not set, and nothing is recorded")
    around = config_dir
    while not os.path.exists(around) and os.path.dirname(around) != around:
        around = os.path.dirname(around)
    if not os.path.isdir(around) or not os.access(around, os.W_OK | os.X_OK):
        return _check("config directory", ok=False, detail=f"{around} cannot be written")
    return _check("config directory", ok=True, detail=config_dir)


def _identity(settings: Settings) -> Check:
    if not settings.config_dir or not os.path.lexists(settings.usage_file):
        return _check("identity", ok=True, detail="none yet; the first command that is recorded makes one")
    if identity_file.read(settings.config_dir) is None:
        return _check("identity", ok=False, detail=f"{settings.usage_file} cannot be read or is corrupt")
    return _check("identity", ok=True, detail=settings.usage_file)


def _cost(settings: Settings) -> Check:
    """Measure the whole of what we do in a command, its imports included: the median of seven, after one to warm up."""
    if spawn.sender_command() is None:
        return _check("cost", ok=None, detail="this program has no interpreter to measure with")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("ARCADE_", "OTEL_"))}
    environ.pop(consent.ENV_DO_NOT_TRACK, None)
    environ |= {consent.ENV_TRACKING: "on", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    took = []
    with tempfile.TemporaryDirectory(prefix="arcade-otel-") as config_dir:
        os.mkdir(os.path.join(config_dir, "usage"))
        with open(os.path.join(config_dir, "usage", "notice"), "w", encoding="ascii"):
            pass  # seen
        for _ in range(_RUNS + 1):
            try:
                ended = subprocess.run(
                    [sys.executable, "-c", _MEASURED, config_dir],
                    env=environ,
                    cwd=config_dir,
                    capture_output=True,
                    text=True,
                    timeout=_SECONDS,
                    check=True,
                )
                took.append(float(ended.stdout))
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                return _check("cost", ok=False, detail=f"{settings.name} cannot be measured ({type(error).__name__})")
    median = statistics.median(took[1:])
    return _check("cost", ok=True, detail=f"{median:.1f} ms are added to a command", milliseconds=round(median, 3))


def _sender(settings: Settings) -> Check:
    command = settings.sender_command or spawn.sender_command()
    if command is None:
        return _check(
            "sender", ok=False, detail="this program has no interpreter: name one by instrument(..., sender_command=[...])"
        )
    with tempfile.TemporaryDirectory(prefix="arcade-otel-") as config_dir:  # where nothing waits: it leaves at once
        try:
            ended = subprocess.run(
                command,
                env=spawn.sender_environment(config_dir, None),
                cwd=config_dir,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return _check("sender", ok=False, detail=f"{command[0]} cannot be started ({type(error).__name__})")
    if ended.returncode:
        return _check("sender", ok=False, detail=f"{command[0]} ended with {ended.returncode}")
    return _check("sender", ok=True, detail=command[0])


def _exporters(settings: Settings) -> list[Check]:
    return [
        _check(
            f"exporter {each['name']}",
            ok=each["installed"],
            detail="can be had" if each["installed"] else "is unknown or not installed: what is recorded for it waits",
        )
        for each in local_state.exporters(settings)
    ]


def _way(settings: Settings, decided: consent.Decision) -> list[Check]:
    """Check proxy, certificate, address and project by one event to PostHog, on the very way that the sender takes."""
    if decided.mode != consent.ON:
        return [_check("round trip", ok=None, detail=f"nothing is sent: {decided.detail}")]
    if not settings.posthog_api_key:
        return [_check("round trip", ok=None, detail="there is no project key, so that nothing is sent to PostHog")]
    host = settings.posthog_host
    reason = _round_trip(settings.posthog_api_key, host)
    proxy = _proxy(host)
    faulty = reason is not None
    checks = [
        _check(
            "proxy",
            ok=not (faulty and "Proxy" in str(reason)),
            detail=f"{proxy} stands before {host}" if proxy else f"none before {host}",
        )
    ]
    if host.startswith("https:"):
        certificate = "SSL" not in str(reason)
        about = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or "the certificates that come along"
        checks.append(
            _check(
                "certificate",
                ok=(None if faulty else True) if certificate else False,
                detail=f"checked against {about}" if certificate else f"is not trusted by {about}; set REQUESTS_CA_BUNDLE",
            )
        )
    detail = f"{host} took one event, {conventions.EVENT_DOCTOR!r}, which is nobody's" if reason is None else f"{host}: {reason}"
    return [*checks, _check("round trip", ok=not faulty, detail=detail)]


def _round_trip(api_key: str, host: str) -> str | None:
    """Send one event that is nobody's; return why it was not taken, or None."""
    import time

    from arcade_otel_exporters.posthog import clean_environment
    from arcade_otel_exporters.posthog_client import Connection, DeliveryInterruptedError

    event = {
        "event": conventions.EVENT_DOCTOR,
        "distinct_id": str(uuid.uuid4()),
        "uuid": str(uuid.uuid4()),
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="microseconds"),
        "properties": {
            "$process_person_profile": False,
            "$geoip_disable": True,
            "$ip": None,
            "$lib": conventions.LIB,
            "$lib_version": conventions.__version__,
        },
    }
    before = dict(os.environ)
    clean_environment(os.environ)
    connection = Connection(_ROUND_TRIP_SECONDS, time.monotonic() + 2 * _ROUND_TRIP_SECONDS)
    try:
        refused = list(connection.send(api_key, host, [event]))
    except DeliveryInterruptedError as error:
        return error.answer.reason
    finally:
        connection.close()
        os.environ.clear()
        os.environ.update(before)
    return "the event was refused for good" if any(refused) else None


def _proxy(host: str) -> str | None:
    """Return the proxy before ``host``, without its password, or None."""
    address = urlsplit(host)
    name = address.hostname or ""
    proxies = getproxies()
    found = proxies.get(address.scheme) or proxies.get("all")
    if not found or proxy_bypass(name):
        return None
    parts = urlsplit(found if "://" in found else f"http://{found}")
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def _lanes(settings: Settings) -> list[Check]:
    return [
        _check(
            f"lane {lane['lane']}",
            ok=lane["waiting"] == 0 or lane["failures_in_a_row"] == 0,
            detail=f"{lane['waiting']} wait; {(lane['last_problem'] or {}).get('why') or 'nothing has failed'}",
        )
        for lane in (local_state.lanes(settings) if settings.config_dir else [])
    ]
