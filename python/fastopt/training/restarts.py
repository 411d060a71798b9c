"""Several starts of one training, one after the other, of which the best is kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastopt import _validation
from fastopt._errors import DivergenceError
from fastopt.callbacks import EarlyStopping, as_list
from fastopt.optimizers import LevenbergMarquardt, resolve
from fastopt.training.history import History


def best_of_starts(network: Any, restarts: Any, settings: dict[str, Any]) -> History:
    """Fit a network from several starts and leave it as the best of them; return its History.

    The first start is the network as it is. The others have weights of their own, drawn by the
    network's initializer from seeds that follow from its own, and are alike otherwise. The best
    has the smallest ``val_loss``, without validation data the smallest ``loss``, of the weights
    that it ends with. A start that diverges is left out, unless all do.
    """
    count = _validation.integer("restarts", restarts, low=1)
    if isinstance(settings["initial_epoch"], History):
        raise ValueError(
            f"restarts={count} begins anew, and initial_epoch is the History of a run that goes "
            "on: give one of them"
        )
    if network._initializer is False:  # arrays
        raise ValueError(f"restarts={count}: an initializer that is an array starts all alike")
    seeds = np.random.SeedSequence(network._seed).generate_state(count, np.uint64)
    ends_at_best = _ends_at_best(settings)
    best: tuple[float, History, Any, Any] | None = None
    failure = None
    for number in range(count):
        if number:
            network._start_anew(int(seeds[number]))
        try:
            history = network.fit(**settings)
        except DivergenceError as error:
            failure = error
            continue
        value = _value(history, ends_at_best)
        if best is None or value < best[0]:
            best = value, history, network.parameters.copy(), network.statistics.copy()
    if best is None:
        assert failure is not None
        raise failure
    _, history, parameters, statistics = best
    network.parameters = parameters
    network.statistics[:] = statistics
    network.history_ = history
    return history


def _ends_at_best(settings: dict[str, Any]) -> bool:
    """Whether a run ends with the weights of its best epoch."""
    optimizer = resolve(settings["optimizer"])
    if isinstance(optimizer, LevenbergMarquardt) and optimizer.validation_failures is not None:
        return True
    return any(
        isinstance(callback, EarlyStopping) and callback.restore_best_weights
        for callback in as_list(settings["callbacks"])
    )


def _value(history: History, ends_at_best: bool) -> float:
    """Return what a start is judged by; NaN, which none has reached, is the worst."""
    if not len(history):
        return math.inf
    column = history["val_loss" if "val_loss" in history else "loss"]
    value = float(np.nanmin(column)) if ends_at_best else column[-1]
    return math.inf if math.isnan(value) else value
