"""Conjugate gradients, scaled ones and one-step secants, against their formulas."""

import warnings

import numpy as np
import pytest

import fastopt
from fastopt import _core
from problems.more_garbow_hillstrom import PROBLEMS
from problems.rosenbrock import rosenbrock, rosenbrock_gradient
from reference import solvers as reference

VARIANTS = ["powell_beale", "hager_zhang", "polak_ribiere", "fletcher_reeves"]
START = np.linspace(-1.2, 1.5, 6)


def objective(fun=rosenbrock, jac=rosenbrock_gradient, hess="3-point", hessp=None, n=6):
    return _core.PythonObjective(fun, jac, hess, hessp, (), np.zeros(n))


def quadratic(n, condition=30, seed=0):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    H = (Q * np.geomspace(1, condition, n)) @ Q.T
    return 0.5 * (H + H.T)


def steps_of(solver, count, start=START, gradient=rosenbrock_gradient):
    """Yield (direction, w and g before, w and g after, the next direction) of each step."""
    w, p = start, None
    for _ in range(count):
        solver.step()
        after = solver.weights
        yield p, w, gradient(w), after, gradient(after), solver.export_state()["p"]
        w, p = after, solver.export_state()["p"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_directions_follow_their_formulas(variant):
    solver = fastopt.ConjugateGradient(variant, gtol=0.0).make_solver(objective(), START)
    powell_beale = reference.PowellBeale()
    conjugate = 0
    for k, (p, _, before, _, g, following) in enumerate(steps_of(solver, 40)):
        d = -before if k == 0 else p
        if variant == "powell_beale":
            expected = powell_beale(g, before, d)
        elif variant == "fletcher_reeves" and (k + 1) % START.size == 0:
            expected = -g
        else:
            expected = -g + reference.BETAS[variant](g, before, d) * d
        assert g @ expected < 0
        np.testing.assert_allclose(following, expected, rtol=1e-8, atol=1e-9 * abs(expected).max())
        conjugate += (following != -g).any()
    assert conjugate >= 30


@pytest.mark.parametrize("n", [1, 2, 5, 10])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_quadratic_takes_n_steps_along_conjugate_directions(variant, n):
    """With exact searches all four are the linear method: pᵢᵀH pⱼ = 0."""
    H = quadratic(n)
    calls = objective(lambda x: 0.5 * x @ H @ x, lambda x: H @ x, n=n)
    optimizer = fastopt.ConjugateGradient(variant, line_search="exact", gtol=0.0)
    start = np.ones(n)
    solver = optimizer.make_solver(calls, start)
    w, directions = start, []
    for _ in range(n):
        solver.step()
        directions.append(solver.weights - w)
        w = solver.weights
    assert 0.5 * w @ H @ w <= 1e-18 * (start @ H @ start)
    D = np.array(directions)
    lengths = np.sqrt(np.einsum("ki,ij,kj->k", D, H, D))
    D /= lengths[:, None]
    # A search is exact to the root of the precision, in units of the longest step.
    allowed = 1.5e-8 * lengths.max() / np.minimum.outer(lengths, lengths)
    assert (abs(D @ H @ D.T - np.eye(n)) <= allowed).all()


@pytest.mark.parametrize("start", [START, np.array([-1.2, 1.0]), np.full(6, 0.3)], ids=len)
def test_scaled_conjugate_gradients_follow_the_paper(start):
    optimizer = fastopt.ScaledConjugateGradient(sigma=5e-5, gtol=0.0)
    solver = optimizer.make_solver(objective(n=start.size), start)
    expected = reference.scaled_conjugate_gradients(rosenbrock, rosenbrock_gradient, start)
    for _ in range(20):
        report = solver.step()
        w = next(expected)
        np.testing.assert_allclose(solver.weights, w, rtol=1e-6, atol=1e-8)
        assert report.n_hessian == 0


def test_curvatures_by_products_and_by_differences_agree():
    """Møller's difference over σ errs by σ: two runs part slowly."""
    H = lambda x, v: (rosenbrock_gradient(x + 1e-6 * v) - rosenbrock_gradient(x - 1e-6 * v)) / 2e-6  # noqa: E731
    exact = fastopt.ScaledConjugateGradient(gtol=0.0).make_solver(objective(hessp=H), START)
    near = fastopt.ScaledConjugateGradient(sigma=1e-7, gtol=0.0).make_solver(objective(), START)
    for _ in range(6):
        report = exact.step()
        near.step()
        np.testing.assert_allclose(exact.weights, near.weights, rtol=1e-3, atol=1e-4)
    assert report.n_hessian > 0


def test_scaled_conjugate_gradients_take_n_steps_on_a_quadratic():
    H = quadratic(8)
    calls = objective(lambda x: 0.5 * x @ H @ x, lambda x: H @ x, lambda x: H, n=8)
    solver = fastopt.ScaledConjugateGradient(damping=0.0, gtol=0.0).make_solver(calls, np.ones(8))
    for _ in range(8):
        report = solver.step()
    assert report.loss <= 1e-18 * np.ones(8) @ H @ np.ones(8)


@pytest.mark.parametrize("scale_initial", [False, True])
def test_one_step_secants_follow_their_formula(scale_initial):
    optimizer = fastopt.OneStepSecant(scale_initial=scale_initial, gtol=0.0)
    solver = optimizer.make_solver(objective(), START)
    for _, w, before, after, g, p in steps_of(solver, 30):
        expected = reference.one_step_secant(g, after - w, g - before, scale_initial)
        np.testing.assert_allclose(p, expected, rtol=1e-6, atol=1e-9 * abs(expected).max())


def test_a_scaled_one_step_secant_is_lbfgs_with_one_pair():
    one = fastopt.OneStepSecant(scale_initial=True, gtol=0.0).make_solver(objective(), START)
    other = fastopt.LBFGS(memory=1, gtol=0.0).make_solver(objective(), START)
    for _ in range(10):
        one.step()
        other.step()
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-6)


def test_scaled_conjugate_gradients_train_with_a_loss_of_ones_own():
    """Its Hessian is not known: curvatures are differences of gradients, as with sigma=5e-5."""

    def squares(y_true, y_pred):
        return ((y_pred - y_true) ** 2).mean(), 2 * (y_pred - y_true) / y_true.size

    X = np.linspace(-1, 1, 40)[:, None]
    y = np.sin(3 * X[:, 0])
    nets = [fastopt.MLP([1, 6, 1], random_state=0) for _ in range(3)]
    own = nets[0].fit(X, y, "scg", loss=squares, epochs=30)
    printed = nets[1].fit(X, y, fastopt.ScaledConjugateGradient(sigma=5e-5), epochs=30)
    exact = nets[2].fit(X, y, "scg", epochs=30)
    # Roundings of the loss grow by 1/σ in each curvature.
    np.testing.assert_allclose(own.loss[:10], printed.loss[:10], rtol=1e-4)
    assert own.n_hessian[-1] == printed.n_hessian[-1] == 0
    assert exact.n_hessian[-1] >= 30
    assert exact.loss[-1] < 0.1 * exact.loss[0]


def test_conjugate_gradients_solve_more_than_scipys_in_as_many_calls():
    """Moré, Garbow and Hillstrom's problems with few variables: counts over all of them."""
    optimize = pytest.importorskip("scipy.optimize")
    solved = {"fastopt": 0, "scipy": 0}
    ratios = []
    for problem in PROBLEMS:
        if problem.n > 6:
            continue
        results = {}
        for name, minimize in (("fastopt", fastopt.minimize), ("scipy", optimize.minimize)):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = minimize(problem.value, problem.x0, jac=problem.gradient, method="CG")
            results[name] = result.nfev, problem.is_minimum(result.fun)
            solved[name] += results[name][1]
            if name == "fastopt":
                assert not result.success or results[name][1], problem
        if all(good for _, good in results.values()):
            ratios.append(results["fastopt"][0] / results["scipy"][0])
    assert solved["fastopt"] > solved["scipy"]
    assert len(ratios) >= 8
    assert np.median(ratios) <= 1.1
