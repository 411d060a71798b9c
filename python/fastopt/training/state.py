"""The state that a run leaves in its History, checked before anything of it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

from fastopt.training.history import History

_LARGEST_SEED = 2**64 - 1
_MOST_EPOCHS = 2**53  # as the counts of a solver


def _is_integer(value: Any, most: int) -> bool:
    integer = isinstance(value, Integral) and not isinstance(value, bool)
    return integer and 0 <= int(value) <= most


def _is_rate(value: Any) -> bool:
    number = isinstance(value, Real) and not isinstance(value, bool) and value < 1e300
    return value is None or (number and value >= 0)


_FIELDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "solver": ("a dict", lambda value: isinstance(value, Mapping)),
    "rule": ("the name of a rule or None", lambda value: value is None or isinstance(value, str)),
    "epoch": ("an integer >= 0", lambda value: _is_integer(value, _MOST_EPOCHS)),
    "seed": ("an integer in [0, 2**64)", lambda value: _is_integer(value, _LARGEST_SEED)),
    "learning_rate": ("a number in [0, 1e300) or None", _is_rate),
    "given_rate": ("the repr of a learning rate", lambda value: isinstance(value, str)),
    "ended": ("a reason or None", lambda value: value is None or isinstance(value, str)),
    "skipped_updates": ("an integer >= 0", lambda value: _is_integer(value, _MOST_EPOCHS)),
    "optimizer": ("the repr of an optimizer", lambda value: isinstance(value, str)),
}


def check_state(history: History) -> None:
    """Refuse a state that no run can have left, with the name of the field.

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
    # An epoch that was broken off with all of its updates made has no row.
    if history.epoch and not 1 <= state["epoch"] - history.epoch[-1] <= 2:
        raise ValueError(
            f"solver_state['epoch'] must follow the last row of the History, {history.epoch[-1]}, "
            f"got {state['epoch']}"
        )
    of_solver = state["solver"].get("epoch", state["epoch"])
    if not _is_integer(of_solver, _MOST_EPOCHS) or of_solver != state["epoch"]:
        raise ValueError(
            f"solver_state['solver']['epoch'] must be {state['epoch']}, as solver_state['epoch'], "
            f"got {of_solver!r}"
        )
