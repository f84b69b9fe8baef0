"""Any single refusal in the environment wins. Each variable is read as its own specification demands."""

import pytest

from arcade_otel.consent import LOG, OFF, ON, tracking_mode


@pytest.mark.parametrize(
    ("environ", "mode"),
    [
        ({}, ON),
        ({"ARCADE_USAGE_TRACKING": ""}, ON),
        ({"ARCADE_USAGE_TRACKING": "1"}, ON),
        *(({"ARCADE_USAGE_TRACKING": word}, OFF) for word in ("0", "false", "no", "off", "FALSE", "Off", " 0 ")),
        ({"ARCADE_USAGE_TRACKING": "log"}, LOG),
        ({"ARCADE_USAGE_TRACKING": "LOG"}, LOG),
        ({"DO_NOT_TRACK": "1"}, OFF),
        ({"DO_NOT_TRACK": "true"}, OFF),
        ({"DO_NOT_TRACK": "yes"}, OFF),
        ({"DO_NOT_TRACK": "0"}, ON),
        ({"DO_NOT_TRACK": "false"}, ON),
        ({"DO_NOT_TRACK": ""}, ON),
        ({"OTEL_SDK_DISABLED": "true"}, OFF),
        ({"OTEL_SDK_DISABLED": " TRUE "}, OFF),
        ({"OTEL_SDK_DISABLED": "1"}, ON),
        ({"OTEL_SDK_DISABLED": "yes"}, ON),
        ({"ARCADE_USAGE_TRACKING": "1", "DO_NOT_TRACK": "1"}, OFF),
        ({"ARCADE_USAGE_TRACKING": "log", "DO_NOT_TRACK": "1"}, OFF),
        ({"ARCADE_USAGE_TRACKING": "log", "OTEL_SDK_DISABLED": "true"}, OFF),
    ],
)
def test_the_table_of_consent(environ: dict[str, str], mode: str) -> None:
    """For OTEL_SDK_DISABLED, only ``true`` is off. For DO_NOT_TRACK, anything but empty, 0 and false is off."""
    assert tracking_mode(environ) == mode
