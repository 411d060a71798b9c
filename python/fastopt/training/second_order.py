"""Full-batch methods in double precision on a network: one iteration is an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastopt import _core
from fastopt._second_order import check_float64, check_twice_differentiable
from fastopt.callbacks import Callback, EarlyStopping
from fastopt.memory import BYTES, check_memory
from fastopt.optimizers import LBFGS, LevenbergMarquardt, Newton, Optimizer, registry
from fastopt.training.data import Data
from fastopt.training.loop import Watcher
from fastopt.training.stopping import Stopping

# What a method that does not fit into memory is to be replaced by.
_INSTEAD = {
    "second_order": "LBFGS with few pairs, or a first-order method such as Adam",
    "first_order": "a smaller network, or float32",
}


def make_full_batch_solver(
    network: Any, data: Data, optimizer: Any, loss: Any, l2: float, clip: Any
) -> _core.NetworkSolver:
    """Return the solver of a method on a network, or refuse what cannot work."""
    name = type(optimizer).__name__
    check_float64(network.dtype, name)
    if clip is not None:
        raise ValueError(f"clip belongs to first-order methods; {name} chooses its own step")
    w0 = np.array(network.parameters)
    if isinstance(optimizer, LevenbergMarquardt):
        _check_squares(loss)
        squares = _core.NetworkSquares(network._core, data.native, l2)
        least_squares = _core.LevenbergMarquardtSolver(
            squares,
            w0,
            damping=optimizer.damping,
            damping_rule=optimizer.damping_rule,
            scaling=optimizer.scaling,
            damping_max=optimizer.damping_max,
            # Who gives ν₀ has chosen how long the first step is.
            linear_from=squares.linear_from if optimizer.damping is None else 0,
        )
        return _core.NetworkSolver(network._core, least_squares, squares.scale)
    if isinstance(optimizer, Newton):
        check_twice_differentiable(loss, name)
    objective = _core.NetworkObjective(network._core, data.native, loss, l2)
    return _core.NetworkSolver(network._core, optimizer.make_solver(objective, w0), 1.0)


def loss_of_method(network: Any, data: Data, optimizer: Any, loss: Any, l2: float) -> float:
    """Return E as a method itself computes it: kernels differ by rounding, near 0 by much of E."""
    if isinstance(optimizer, LevenbergMarquardt):
        squares = _core.NetworkSquares(network._core, data.native, l2)
        return squares.value(np.array(network.parameters)) * squares.scale
    return float(network._evaluation(data, loss, l2).value())


def own_criteria(
    optimizer: Optimizer, has_validation: bool
) -> tuple[list[Watcher], list[Callback]]:
    """Return the watchers and callbacks that a method brings along."""
    watchers: list[Watcher] = []
    callbacks: list[Callback] = []
    if isinstance(optimizer, LevenbergMarquardt):
        if optimizer.gradient_norm is not None:
            watchers.append(Stopping(gradient_norm=optimizer.gradient_norm).watcher())
        if optimizer.validation_failures is not None and has_validation:
            callbacks.append(EarlyStopping("val_loss", patience=optimizer.validation_failures))
    return watchers, callbacks


def check_memory_of_run(optimizer: Optimizer, network: Any, n_samples: int, n_epochs: int) -> None:
    """Refuse a run that would not fit into memory, before anything is allocated."""
    kinds = ((name, kind) for name, kind in registry.items() if isinstance(kind, type))
    method = next((name for name, kind in kinds if isinstance(optimizer, kind)), None)
    if method is None and optimizer.kind == "first_order":
        return  # a rule of the user's own
    if method is None:
        raise ValueError(
            f"{type(optimizer).__name__} does not train networks: optimizer must be one of "
            f"{', '.join(map(repr, registry))} or an object of their classes"
        )
    check_memory(
        method,
        network.n_parameters,
        _INSTEAD.get(optimizer.kind, ""),
        n_samples,
        network.layer_sizes[-1],
        # An iteration makes a pair at most.
        memory=max(1, min(optimizer.memory, n_epochs)) if isinstance(optimizer, LBFGS) else 10,
        itemsize=network.dtype.itemsize if optimizer.kind == "first_order" else BYTES,
    )


def _check_squares(loss: Any) -> None:
    if loss != "mse":
        shown = "a loss of your own" if callable(loss) else repr(loss)
        raise ValueError(
            f"LevenbergMarquardt minimises sums of squares, loss='mse', not {shown}: use BFGS, "
            "LBFGS, DFP, Newton or SteepestDescent, or a first-order method such as Adam"
        )
