"""Descent on a function with a learning rate that follows its values."""

from __future__ import annotations

import math
from typing import Any

from fastopt import _core
from fastopt.schedules import AdaptiveLearningRate


class AdaptiveDescent:
    """A solver whose steps a rule judges: η rises, falls, or the step is undone.

    All else is the solver's own.
    """

    def __init__(self, solver: _core.DescentSolver, rule: AdaptiveLearningRate) -> None:
        self._solver, self._rule, self._rate = solver, rule, rule.initial
        self._made = 0
        solver.set_learning_rates([rule.initial])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._solver, name)

    def step(self, last: bool = False) -> _core.Report:
        """Make a step, and take it back where the rule says so."""
        report = self._solver.step(last)
        failed = report.status == "diverged"  # without an iteration: x stays
        if report.iterations == self._made and not failed:
            return report  # it has ended before the step
        before = self._solver.loss if failed else self._solver.loss_before
        loss = math.inf if failed else report.loss
        self._rate, keep = self._rule.decide(self._rate, before, loss)
        if not keep:
            report = self._solver.undo(report)
        self._solver.set_learning_rates([self._rate])
        self._made = report.iterations
        return report

    def steps(self, count: int) -> _core.Reports:
        """Make up to ``count`` steps, until it ends by itself."""
        reports = _core.Reports()
        for i in range(count):
            reports.append(self.step(i == count - 1))
            if reports[-1].status != "running":
                break
        return reports
