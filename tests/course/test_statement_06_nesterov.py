import numpy as np
import statement_06_nesterov as example


def test_usually_fewer_iterations_in_a_ravine():
    assert example.share(*example.on_function("ravine")) > 0.9


def test_usually_fewer_iterations_on_a_network():
    assert example.share(*example.on_network()) > 0.65


def test_all_starts_reach_the_minimum():
    for name, steps in (("ravine", 600), ("Rosenbrock", 12_000)):
        assert max(map(np.max, example.on_function(name))) < steps


def test_alike_where_nothing_overshoots():
    plain, nesterov = example.on_function("Rosenbrock")
    assert 0.9 < np.median(nesterov) / np.median(plain) < 1.1
