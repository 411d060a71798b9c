"""The rows of a History."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from fastopt._evaluation import flow_evaluation, judge, metrics_of, norms_of
from fastopt.training.history import History
from fastopt.training.metrics import Metrics
from fastopt.training.problem import Problem

# What steps report of themselves, where a method has it.
_OF_STEPS = ("step_norm", "learning_rate", "gradient_norm", "clipped", "step_length", "damping")
_of_steps = attrgetter(*_OF_STEPS)
# What a method that makes several evaluations in a step counts.
_COUNTS = ("n_value", "n_gradient", "n_hessian")


class Recorder:
    """Writes the rows of a run: what the step reports, and what is computed with the new weights.

    Validation data go through one forward pass an epoch, which serves loss and metrics alike.
    """

    def __init__(
        self,
        history: History,
        problem: Problem,
        validation: Any,
        metrics: Metrics,
        layer_norms: bool,
        counts: bool,
        own: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self.history, self._problem, self._metrics = history, problem, metrics
        network = problem.network
        self._validation = None
        if validation is not None:
            self._validation = (
                partial(_judged, network, validation, metrics)
                if validation.in_parts
                else judge(network, validation, problem.loss, metrics)
            )
        self._flows = None
        if layer_norms:
            self._flows = flow_evaluation(
                network, problem.data, problem.loss, problem.l2, problem.l1
            )
        self._counts = _COUNTS if counts else ()
        self._own = own
        # A run that goes on counts its seconds on.
        self._start = time.perf_counter() - (history.seconds[-1] if history.epoch else 0)

    def add(self, epoch: int, report: Any) -> None:
        """Add the row of an epoch whose step was made."""
        row: dict[str, Any] = {"loss": report.loss}
        problem = self._problem
        if self._metrics:
            row |= _measured(problem.network, problem.data, self._metrics)
        if self._validation is not None:
            row |= {f"val_{name}": value for name, value in self._validation().items()}
        if self._flows is not None:
            row["layer_gradient_norms"] = norms_of(self._flows)
        # NaN, which differs from itself, where a method has no such number.
        for name, value in zip(_OF_STEPS, _of_steps(report), strict=True):
            row[name] = value if value == value else None
        if self._own is not dict:
            row |= self._own()
        row["positive_definite"] = report.positive_definite
        for name in self._counts:
            row[name] = getattr(report, name)
        row["seconds"] = time.perf_counter() - self._start
        self.history.append(epoch, **row)


def _measured(network: Any, data: Any, metrics: Metrics) -> dict[str, float]:
    if data.in_parts:
        found: dict[str, float] = data.measured(network.parameters, metrics)
        return found
    return metrics_of(network, metrics, data)


def _judged(network: Any, validation: Any, metrics: Metrics) -> dict[str, float]:
    """Return the loss and the metrics of validation data in parts."""
    values = {"loss": validation.value(network.parameters)}
    return values | _measured(network, validation, metrics) if metrics else values
