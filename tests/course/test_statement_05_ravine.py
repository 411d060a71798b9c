import numpy as np
import statement_05_ravine as example


def test_plain_descent_swings_across():
    across = example.path(0.0)[:100, 1]
    assert np.all(across[1:] * across[:-1] < 0)


def test_momentum_damps_the_swings():
    assert example.way_across(0.9) < 0.6 * example.way_across(0.0)


def test_momentum_accelerates_along():
    assert example.iterations_along(0.9) < example.iterations_along(0.0) / 4
