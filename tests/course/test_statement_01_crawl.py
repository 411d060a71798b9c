import itertools

import statement_01_crawl as example
from numpy.testing import assert_allclose


def growth(errors, tolerances):
    counts = example.iterations(errors, tolerances)
    return [b / a for a, b in itertools.pairwise(counts)]


def test_logarithm_asks_for_ten_times_the_iterations():
    assert_allclose(growth(example.logarithm(), example.TOLERANCES), 10, rtol=0.05)


def test_quartic_asks_for_ten_times_the_iterations_or_more():
    factors = growth(example.quartic(), example.TOLERANCES_QUARTIC)
    assert min(factors) >= 10
    # Each tolerance is a √10-th of the one before: ten times the accuracy, 100 times as many.
    assert factors[-1] * factors[-2] > 0.95 * 100


def test_quadratic_converges_linearly():
    distance = example.quadratic()
    assert_allclose(distance[101:] / distance[100:-1], 1 - 0.05, rtol=1e-9)
    counts = example.iterations(distance, example.TOLERANCES)
    differences = [b - a for a, b in itertools.pairwise(counts)]
    assert max(differences) - min(differences) <= 1
