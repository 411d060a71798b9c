"""Newton: one step on a quadratic, quadratic convergence near a minimum, indefinite H far away."""

import numpy as np
import pytest

import fastopt


def spd(n, seed, condition=1e3):
    """A symmetric matrix with eigenvalues from 1 to ``condition``."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return (Q * np.geomspace(1, condition, n)) @ Q.T


def quadratic(n, seed):
    H, b = spd(n, seed), np.random.default_rng(seed + 1).standard_normal(n)
    return H, np.linalg.solve(H, b), lambda x: 0.5 * x @ H @ x - b @ x, lambda x: H @ x - b


@pytest.mark.parametrize("line_search", ["wolfe", None])
@pytest.mark.parametrize("n", [1, 2, 10, 50])
def test_newton_solves_a_quadratic_in_one_step(n, line_search):
    H, solution, fun, jac = quadratic(n, n)
    result = fastopt.minimize(
        fun,
        np.ones(n),
        method=fastopt.Newton(line_search=line_search),
        jac=jac,
        hess=lambda x: H,
        options={"maxiter": 1},
        record_path=True,
    )
    assert result.nit == 1
    np.testing.assert_allclose(result.path[1], solution, rtol=1e-9, atol=1e-11)


def test_newton_converges_quadratically_near_a_minimum():
    solution = np.log([2.0, 5.0])
    result = fastopt.minimize(
        lambda x: np.exp(x).sum() - np.array([2.0, 5.0]) @ x,
        solution + [0.4, -0.3],
        method="newton",
        jac=lambda x: np.exp(x) - [2.0, 5.0],
        hess=lambda x: np.diag(np.exp(x)),
        record_path=True,
    )
    errors = np.linalg.norm(result.path - solution, axis=1)
    errors = errors[errors > 1e-8]
    assert len(errors) >= 3
    # ‖w* − w_{k+1}‖ ≤ c ‖w* − w_k‖², here c = ½ max |E'''/E''| with a margin.
    assert (errors[1:] <= 0.75 * errors[:-1] ** 2).all()
    assert result.positive_definite


def test_far_away_h_is_indefinite_and_the_pure_step_may_ascend():
    def fun(x):
        return (x[0] ** 2 - 1) ** 2 + x[1] ** 2

    def jac(x):
        return np.array([4 * x[0] * (x[0] ** 2 - 1), 2 * x[1]])

    def hess(x):
        return np.diag([12 * x[0] ** 2 - 4, 2])

    start = np.array([0.3, 1.0])
    assert np.linalg.eigvalsh(hess(start))[0] < 0
    pure = fastopt.minimize(fun, start, method=fastopt.Newton(line_search=None), jac=jac, hess=hess)
    np.testing.assert_allclose(pure.x, 0, atol=1e-6)  # the saddle between two minima
    assert not pure.positive_definite
    safe = fastopt.minimize(fun, start, method="newton", jac=jac, hess=hess)
    np.testing.assert_allclose(np.abs(safe.x), [1, 0], atol=1e-6)
    assert safe.positive_definite
    assert (np.diff(safe.history.loss) <= 0).all()
