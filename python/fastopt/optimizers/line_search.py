"""What all methods share that search along a line in each iteration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._settings import choice, number
from fastopt.optimizers.base import Kind, Optimizer

LINE_SEARCHES = ("wolfe", "exact")
# Settings of the search and of its end, which all methods have.
_SHARED = ("line_search", "c1", "c2", "gtol", "xrtol", "ftol")


class LineSearchOptimizer(Optimizer):
    """Base of the methods that search along a line in each iteration.

    A subclass names its method in C++ and declares, beside its own settings, those that are named
    here. Its own are numbers, which the method finds by their names.
    """

    kind: ClassVar[Kind] = "second_order"
    full_batch: ClassVar[bool] = True
    method: ClassVar[str]

    line_search: str | None
    c1: float
    c2: float
    gtol: float | None
    xrtol: float

    def __post_init__(self) -> None:
        self._check_wolfe()

    def _check_wolfe(self) -> None:
        if not self.c1 < self.c2:
            raise ValueError(f"c1 must be below c2, got c1={self.c1!r}, c2={self.c2!r}")

    def make_solver(self, objective: _core.Objective, w0: npt.NDArray[np.float64]) -> Any:
        """Return the solver at work on an objective, starting from a copy of ``w0``."""
        own = {name: float(value) for name, value in self._own().items()}
        settings = self._line_search_settings()
        return _core.LineSearchSolver(self.method, objective, w0, settings, own)

    def _own(self) -> dict[str, Any]:
        """Return the settings that are the method's own, by the names that C++ knows them by."""
        return {k: v for k, v in self.get_params().items() if k not in _SHARED}

    def _line_search_settings(self, fixed_length: float = math.nan) -> _core.LineSearchSettings:
        self._check_wolfe()
        return _core.LineSearchSettings(
            line_search=self.line_search or "wolfe",
            c1=self.c1,
            c2=self.c2,
            fixed_length=fixed_length,
            gtol=math.nan if self.gtol is None else self.gtol,
            xrtol=self.xrtol,
            ftol=getattr(self, "ftol", 0.0),
        )


def tolerance() -> Any:
    """Declare ``gtol``: a number ≥ 0, or None for the test that knows the scale."""
    return number(None, optional=True, low=0)


def search(optional: bool = False) -> Any:
    """Declare ``line_search``."""
    return choice(LINE_SEARCHES, "wolfe", optional=optional)


@dataclass
class _VariableMetric(LineSearchOptimizer):
    """Base of BFGS and DFP."""

    metric: ClassVar[str]

    scale_initial: bool

    def make_solver(
        self, objective: _core.Objective, w0: npt.NDArray[np.float64]
    ) -> _core.QuasiNewtonSolver:
        """Return the solver at work on an objective, starting from a copy of ``w0``."""
        return _core.QuasiNewtonSolver(
            objective, w0, self._line_search_settings(), self.metric, self.scale_initial
        )
