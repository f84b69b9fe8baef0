"""Names of lanes.

A lane is the part of the queue for one exporter and one destination. For PostHog, a destination is a host and a project.
"""

import binascii
from collections.abc import Mapping

from arcade_otel.handoff.exporter_config import exporter_names

__all__ = ["POSTHOG", "is_old_name", "lane_exporter", "lane_name", "lanes_for"]

POSTHOG = "posthog"
_MAX_HOST_LENGTH = 60
# Windows opens a device for each of these names, in any case and with any extension. Source: Microsoft, "Naming Files, Paths,
# and Namespaces".
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10))})


def lanes_for(environ: Mapping[str, str], *, api_key: str | None, host: str | None = None, usage_only: bool = False) -> list[str]:
    """Return the names of the lanes for a span: one lane for each exporter that the environment selects.

    The name of a PostHog lane contains the PostHog host and a checksum of the project key. Because the lanes are separate, a host
    that does not answer, or a project with a wrong key, does not delay the other lanes. If ``api_key`` is None, the result
    contains no PostHog lane, because PostHog does not accept a span without a key.

    Args:
        environ: The environment variables. ``OTEL_TRACES_EXPORTER`` names the exporters.
        api_key: PostHog project key, or None.
        host: PostHog host, ``https://…``.
        usage_only: True if only PostHog gets the span, because the span's trace is exported separately or was not sampled.
    """
    names = [name for name in exporter_names(environ) if name.partition(".")[0].lower() not in _DEVICES and name[-1] != "."]
    if usage_only:
        names = [name for name in names if name == POSTHOG]
    if POSTHOG in names:
        place = names.index(POSTHOG)
        names[place : place + 1] = [lane_name(host, api_key)] if api_key else []
    return names


def lane_name(host: str | None, api_key: str) -> str:
    """Return the name of PostHog's lane for a host and a project, such as ``posthog@eu.i.posthog.com~1a2b3c4d``.

    The name ends with a checksum of the key (CRC-32, eight hexadecimal digits), which distinguishes projects without revealing
    the key. The name contains only characters that are allowed in file names on Linux, macOS and Windows.
    """
    place = (host or "").partition("://")[2][:_MAX_HOST_LENGTH].lower()
    place = "".join(letter if (letter.isascii() and letter.isalnum()) or letter in "-." else "_" for letter in place)
    return f"{POSTHOG}@{place}~{binascii.crc32(api_key.encode('utf-8', 'replace')):08x}"


def lane_exporter(lane: str) -> str:
    """Return the name of a lane's exporter, which is the part of the lane's name before the character ``@``."""
    return lane.partition("@")[0]


def is_old_name(lane: str) -> bool:
    """Return whether a lane's name has the form that version 0.1.0 used.

    In version 0.1.0, all projects of a PostHog host shared one lane (``posthog@host``, or ``posthog`` without a host).
    """
    return lane_exporter(lane) == POSTHOG and "~" not in lane
