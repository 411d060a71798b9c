from itertools import pairwise

import numpy as np
import pytest
import statement_11_levenberg_marquardt as example


def test_the_step_turns_from_descent_to_gauss_newton():
    turned = [example.towards_descent(damping) for damping in example.DAMPINGS]
    assert all(after >= before - 1e-9 for before, after in pairwise(turned))
    assert turned[-1] > 1 - 1e-6
    assert example.towards_gauss_newton(example.DAMPINGS[0]) > 1 - 1e-6
    assert example.towards_gauss_newton(example.DAMPINGS[-1]) < 0.9


def test_more_damping_makes_shorter_steps():
    assert all(after < before for before, after in pairwise(example.lengths()))


@pytest.mark.parametrize("damping", [0.1, 10.0, 1e4])
def test_fit_takes_that_step(damping):
    np.testing.assert_allclose(example.taken(damping), example.step(damping), rtol=1e-8)
