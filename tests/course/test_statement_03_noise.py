import numpy as np
import pytest
import statement_03_noise as example

LATE, LATER = slice(4000, 6000), slice(10_000, 12_000)


def spread(name, iterations):
    distance = example.distance(example.stochastic(name))
    return np.sqrt(np.mean(distance[iterations] ** 2))


@pytest.mark.parametrize("name", ["constant η = 0.1", "constant η = 0.05"])
def test_a_constant_rate_bounces(name):
    assert 0.7 < spread(name, LATER) / spread(name, LATE) < 1.4


def test_the_mean_square_of_the_bounces_goes_as_the_rate():
    ratio = (spread("constant η = 0.1", LATER) / spread("constant η = 0.05", LATER)) ** 2
    assert 1.5 < ratio < 3


def test_a_falling_rate_settles():
    assert spread("falling η", LATER) < 0.75 * spread("falling η", LATE)
    assert spread("falling η", LATER) < 0.1 * spread("constant η = 0.1", LATER)


def test_noise_leaves_a_poor_minimum():
    sgd, mini_batch, batch = (example.escapes(size) for size in example.BATCHES.values())
    assert batch == 0
    assert mini_batch > 0.1
    assert sgd > 2 * mini_batch


def test_momentum_rolls_over_a_local_minimum():
    plain, momentum = (np.mean(example.rolls(beta)[1] < 0) for beta in (0.0, 0.9))
    assert plain == 0
    assert momentum > 0.4


def test_both_end_in_a_minimum():
    _, ends = example.rolls(0.9)
    np.testing.assert_allclose(example.slope(ends), 0, atol=1e-6)
