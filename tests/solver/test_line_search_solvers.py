"""The solvers themselves, against the formulas and step by step."""

import numpy as np
import pytest

import fastopt
from fastopt import _core
from line_search_cases import CASES
from reference import solvers as reference

OPTIMIZERS = dict(CASES)


def value(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2).sum() + ((1 - x[:-1]) ** 2).sum()


def gradient(x):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def objective(fun=value, jac=gradient, hess="3-point", n=4):
    return _core.PythonObjective(fun, jac, hess, None, (), np.zeros(n))


def start(n=4):
    return np.linspace(-1.2, 1.5, n)


def spd(n, seed=0, condition=1e3):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return (Q * np.geomspace(1, condition, n)) @ Q.T


def steps_of(solver, count):
    """Yield (s, r, report) for each step that moved."""
    w, g = solver.weights, solver.gradient
    for _ in range(count):
        report = solver.step()
        new_w, new_g = solver.weights, solver.gradient
        if report.iterations == 1:
            g = gradient(w)
        yield new_w - w, new_g - g, report
        w, g = new_w, new_g


@pytest.mark.parametrize("scale_initial", [False, True])
@pytest.mark.parametrize(
    ("optimizer", "update"),
    [(fastopt.BFGS, reference.bfgs_update), (fastopt.DFP, reference.dfp_update)],
)
def test_variable_metric_follows_its_formula(optimizer, update, scale_initial):
    # With gtol = 0 no verdict, which may take a step of its own, is asked for.
    solver = optimizer(scale_initial=scale_initial, gtol=0.0).make_solver(objective(), start())
    V = np.eye(4)
    for k, (s, r, _) in enumerate(steps_of(solver, 15)):
        if k == 0 and scale_initial:
            V *= (s @ r) / (r @ r)
        V = update(V, s, r)
        np.testing.assert_allclose(solver.inverse_hessian, V, rtol=1e-8, atol=1e-10 * abs(V).max())
        p = solver.export_state()["p"]
        np.testing.assert_allclose(p, -V @ solver.gradient, rtol=1e-6, atol=1e-9 * abs(p).max())


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 37, 100, 400, 515])
def test_the_kernel_of_variable_metric_in_all_sizes(n):
    H = spd(n, condition=50)
    calls = objective(lambda x: 0.5 * x @ H @ x, lambda x: H @ x, n=n)
    solver = fastopt.BFGS(gtol=0.0).make_solver(calls, np.ones(n))
    w, g, V = np.ones(n), H @ np.ones(n), np.eye(n)
    for k in range(6):
        if solver.step().status != "running":
            break
        s, r = solver.weights - w, solver.gradient - g
        if k == 0:
            V *= (s @ r) / (r @ r)
        V = reference.bfgs_update(V, s, r)
        w, g = solver.weights, solver.gradient
        inverse = solver.inverse_hessian
        np.testing.assert_array_equal(inverse, inverse.T)
        np.testing.assert_allclose(inverse, V, rtol=1e-7, atol=1e-10 * abs(V).max())


def test_lbfgs_follows_its_formula():
    solver = fastopt.LBFGS(memory=3, gtol=0.0).make_solver(objective(), start())
    pairs = []
    for s, r, _ in steps_of(solver, 10):
        pairs = [*pairs, (s, r)][-3:]
        p = solver.export_state()["p"]
        expected = reference.lbfgs_direction(solver.gradient, pairs)
        np.testing.assert_allclose(p, expected, rtol=1e-7, atol=1e-10 * abs(p).max())


def test_newton_follows_its_formula_where_h_is_positive_definite():
    H = spd(6)
    hess = lambda x: H + np.diag(3 * x**2)  # noqa: E731
    calls = objective(
        lambda x: 0.5 * x @ H @ x + (x**4).sum() / 4, lambda x: H @ x + x**3, hess, n=6
    )
    solver = fastopt.Newton(gtol=0.0).make_solver(calls, np.ones(6))
    w, lengths = np.ones(6), []
    for _ in range(4):
        report = solver.step()
        step = report.step_length * reference.newton_step(hess(w), H @ w + w**3)
        np.testing.assert_allclose(solver.weights - w, step, rtol=1e-9, atol=1e-14)
        lengths.append(report.step_length)
        w = solver.weights
        assert solver.positive_definite
        assert report.positive_definite
    assert lengths[-2:] == [1, 1]


def test_newton_descends_where_h_is_indefinite():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        A = rng.standard_normal((5, 5))
        calls = objective(
            lambda x, A=A: 0.5 * x @ (A + A.T) @ x + (x**4).sum(),
            lambda x, A=A: (A + A.T) @ x + 4 * x**3,
            lambda x, A=A: A + A.T + np.diag(12 * x**2),
            n=5,
        )
        solver = fastopt.Newton().make_solver(calls, 0.1 * rng.standard_normal(5))
        reports = solver.steps(100)
        losses = [r.loss for r in reports]
        assert (np.diff(losses) <= 0).all()
        assert reports[-1].status == "gradient"
        assert solver.positive_definite


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "scg"])  # it has no search
def test_wolfe_conditions_hold(name):
    optimizer = OPTIMIZERS[name]
    solver = optimizer.make_solver(objective(), start())
    w, p, loss = start(), -gradient(start()), value(start())
    for k in range(12):
        report = solver.step()
        slope = gradient(w) @ p
        if k > 0:  # p of the first step of some methods is not −g
            assert report.loss <= loss + optimizer.c1 * report.step_length * slope
            assert abs(solver.gradient @ p) <= optimizer.c2 * abs(slope) * (1 + 1e-10)
        w, loss, p = solver.weights, report.loss, solver.export_state()["p"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_resumed_runs_give_the_same_bits(name):
    def fresh():
        return OPTIMIZERS[name].make_solver(objective(), start())

    whole, first, second = fresh(), fresh(), fresh()
    expected = [whole.step() for _ in range(14)]
    for _ in range(6):
        first.step()
    second.import_state(first.export_state())
    for k in range(6, 14):
        report = second.step()
        for field in ("loss", "gradient_norm", "step_norm", "iterations", "n_gradient", "status"):
            assert getattr(report, field) == getattr(expected[k], field), (k, field)
    np.testing.assert_array_equal(second.weights, whole.weights)


@pytest.mark.parametrize("bounded", [False, True])
def test_resumed_runs_of_the_others(bounded):
    def fresh():
        if bounded:
            return fastopt.LBFGS().make_bounded_solver(
                objective(), start(), np.full(4, -2.0), np.full(4, 0.9)
            )
        solver = _core.DescentSolver(objective(), start(), *fastopt.Adam(0.01)._rule(), np.nan)
        solver.set_learning_rates([0.01])
        return solver

    whole, first, second = fresh(), fresh(), fresh()
    for _ in range(12):
        whole.step()
    for _ in range(5):
        first.step()
    second.import_state(first.export_state())
    for _ in range(7):
        second.step()
    np.testing.assert_array_equal(second.weights, whole.weights)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_fault_leaves_the_last_step_and_a_usable_solver(name):
    broken = False

    def fun(x):
        if broken:
            raise RuntimeError("broken")
        return value(x)

    solver = OPTIMIZERS[name].make_solver(objective(fun), start())
    for _ in range(3):
        solver.step()
    w = solver.weights
    broken = True
    with pytest.raises(RuntimeError, match="broken"):
        solver.step()
    np.testing.assert_array_equal(solver.weights, w)
    broken = False
    assert solver.step().loss <= value(w)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 4])
def test_the_same_bits_for_any_number_of_threads(threads):
    n = 600
    H = spd(n, condition=1e2)
    run = {}
    for count in (1, threads):
        _core.set_threads(count)
        try:
            calls = objective(lambda x: 0.5 * x @ x + (x**4).sum(), lambda x: x + 4 * x**3, n=n)
            solver = fastopt.BFGS(gtol=0.0).make_solver(calls, H[0])
            solver.steps(8)
            run[count] = solver.weights, solver.inverse_hessian
        finally:
            _core.set_threads(1)
    for one, many in zip(*run.values(), strict=True):
        np.testing.assert_array_equal(one, many)


def test_exact_search_minimises_along_the_line():
    H = spd(5)
    calls = objective(lambda x: 0.5 * x @ H @ x, lambda x: H @ x, n=5)
    solver = fastopt.SteepestDescent(line_search="exact").make_solver(calls, np.ones(5))
    w = np.ones(5)
    for _ in range(5):
        report = solver.step()
        g = H @ w
        exact = reference.quadratic_exact_step(H, g, -g)
        assert report.step_length == pytest.approx(exact, rel=1e-8)
        w = solver.weights


def test_steps_ends_with_the_run():
    solver = fastopt.BFGS().make_solver(objective(), start())
    reports = solver.steps(1000)
    assert len(reports) < 1000
    assert reports[-1].status == "gradient"
    assert {report.status for report in reports} == {"running", "gradient"}
    assert reports[-2].status == "running"
    again = solver.step()
    assert (again.status, again.iterations) == ("gradient", reports[-1].iterations)


def test_wrong_states_are_refused():
    solver = fastopt.BFGS().make_solver(objective(), start())
    other = fastopt.LBFGS().make_solver(objective(), start())
    with pytest.raises(ValueError, match="belongs to another solver"):
        solver.import_state(other.export_state())
    with pytest.raises(ValueError, match="w0 must hold 4 numbers, got 3"):
        fastopt.BFGS().make_solver(objective(), np.zeros(3))
