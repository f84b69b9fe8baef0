"""The attributes of the machine and of the program's build identify no person."""

import pytest

from arcade_otel import conventions, spans
from arcade_otel.settings import make_settings
from arcade_otel.spans import surroundings


@pytest.mark.parametrize(
    ("release", "told"),
    [
        ("6.11.0-jane-thinkpad", "6.11.0"),
        ("6.11.0-19-generic", "6.11.0-19-generic"),
        ("5.15.153.1-microsoft-standard-WSL2", "5.15.153.1-microsoft-standard-WSL2"),
        ("4.18.0-553.el8.x86_64", "4.18.0"),
        ("23.4.0", "23.4.0"),
        ("11", "11"),
        ("3.5.4(0.1/5/3)", "3.5.4"),
        ("jane", ""),
    ],
)
def test_a_kernels_release_is_told_by_its_numbers_and_a_flavour_that_many_have(release: str, told: str) -> None:
    assert surroundings._public_release(release) == told


def test_the_local_part_of_a_programs_version_is_not_told() -> None:
    settings = make_settings(name="tool", version="1.2.3+jane.laptop")
    assert spans.resource_attributes(settings)[conventions.SERVICE_VERSION] == "1.2.3"
