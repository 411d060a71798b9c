"""What belongs to one method: its criteria, the loss as it computes it, the memory it needs."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastopt.callbacks import Callback, EarlyStopping
from fastopt.memory import BYTES, check_memory
from fastopt.optimizers import LBFGS, FirstOrder, Optimizer, registry
from fastopt.training.loop import Watcher
from fastopt.training.problem import Problem
from fastopt.training.solvers import SUMS_OF_SQUARES, objective_of, squares_of
from fastopt.training.stopping import Stopping

# What a method that does not fit into memory is to be replaced by.
_INSTEAD = {
    "second_order": "LBFGS with few pairs, or a first-order method such as Adam",
    "first_order": "a smaller network, or float32",
}


def loss_of_method(problem: Problem, optimizer: Any, w: Any) -> float:
    """Return E as a method itself computes it: kernels differ by rounding, near 0 by much of E.

    ``w`` holds the variables that it moves.
    """
    w = problem.network._trainable.scattered(w, problem.network.parameters)
    if isinstance(optimizer, SUMS_OF_SQUARES):
        squares = squares_of(problem)
        return squares.value(w) * squares.scale
    return objective_of(problem).value_and_gradient(w)[0] + problem.l1_part(w)


def own_criteria(
    optimizer: Optimizer, has_validation: bool
) -> tuple[list[Watcher], list[Callback]]:
    """Return the watchers and callbacks that a method brings along."""
    watchers: list[Watcher] = []
    callbacks: list[Callback] = []
    if isinstance(optimizer, SUMS_OF_SQUARES) and optimizer.gradient_norm is not None:
        watchers.append(Stopping(gradient_norm=optimizer.gradient_norm).watcher())
    failures = getattr(optimizer, "validation_failures", None)
    if failures is not None and has_validation:
        callbacks.append(EarlyStopping("val_loss", patience=failures))
    return watchers, callbacks


@cache
def _name_of(kind: type[Optimizer]) -> str | None:
    """Return the name of a class or of the one that it derives from."""
    known = ((name, one) for name, one in registry.items() if isinstance(one, type))
    return next((name for name, one in known if issubclass(kind, one)), None)


def check_memory_of_run(optimizer: Optimizer, problem: Problem, n_epochs: int) -> None:
    """Refuse a run that would not fit into memory, before anything is allocated."""
    method: str | FirstOrder | None = (
        optimizer if isinstance(optimizer, FirstOrder) else _name_of(type(optimizer))  # type: ignore[arg-type]
    )
    if method is None and optimizer.kind == "first_order":
        return  # a rule of the user's own
    if method is None:
        raise ValueError(
            f"{type(optimizer).__name__} does not train networks: optimizer must be one of "
            f"{', '.join(map(repr, registry))} or an object of their classes"
        )
    network = problem.network
    check_memory(
        method,
        network.n_parameters,
        _INSTEAD.get(optimizer.kind, ""),
        len(problem.data),
        network.layer_sizes[-1],
        # An iteration makes a pair at most.
        memory=max(1, min(optimizer.memory, n_epochs)) if isinstance(optimizer, LBFGS) else 10,
        itemsize=network.dtype.itemsize if optimizer.kind == "first_order" else BYTES,
        trainable=network._trainable.size,
        l1=problem.l1 > 0,
        separable=_output_weights(network) if getattr(optimizer, "separable", False) else 0,
    )


def _output_weights(network: Any) -> int:
    """Return how many there are beside those of hidden layers."""
    inputs, outputs = network.layer_sizes[-2:]
    return int((inputs + 1) * outputs) if len(network.layer_sizes) > 2 else 0
