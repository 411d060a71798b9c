"""Where a run stands, in one record that is checked before anything of it is used."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from fastopt.training.history import History


class RunState(NamedTuple):
    """With the weights of the network, all that going on needs. Immutable; one for each epoch.

    Resuming, checkpoints and Ctrl-C know nothing else. As a dict it is ``History.solver_state``.

    Attributes
    ----------
    epoch : int
        The number of the next row.
    learning_rate : float or None
        That was reached, where it is a number.
    ended : str or None
        Why the solver cannot usefully go on.
    stop : str or None
        Why the run ends, where that is decided and not yet carried out.
    report : dict or None
        Of a step that was made and has no whole row yet: what follows it is to be made again.
    callbacks : tuple of (str, dict)
        The names of the callbacks, and what each wants to go on with.
    moved : array or None
        The weights of the network, where callbacks have set others than the method has.
    solver : dict
        What the method carries from step to step; empty while the solver itself holds it.
    skipped_updates : int
        Of epochs before a first one that was only a number: schedules count them.
    seed, rule, given_rate, optimizer, deciding : int, str
        What the run was started with.
    setting : dict
        In a checkpoint, all that must be the same for it to go on to the same bits, in words.
    """

    epoch: int
    seed: int
    rule: str | None
    given_rate: str
    optimizer: str
    deciding: str
    learning_rate: float | None = None
    ended: str | None = None
    stop: str | None = None
    report: dict[str, Any] | None = None
    callbacks: tuple[tuple[str, dict[str, Any]], ...] = ()
    moved: Any = None
    solver: dict[str, Any] = {}  # noqa: RUF012  # never written to
    skipped_updates: int = 0
    setting: dict[str, Any] = {}  # noqa: RUF012  # as above


def updates_of(solver: dict[str, Any]) -> int:
    """Return how many updates of the weights the state of a solver knows of."""
    return int(solver["iteration"] if "iteration" in solver else solver["iterations"])


_LARGEST_SEED = 2**64 - 1
_MOST_EPOCHS = 2**53  # as the counts of a solver


def _is_integer(value: Any, most: int) -> bool:
    integer = isinstance(value, Integral) and not isinstance(value, bool)
    return integer and 0 <= int(value) <= most


def _is_rate(value: Any) -> bool:
    number = isinstance(value, Real) and not isinstance(value, bool) and value < 1e300
    return value is None or (number and value >= 0)


def _is_report(value: Any) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, Mapping)
        and set(value) == set(REPORTED)
        and all(isinstance(value[name], Real) for name in _NUMBERS)
        and math.isfinite(value["loss"])
        and all(_is_integer(value[name], _MOST_EPOCHS) for name in _COUNTS)
        and value["positive_definite"] in (None, True, False)
        and isinstance(value["status"], str)
    )


def _are_callbacks(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(
        isinstance(entry, tuple | list)
        and len(entry) == 2
        and isinstance(entry[0], str)
        and isinstance(entry[1], Mapping)
        for entry in value
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_reason(value: Any) -> bool:
    return value is None or isinstance(value, str)


_NUMBERS = (
    *("loss", "gradient_norm", "step_norm", "learning_rate", "clipped", "step_length"),
    "damping",
)
_COUNTS = ("n_value", "n_gradient", "n_hessian", "iterations")
# What a step reports.
REPORTED = (*_NUMBERS, *_COUNTS, "positive_definite", "status")

_FIELDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "solver": ("a dict", lambda value: isinstance(value, Mapping)),
    "rule": ("the name of a rule or None", _is_reason),
    "epoch": ("an integer >= 0", lambda value: _is_integer(value, _MOST_EPOCHS)),
    "seed": ("an integer in [0, 2**64)", lambda value: _is_integer(value, _LARGEST_SEED)),
    "learning_rate": ("a number in [0, 1e300) or None", _is_rate),
    "given_rate": ("the repr of a learning rate", _is_text),
    "ended": ("a reason or None", _is_reason),
    "stop": ("a reason or None", _is_reason),
    "report": ("the report of a step or None", _is_report),
    "callbacks": ("pairs of a name and a dict", _are_callbacks),
    "moved": ("an array or None", lambda value: value is None or isinstance(value, np.ndarray)),
    "skipped_updates": ("an integer >= 0", lambda value: _is_integer(value, _MOST_EPOCHS)),
    "optimizer": ("the repr of an optimizer", _is_text),
    "deciding": ("the criteria and callbacks in words", _is_text),
    "setting": ("a dict", lambda value: isinstance(value, Mapping)),
}


def state_of(history: History) -> RunState:
    """Return the state that a run left, or refuse one that none can have left, by the field.

    The numbers and arrays of the solver itself are checked where they are read, all of them before
    the first is used.

    Raises
    ------
    ValueError
        The History holds no state, or one with a field that is missing, unknown or out of range.
    """
    state: Any = history.solver_state
    if state is None:
        raise ValueError(
            "initial_epoch: this History holds no state to go on from, as that of a run that "
            "diverged or has not ended"
        )
    if not isinstance(state, Mapping):
        raise ValueError(f"solver_state must be a dict as fit() leaves it, got {state!r}")
    for name, (wanted, fits) in _FIELDS.items():
        if name not in state:
            raise ValueError(f"solver_state has no entry {name!r}")
        if not fits(state[name]):
            raise ValueError(f"solver_state[{name!r}] must be {wanted}, got {state[name]!r}")
    if unknown := [name for name in state if name not in _FIELDS]:
        raise ValueError(f"solver_state has an unknown entry {unknown[0]!r}")
    made = state["report"] is not None  # the step of an epoch that is not whole
    if history.epoch and not 0 <= state["epoch"] - history.epoch[-1] <= 1:
        raise ValueError(
            f"solver_state['epoch'] must follow the last row of the History, {history.epoch[-1]}, "
            f"got {state['epoch']}"
        )
    of_solver = state["solver"].get("epoch", state["epoch"] + made)
    if not _is_integer(of_solver, _MOST_EPOCHS) or of_solver != state["epoch"] + made:
        raise ValueError(
            f"solver_state['solver']['epoch'] must be {state['epoch'] + made}, as "
            f"solver_state['epoch'] says, got {of_solver!r}"
        )
    return RunState(**state)
