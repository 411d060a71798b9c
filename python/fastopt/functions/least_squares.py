"""Sums of squares of any function, with SciPy's names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._names import friendly
from fastopt.functions.operators import densely
from fastopt.functions.result import OptimizeResult, wants_result
from fastopt.functions.squares_arguments import (
    NOTHING,
    UNBOUNDED,
    check_diff_step,
    check_jac,
    check_kwargs,
    check_loss,
    check_method,
    check_scale,
    check_start,
    check_tolerance,
    positional,
)
from fastopt.functions.squares_result import LeastSquaresResult, make_result
from fastopt.memory import check_bytes, check_memory, memory_needed
from fastopt.optimizers.levenberg_marquardt import LevenbergMarquardt
from fastopt.training import loop

Array = npt.NDArray[np.float64]

_LARGE = 1000  # parameters from which on the memory is checked
_RADIUS = 100.0  # of the trust region at the start, in units of ‖D x0‖ (MINPACK)


@friendly
def least_squares(
    fun: Callable[..., Any] | None = None,
    x0: Any = None,
    jac: str | Callable[..., Any] = "3-point",
    bounds: Any = UNBOUNDED,
    method: str | LevenbergMarquardt | None = None,
    ftol: float | None = 1e-15,
    xtol: float | None = 1e-8,
    gtol: float | None = 1e-8,
    x_scale: Any = None,
    loss: str = "linear",
    f_scale: float = 1.0,
    max_nfev: int | None = None,
    verbose: int = 0,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    callback: Callable[..., Any] | None = None,
    *,
    normal_equations: Callable[..., Any] | None = None,
    diff_step: Any = None,
) -> LeastSquaresResult:
    """Minimise a sum of squares, ½ Σ e_k(x)², or of a loss that grows more slowly.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args, **kwargs)`` → residuals e, (m,). x is a float64 array (n,) of its own.
    x0 : array_like, (n,) or a number
        Where to start; it is not written to.
    jac : {"3-point", "2-point", "cs"} or callable
        The Jacobian ∂e_k/∂x_i, (m, n): by central differences (default), forward differences,
        a complex step (``fun`` then sees complex x), or ``jac(x, *args, **kwargs)``, which may
        return a sparse matrix or a LinearOperator: it is made dense. Differences use steps in
        proportion to each parameter.
    bounds : (lower, upper)
        Numbers or arrays (n,); infinite where there is none. Also an object with ``lb`` and ``ub``.
    method : {"lm", "trf"} or LevenbergMarquardt, optional
        "lm": Moré's trust-region Levenberg-Marquardt by QR of J; the default without bounds and
        with the linear loss. "trf": the same with bounds and robust losses. A
        :class:`~fastopt.LevenbergMarquardt`: its damping rule and scaling, no bounds, linear loss.
    ftol : float, optional
        End where the cost cannot fall by more than ftol of itself, by the linear model and by the
        last step. 1e-15 by default: a relative change of 1e-8, SciPy's default, leaves only about
        four digits of the parameters. None or 0: no such test.
    xtol : float, optional
        End where a full Gauss-Newton step changes each parameter by less than xtol of itself;
        1e-8 by default (SciPy).
    gtol : float, optional
        End where ‖P e‖ ≤ gtol · ‖e‖, P the projection on the columns of J; 1e-8 by default
        (SciPy). It does not depend on units.
    x_scale : array_like or "jac", optional
        The scale of each parameter; by default (or "jac") it follows the columns of J (Moré).
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"}
        ρ in the cost ½ Σ C² ρ((e_k/C)²), C = ``f_scale``: z, 2(√(1+z)−1), z if z ≤ 1 else 2√z−1,
        ln(1+z), arctan z.
    f_scale : float
        C > 0: residuals within it count as inliers.
    max_nfev : int, optional
        Values of ``fun`` at most, those for differences not counted; 200 (n + 1) by default.
    verbose : {0, 1, 2}
        Nothing, a line at the end, or a line for each iteration.
    args, kwargs
        Handed on to ``fun`` and ``jac``.
    callback : callable, optional
        ``callback(intermediate_result)`` (a parameter of this name) or ``callback(x)`` after each
        iteration; StopIteration ends the run.
    normal_equations : callable
        Instead of ``fun``: ``normal_equations(x, *args, **kwargs)`` → (½ Σ e², Jᵀe, JᵀJ), for data
        that is summed elsewhere.
    diff_step : array_like, optional
        Relative steps of the differences; by default η^(1/3) (3-point) or η^(1/2) (2-point), η the
        precision that the residuals have: that of double precision, or what was measured where they
        look less precise.

    Returns
    -------
    LeastSquaresResult
        SciPy's fields: ``x, cost, fun, jac, grad, optimality, active_mask, nfev, njev, status,
        message, success``; ``rank``, the numerical rank of J, as far as the errors of J let it be
        told; ``undetermined``, the indices of the parameters that only act together with others
        (a and b of a·b·x); ``jac_errors``, the error of each column of ``jac`` beyond rounding, as
        an estimate; and ``inactive``, the indices of those that cannot be felt at x: their
        columns of J are zero, or no more than their own error, while residuals are left. Then there
        is no ``success``.
        ``jac`` and ``grad`` are those of the cost: with a robust loss J is scaled so that JᵀJ
        stands for the Hessian.

        ``success`` means that a first-order condition holds to the scale of the problem. A start
        with J = 0, a parameter that has run off to where it has no influence, a stalled run and an
        exhausted ``max_nfev`` are reported as what they are.

        Of residuals that are errors of a model, standard errors, intervals, bands, AIC and BIC
        follow when they are asked for: ``print(result.report())``, and docs/intervals.md.

    Raises
    ------
    ValueError
        Wrong shapes or values, residuals or Jacobian not finite at x0, unknown names.
    TypeError
        x0, residuals or Jacobian that are not real numbers.

    Notes
    -----
    Levenberg-Marquardt never keeps a step that raises the cost. Where differences look rough, or a
    run stalls, it is measured how noisy the residuals are (seven or fourteen more values): of a
    model in single precision, or rounded, no more can be asked than its noise allows. Exceptions
    of the callables come out unchanged.

    References
    ----------
    Moré 1978; Moré & Wild 2011 (noise); Triggs et al. 2000 (robust losses).

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> result = fastopt.least_squares(lambda x: [10 * (x[1] - x[0] ** 2), 1 - x[0]], [-1.2, 1.0])
    >>> result.x
    array([1., 1.])
    >>> result.success, result.rank
    (True, 2)
    """
    x, lower, upper = check_start(x0, bounds)
    n = x.size
    arguments = args if args.__class__ is tuple else positional(args)
    keywords = {} if kwargs is None else check_kwargs(kwargs)
    bounded = lower is not NOTHING
    tests = (
        check_tolerance("ftol", ftol),
        check_tolerance("xtol", xtol),
        check_tolerance("gtol", gtol),
    )
    evaluations = 200 * (n + 1)
    if max_nfev is not None:
        evaluations = _validation.count("max_nfev", max_nfev, low=1)
    if verbose.__class__ is not int or not 0 <= verbose <= 2:
        verbose = _validation.verbosity(verbose, high=2)
    if callback is not None:
        _validation.function("callback", callback)
    robust = check_loss(loss, f_scale)
    method = check_method(method, bounded, robust)
    scale = check_scale(x_scale, n)
    if scale is not NOTHING and isinstance(method, LevenbergMarquardt):
        raise ValueError("x_scale is for 'lm' and 'trf': a LevenbergMarquardt has its scaling")

    if n >= _LARGE:
        check_memory("lm", n, "minimize with method='lbfgs'")
    if normal_equations is not None:
        if fun is not None:
            raise ValueError("give fun or normal_equations, not both")
        if bounded or robust:
            raise ValueError("normal_equations works without bounds and with the linear loss")
        if jac != "3-point" or diff_step is not None or scale is not NOTHING:
            raise ValueError("normal_equations takes no jac, diff_step or x_scale")
        objective: Any = _core.PythonNormalEquations(
            _validation.function("normal_equations", normal_equations), arguments, keywords, x
        )
        if not isinstance(method, LevenbergMarquardt):
            method = LevenbergMarquardt(scaling="diagonal")
    else:
        if not callable(jac):
            check_jac(jac)
        objective = _core.PythonResiduals(
            _validation.function("fun", fun),
            densely(jac) if callable(jac) else jac,
            arguments,
            keywords,
            x,
            check_diff_step(diff_step, n),
            loss,
            f_scale,
            lower,
            upper,
        )
        m = objective.n_residuals
        needed = memory_needed("lm", n, m, function=True)
        check_bytes(f"a Jacobian of {m:,} × {n:,} numbers", needed, "fewer residuals at a time")

    if isinstance(method, LevenbergMarquardt):
        settings = method.get_params()
        solver: _core.LevenbergMarquardtSolver | _core.LeastSquaresSolver
        solver = _core.LevenbergMarquardtSolver(
            objective,
            x,
            damping=settings["damping"],
            damping_rule=settings["damping_rule"],
            scaling=settings["scaling"],
            damping_max=settings["damping_max"],
            ftol=tests[0],
            xtol=tests[1],
            gtol=tests[2],
            max_evaluations=evaluations,
        )
    elif bounded:
        solver = _core.BoundedLeastSquaresSolver(
            objective, x, *tests, evaluations, scale, lower, upper
        )
    else:
        solver = _core.TrustRegionSolver(objective, x, *tests, evaluations, scale, _RADIUS)

    if callback is None and verbose < 2:
        report, stopped = solver.run(), False
    else:
        report, stopped = _run_with_watchers(solver, callback, verbose)
    result = make_result(solver, objective, report, stopped, robust, lower, upper, evaluations)
    if verbose:
        print(f"{result.message}\nnfev {result.nfev}, cost {result.cost:.6e}")
    return result


def _run_with_watchers(
    solver: Any, callback: Callable[..., Any] | None, verbose: int
) -> tuple[Any, bool]:
    """Step with all looking on; return the last report, and whether the callback ended it."""
    last: list[Any] = []

    def remember(_: int, report: Any) -> None:
        last[:] = [report]

    watchers: list[Any] = [remember]
    if verbose == 2:
        print(f"{'iteration':>10} {'nfev':>8} {'cost':>14} {'step':>12} {'gradient':>12}")

        def show(i: int, report: Any) -> None:
            print(
                f"{report.iterations:>10} {report.n_value:>8} {report.loss:>14.6e} "
                f"{report.step_norm:>12.3e} {report.gradient_norm:>12.3e}"
            )

        watchers.append(show)
    if callback is not None:
        tell = callback
        by_name = wants_result(tell)

        def call(i: int, report: Any) -> str | None:
            if report.status != "running" and report.step_norm == 0:
                return None  # no iteration was made
            x = solver.weights
            try:
                if by_name:
                    tell(
                        intermediate_result=OptimizeResult(
                            x=x, cost=report.loss, nit=report.iterations, nfev=report.n_value
                        )
                    )
                else:
                    tell(x)
            except StopIteration:
                return "callback"
            return None

        watchers.append(call)
    reason = loop.run(solver, range(sys.maxsize), watchers)
    return last[0], reason == "callback"
