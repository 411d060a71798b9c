"""Several starts of one training, of which the best is kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np

from fastopt import _validation
from fastopt._errors import DivergenceError
from fastopt.callbacks import MAXIMISED, EarlyStopping, as_list
from fastopt.optimizers import LevenbergMarquardt, resolve
from fastopt.schedules import Schedule
from fastopt.training.history import History
from fastopt.training.metrics import as_list as metrics_as_list
from fastopt.training.team import side_by_side

# A score of a run: the network and its History to a number, the less the better.
Score = Callable[[Any, History], float]


def best_of_starts(
    network: Any, restarts: Any, settings: dict[str, Any], best_by: str | Score | None
) -> History:
    """Fit a network from several starts and leave it as the best of them; return its History.

    The first start is the network as it is. The others have weights of their own, drawn by the
    network's initializer from seeds that follow from its own, and are alike otherwise. A start that
    diverges is left out, unless all do.
    """
    count = _validation.integer("restarts", restarts, low=1)
    if isinstance(settings["initial_epoch"], History):
        raise ValueError(
            f"restarts={count} begins anew, and initial_epoch is the History of a run that goes "
            "on: give one of them"
        )
    if network._initializer is False:  # arrays
        raise ValueError(f"restarts={count}: an initializer that is an array starts all alike")
    score = _score(settings, best_by)
    seeds = np.random.SeedSequence(network._seed).generate_state(count, np.uint64)
    as_it_is = network.copy()
    in_threads = can_share_time(settings)
    best: tuple[tuple[float, int], Any] | None = None
    failure: DivergenceError | None = None

    def start(number: int) -> Any:
        own, given = network, settings
        if number:
            own = as_it_is.copy()
            own._told_scale = True  # the first start tells
            own._start_anew(int(seeds[number]))
            if in_threads:
                given = settings | {"callbacks": deepcopy(as_list(settings["callbacks"]))}
        try:
            own.fit(**given)
        except DivergenceError as error:
            return error
        return own

    def keep_best(number: int, found: Any) -> None:
        nonlocal best, failure
        if isinstance(found, DivergenceError):
            failure = failure or found
            return
        rank = score(found, found.history_), number
        if best is None or rank < best[0]:
            best = rank, found

    if in_threads:
        side_by_side(start, count, keep_best)
    else:
        for number in range(count):
            keep_best(number, start(number))
    if best is None:
        assert failure is not None
        raise failure
    found = best[1]
    if found is not network:
        network._learn(found._learned())
        network.history_ = found.history_
    history: History = network.history_
    return history


def can_share_time(settings: dict[str, Any]) -> bool:
    """Whether runs may go side by side: no function of the user's is called in another thread."""
    callbacks, metrics = as_list(settings["callbacks"]), metrics_as_list(settings["metrics"])
    rate = getattr(settings["optimizer"], "learning_rate", None)
    functions = (settings["loss"], rate, *metrics)
    return (
        not any(callable(value) and not isinstance(value, Schedule) for value in functions)
        and all(vars(type(callback)).get("_copied_for_starts", False) for callback in callbacks)
        and not settings["verbose"]
    )


def _score(settings: dict[str, Any], best_by: str | Score | None) -> Score:
    """Return what starts are judged by."""
    if callable(best_by):
        return lambda network, history: _or_worst(best_by(network, history))
    if best_by is not None and not isinstance(best_by, str):
        raise TypeError(
            "best_by must be the name of a column of the History or a function (network, history) "
            f"-> number, got {best_by!r}"
        )
    ends_at_best = _ends_at_best(settings)

    def of_column(_: Any, history: History) -> float:
        there = (name for name in ("val_loss", "evidence", "loss") if name in history)
        name = best_by or next(there, "loss")
        if not len(history):
            return math.inf
        if name not in history:
            raise ValueError(
                f"best_by={name!r}: the History has no such column; there are "
                f"{', '.join(history.columns)}"
            )
        sign = -1.0 if name.removeprefix("val_") in MAXIMISED else 1.0
        column = sign * np.asarray(history[name], float)
        if np.isnan(column).all():
            return math.inf
        return _or_worst(np.nanmin(column) if ends_at_best and best_by is None else column[-1])

    return of_column


def _or_worst(value: Any) -> float:
    """Return a number; NaN, which none has reached, is the worst."""
    return math.inf if math.isnan(value) else float(value)


def _ends_at_best(settings: dict[str, Any]) -> bool:
    """Whether a run ends with the weights of its best epoch."""
    optimizer = resolve(settings["optimizer"])
    if isinstance(optimizer, LevenbergMarquardt) and optimizer.validation_failures is not None:
        return True
    return any(
        isinstance(callback, EarlyStopping) and callback.restore_best_weights
        for callback in as_list(settings["callbacks"])
    )
