"""BFGS and DFP keep V positive definite and solve an n-dimensional quadratic in n steps."""

import numpy as np
import pytest

import fastopt
from problems.rosenbrock import rosenbrock, rosenbrock_gradient


def spd(n, seed, condition=1e3):
    """A symmetric matrix with eigenvalues from 1 to ``condition``."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return (Q * np.geomspace(1, condition, n)) @ Q.T


def quadratic(n, seed):
    H, b = spd(n, seed), np.random.default_rng(seed + 1).standard_normal(n)
    return H, np.linalg.solve(H, b), lambda x: 0.5 * x @ H @ x - b @ x, lambda x: H @ x - b


@pytest.mark.parametrize("optimizer", [fastopt.BFGS, fastopt.DFP])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 10])
def test_variable_metric_solves_a_quadratic_in_n_steps(optimizer, n):
    method = optimizer(line_search="exact", scale_initial=False, gtol=0.0)
    for seed in range(5):
        H, solution, fun, jac = quadratic(n, 10 * n + seed)
        inverse = np.linalg.inv(H)
        for start in (np.ones(n), np.random.default_rng(seed).uniform(-100, 100, n)):
            result = fastopt.minimize(fun, start, method=method, jac=jac, options={"maxiter": n})
            scale = np.abs(start - solution).max()
            np.testing.assert_allclose(result.x, solution, rtol=0, atol=1e-6 * scale)
            scale = np.abs(inverse).max()
            np.testing.assert_allclose(result.hess_inv, inverse, rtol=0, atol=1e-10 * scale)


@pytest.mark.parametrize("optimizer", [fastopt.BFGS, fastopt.DFP])
@pytest.mark.parametrize("start", [1.0, 3.0, -0.5])
def test_a_gradient_that_vanishes_to_the_bit_leaves_the_matrix_as_it_was_learned(optimizer, start):
    result = fastopt.minimize(
        lambda x: 2 * x[0] ** 2,
        [start],
        method=optimizer(line_search="exact", scale_initial=False, gtol=0.0),
        jac=lambda x: 4 * x,
    )
    assert result.jac[0] == 0
    np.testing.assert_allclose(result.hess_inv, [[0.25]], rtol=1e-8)


@pytest.mark.parametrize("optimizer", [fastopt.BFGS, fastopt.DFP])
def test_variable_metric_stays_positive_definite(optimizer):
    for seed in range(10):
        start = np.random.default_rng(seed).uniform(-2, 2, 6)
        for steps in (1, 3, 10, 30):
            result = fastopt.minimize(
                rosenbrock,
                start,
                method=optimizer(),
                jac=rosenbrock_gradient,
                options={"maxiter": steps},
            )
            V = result.hess_inv
            np.testing.assert_array_equal(V, V.T)
            scale = np.sqrt(np.diag(V))
            assert np.linalg.eigvalsh(V / np.outer(scale, scale))[0] > 0
