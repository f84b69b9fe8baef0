"""The cost that ``doctor`` reports is either a measured number or an upper bound."""

from itertools import count
from pathlib import Path

import pytest

from arcade_otel.cli.doctor import cost
from arcade_otel.cli.doctor.cost import added_milliseconds
from arcade_otel.settings import make_settings


def test_a_difference_below_the_noise_is_a_bound_and_never_zero() -> None:
    """On a busy machine, the recorded runs may even be faster than the bare ones."""
    assert added_milliseconds([20.0, 21.0, 25.0], [24.0, 24.5, 30.0]) == (4.0, True)
    assert added_milliseconds([20.0, 23.0, 25.0], [19.0, 20.0, 30.0]) == (3.0, False)
    assert added_milliseconds([20.0, 20.0, 20.0], [20.0, 20.0, 20.0]) == (0.1, False)


@pytest.mark.parametrize(("noise", "rounds"), [(0.0, 4), (1.0, 4), (5.0, 10)], ids=["none", "little", "much"])
def test_the_measurement_ends_when_its_result_is_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noise: float, rounds: int
) -> None:
    """The first round does not count. The result is the same, because the fastest run of each program counts."""
    took = {"": 10.0, cost._HOST: 12.0, cost._RECORDED: 18.0}
    numbers = count()

    def milliseconds(source: str, *_: object) -> float:
        round_number = next(numbers) // len(took)
        return 1.0 if round_number == 0 else took[source] + (noise if round_number > 1 else 0.0)

    monkeypatch.setattr(cost, "_milliseconds", milliseconds)
    check = cost.check_cost(make_settings(name="tool", config_dir=tmp_path, posthog_api_key="phc_test"))
    assert check.detail == "a command takes 6.0 ms longer (a bare Python start takes 10.0 ms here)"
    assert next(numbers) == rounds * len(took)
