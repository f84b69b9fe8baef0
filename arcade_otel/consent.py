"""Whether this run may be recorded, as the environment says."""

import os
from collections.abc import Mapping

__all__ = ["ENV_DO_NOT_TRACK", "ENV_SDK_DISABLED", "ENV_TRACKING", "ENV_WORK_DIR", "LOG", "OFF", "ON", "tracking_mode"]

ENV_TRACKING = "ARCADE_USAGE_TRACKING"
ENV_DO_NOT_TRACK = "DO_NOT_TRACK"
ENV_SDK_DISABLED = "OTEL_SDK_DISABLED"
#: The config folder, where what waits to be sent lies.
ENV_WORK_DIR = "ARCADE_WORK_DIR"

ON = "on"
OFF = "off"
LOG = "log"

_NO = frozenset({"0", "false", "no", "off"})


def tracking_mode(environ: Mapping[str, str] | None = None) -> str:
    """Tell ``ON``, ``OFF`` or ``LOG`` (print the payload on stderr, send nothing).

    Any one refusal wins: ``DO_NOT_TRACK`` set to anything but "", ``0`` or ``false`` (consoledonottrack.com),
    ``OTEL_SDK_DISABLED`` set to ``true`` in any case and nothing else (OpenTelemetry specification), or
    ``ARCADE_USAGE_TRACKING`` set to ``0``, ``false``, ``no`` or ``off`` in any case.
    """
    environ = os.environ if environ is None else environ
    if environ.get(ENV_DO_NOT_TRACK, "").strip().lower() not in ("", "0", "false"):
        return OFF
    if environ.get(ENV_SDK_DISABLED, "").strip().lower() == "true":
        return OFF
    wish = environ.get(ENV_TRACKING, "").strip().lower()
    if wish in _NO:
        return OFF
    return LOG if wish == "log" else ON
