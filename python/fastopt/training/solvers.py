"""One solver for any method on any problem."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastopt import _core
from fastopt._second_order import check_float64, check_twice_differentiable
from fastopt.optimizers import (
    LBFGS,
    BayesianRegularization,
    LevenbergMarquardt,
    Newton,
    ScaledConjugateGradient,
)
from fastopt.optimizers.scaled_conjugate_gradient import SIGMA
from fastopt.parts.data import ObjectiveOfParts, SquaresOfParts
from fastopt.schedules import AdaptiveLearningRate
from fastopt.training.problem import Problem
from fastopt.training.scaling import far_columns
from fastopt.training.separable import obstacle
from fastopt.training.settings import FitSettings
from fastopt.training.spread import spread

# The methods that minimise sums of squares.
SUMS_OF_SQUARES = (LevenbergMarquardt, BayesianRegularization)


def make_solver(problem: Problem, optimizer: Any, settings: FitSettings) -> Any:
    """Return the solver of a method, or refuse what cannot work; a step is an epoch."""
    make = _first_order if optimizer.kind == "first_order" else _full_batch
    return make(problem, optimizer, settings)


def _of_free(problem: Problem, objective: Any) -> Any:
    """Return an objective as a function of what training moves."""
    network = problem.network
    if network._trainable.variables is None:
        return objective
    if problem.data.in_parts:
        return type(objective)(network, problem.data, problem.l2, free=True)
    squares = isinstance(objective, _core.NetworkSquares)
    return (_core.FreeSquares if squares else _core.FreeObjective)(objective, network._core)


def squares_of(problem: Problem) -> _core.NetworkSquares | SquaresOfParts:
    """Return the sum of squares that methods minimise that work on residuals."""
    if problem.data.in_parts:
        return SquaresOfParts(problem.network, problem.data, problem.l2)
    return _core.NetworkSquares(problem.network._core, problem.data.native, problem.l2)


def objective_of(problem: Problem) -> _core.NetworkObjective | ObjectiveOfParts:
    """Return what the other full-batch methods minimise."""
    if problem.data.in_parts:
        return ObjectiveOfParts(problem.network, problem.data, problem.l2)
    core = problem.network._core
    return _core.NetworkObjective(core, problem.data.native, problem.loss, problem.l2)


def _first_order(problem: Problem, optimizer: Any, settings: FitSettings) -> Any:
    rule, parameters, weight_decay = optimizer._rule()
    clip = settings.clip
    solver = _core.EpochF32 if problem.network.dtype == np.float32 else _core.EpochF64
    return solver(
        problem.network._core,
        problem.data.native,
        problem.loss,
        rule=rule,
        settings=parameters,
        weight_decay=weight_decay,
        batch_size=settings.batch_size,
        shuffle=settings.shuffle,
        seed=settings.seed,
        l2=problem.l2,
        clip="" if clip is None else clip.kind,
        clip_limit=0.0 if clip is None else clip.limit,
        gradient_norm=settings.gradient_norm,
        can_undo=isinstance(optimizer._followed_rate, AdaptiveLearningRate),
        l1=problem.l1,
    )


def _full_batch(problem: Problem, optimizer: Any, settings: FitSettings) -> _core.NetworkSolver:
    network, loss, name = problem.network, problem.loss, type(optimizer).__name__
    network._hidden.check_second_order(name)
    check_float64(network.dtype, name)
    if settings.clip is not None:
        raise ValueError(f"clip belongs to first-order methods; {name} chooses its own step")
    w0 = problem.free(network.parameters)
    if problem.l1 > 0 and not isinstance(optimizer, LBFGS):
        raise ValueError(
            f"l1={problem.l1}: {name} needs a gradient everywhere, and |w| has none at 0: use "
            "LBFGS, which goes orthant-wise, or a first-order method such as Adam"
        )
    if isinstance(optimizer, SUMS_OF_SQUARES):
        _check_squares(loss, name)
        squares = squares_of(problem)
        solver: Any
        if isinstance(optimizer, LevenbergMarquardt) and optimizer.separable:
            separable = _separable_squares(problem)
            # The network's own weights too: a solver follows them where they differ from its own.
            network.parameters[:] = w0 = spread(problem, w0, settings.seed)
            solver = _core.VariableProjectionSolver(
                separable,
                w0,
                settings.seed,
                scaling=optimizer.scaling,
                **_damping(problem, optimizer, 0),
            )
        elif isinstance(optimizer, BayesianRegularization):
            solver = _bayesian(problem, optimizer, squares, w0)
        else:
            solver = _levenberg_marquardt(problem, optimizer, squares, w0)
        return _core.NetworkSolver(network._core, solver, squares.scale)
    if isinstance(optimizer, Newton):
        check_twice_differentiable(loss, name)
    if isinstance(optimizer, ScaledConjugateGradient) and callable(loss):
        # The Hessian of a user's own loss is not known.
        optimizer = optimizer.clone(sigma=optimizer.sigma or SIGMA)
    objective = _of_free(problem, objective_of(problem))
    if problem.l1 > 0:
        method = optimizer.make_orthant_solver(objective, w0, problem.l1_of_variables())
    else:
        method = optimizer.make_solver(objective, w0)
    return _core.NetworkSolver(network._core, method, 1.0)


def _levenberg_marquardt(
    problem: Problem, optimizer: LevenbergMarquardt, squares: Any, w0: Any
) -> _core.LevenbergMarquardtSolver:
    settings = _damping(problem, optimizer, _linear_from(problem, squares))
    free = _of_free(problem, squares)
    return _core.LevenbergMarquardtSolver(free, w0, scaling=optimizer.scaling, **settings)


def _bayesian(
    problem: Problem, optimizer: BayesianRegularization, squares: Any, w0: Any
) -> _core.BayesianSolver:
    if problem.l2 > 0:
        raise ValueError(
            f"l2={problem.l2}: BayesianRegularization finds the strength of its own penalty: leave "
            "l2 at 0, or use LevenbergMarquardt"
        )
    n_residuals, log_weights = squares.weighted_residuals
    groups = np.array(optimizer.groups_of(problem.network))
    return _core.BayesianSolver(
        _of_free(problem, squares),
        w0,
        groups=problem.free(groups).tolist(),
        n_residuals=n_residuals,
        log_weights=log_weights,
        tolerance=optimizer.tolerance,
        first_alpha=optimizer.alpha,
        scaling="identity",
        **_damping(problem, optimizer, _linear_from(problem, squares)),
    )


def _separable_squares(problem: Problem) -> _core.SeparableSquares:
    network = problem.network
    why = obstacle(network, problem.data.in_parts)
    if why is not None:
        raise ValueError(
            f"LevenbergMarquardt(separable=True) {why}: use LevenbergMarquardt() without "
            "separable, or separable='auto', which does where it has to"
        )
    return _core.SeparableSquares(network._core, problem.data.native, problem.l2)


def _linear_from(problem: Problem, squares: _core.NetworkSquares) -> int:
    """Return from which free variable on all enter the residuals linearly."""
    first, variables = squares.linear_from, problem.network._trainable.variables
    if variables is None:
        return first
    hidden = int(variables[:first].max(initial=-1)) + 1
    # Output weights that hidden ones are tied to do not.
    n = int(variables.max()) + 1
    return hidden if not np.isin(variables[first:], variables[:first]).any() else n


def _damping(problem: Problem, optimizer: Any, linear_from: int) -> dict[str, Any]:
    # Who gives ν₀ has chosen the length of the first step, unless data are far from order one.
    far = far_columns(problem.network._scalings, problem.data)
    bounded = optimizer.damping is None or bool(far)
    return {
        "damping": optimizer.damping,
        "damping_rule": optimizer.damping_rule,
        "damping_max": optimizer.damping_max,
        "linear_from": linear_from if bounded else 0,
    }


def own_columns(problem: Problem, optimizer: Any, solver: Any) -> Callable[[], dict[str, Any]]:
    """Return what gives the numbers of the last step that a method alone has, by their names."""
    if not isinstance(optimizer, BayesianRegularization):
        return dict
    method = solver.method
    squares = squares_of(problem)
    # Weights have the mean 1 over all residuals, those without a weight included.
    share = squares.n_residuals / max(squares.weighted_residuals[0], 1)

    def columns() -> dict[str, Any]:
        alpha, beta, gamma, evidence = method.estimates()
        named = partial(optimizer.named, network=problem.network)
        return {
            "alpha": named(alpha),
            "beta": beta * share,
            "gamma": named(gamma),
            "evidence": evidence,
        }

    return columns


def _check_squares(loss: Any, name: str) -> None:
    if loss != "mse":
        shown = "a loss of your own" if callable(loss) else repr(loss)
        raise ValueError(
            f"{name} minimises sums of squares, loss='mse', not {shown}: use BFGS, "
            "LBFGS, DFP, Newton or SteepestDescent, or a first-order method such as Adam"
        )
