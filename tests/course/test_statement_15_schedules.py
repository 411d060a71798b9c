import numpy as np
import pytest
import statement_15_schedules as example


def late(distance):
    """The mean of the last epochs, since a constant rate bounces."""
    return np.mean(distance[-5:])


@pytest.mark.parametrize("name", [name for name in example.FALLING if name != "constant"])
def test_falling_rates_end_closer(name):
    assert late(example.stochastic(name)) < late(example.stochastic("constant")) / 10


@pytest.mark.parametrize("undo", [True, False])
def test_the_adaptive_rate_ends_closer(undo):
    assert late(example.full_batch(True, undo)) < late(example.full_batch(False)) / 10


def test_the_warm_up_ends_closer():
    assert example.steep_start(True)[-1] < 1e-12
    assert example.steep_start(False)[-1] > 1
