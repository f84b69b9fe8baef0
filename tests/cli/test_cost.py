"""The cost that ``doctor`` reports is either a measured number or an upper bound."""

from arcade_otel.cli.doctor.cost import added_milliseconds


def test_a_difference_below_the_noise_is_a_bound_and_never_zero() -> None:
    """On a busy machine, the recorded runs may even be faster than the bare ones."""
    assert added_milliseconds([20.0, 21.0, 25.0], [24.0, 24.5, 30.0]) == (4.0, True)
    assert added_milliseconds([20.0, 23.0, 25.0], [19.0, 20.0, 30.0]) == (3.0, False)
    assert added_milliseconds([20.0, 20.0, 20.0], [20.0, 20.0, 20.0]) == (0.1, False)
