"""What schedules share: they say η of iterations that are known ahead."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from fastopt._settings import Settings

Rates = npt.NDArray[np.float64]


class Schedule(Settings, ABC):
    """Base of all schedules."""

    @property
    def needs_epoch(self) -> bool:
        """Whether the number of the epoch counts."""
        return False

    @abstractmethod
    def rates(self, first_iteration: int, n_iterations: int, epoch: int | None = None) -> Rates:
        """Return η for iterations ``first_iteration``, … of one epoch, shape (n_iterations,)."""

    def __call__(self, i: int, epoch: int | None = None) -> float:
        """Return η of iteration ``i``."""
        return float(self.rates(i, 1, epoch)[0])


class OfIterations(Schedule):
    """A formula of i alone."""

    @abstractmethod
    def _formula(self, i: Rates) -> Rates: ...

    def rates(self, first_iteration: int, n_iterations: int, epoch: int | None = None) -> Rates:
        i = np.arange(first_iteration, first_iteration + n_iterations, dtype=np.float64)
        return self._formula(i)


class OfEpochs(Schedule):
    """A formula of the number of the epoch alone."""

    @property
    def needs_epoch(self) -> bool:
        """The number of the epoch is all that counts."""
        return True

    @abstractmethod
    def _of_epoch(self, epoch: int) -> float: ...

    def rates(self, first_iteration: int, n_iterations: int, epoch: int | None = None) -> Rates:
        """Return the value of ``epoch`` for each iteration."""
        if epoch is None:
            name = type(self).__name__
            raise ValueError(f"{name} counts epochs: it needs the number of the epoch")
        return np.full(n_iterations, self._of_epoch(epoch))

    def __call__(self, i: int, epoch: int | None = None) -> float:
        """Return η of epoch ``i`` (or ``epoch``, where both are given)."""
        return self._of_epoch(i if epoch is None else epoch)
