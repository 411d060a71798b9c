"""What the training loop and the callbacks share while a run lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.optimizers.base import Optimizer
from fastopt.schedules import AdaptiveLearningRate, Schedule
from fastopt.training.history import History
from fastopt.training.state import RunState


class Run:
    """One call of ``fit``, as callbacks see it.

    Attributes
    ----------
    network : MLP
        What is trained.
    optimizer : Optimizer
        Its hyperparameters; never changed by a run.
    history : History
        All epochs so far, the one that just ended included.
    epochs : int
        The number of the last epoch plus one.
    epoch : int
        The number of the present epoch.
    stop_reason : str or None
        What :meth:`stop` was called with; the run ends with the present epoch.
    """

    def __init__(
        self, network: Any, optimizer: Optimizer, history: History, epochs: int, epoch: int = 0
    ) -> None:
        self.network, self.optimizer, self.history = network, optimizer, history
        self.epochs, self.epoch = epochs, epoch
        self.stop_reason: str | None = None
        #: Returns the state of the run after its last whole epoch, complete.
        self.snapshot: Callable[[], RunState]
        #: What rows and validation are of, where it is not what is trained; as :meth:`save` has it.
        self.judged: Any = None
        #: What was trained, where the run has ended with something else in the network.
        self.trained: Any = None
        self._schedule: Schedule | None = None
        self._learning_rate: float | None = None
        rate = optimizer._followed_rate
        if optimizer.kind != "first_order":
            rate = None  # Newton's η belongs to its pure form: no callback moves it
        #: The learning rate as the optimiser gives it: a number, a schedule or a rule.
        self.optimizer_rate = rate
        #: The same in words, to tell whether another one is given when a run goes on.
        self.given_rate = repr(rate)
        if isinstance(rate, Schedule):
            self._schedule = rate
        elif isinstance(rate, AdaptiveLearningRate):
            self._learning_rate = rate.initial
        else:
            self._learning_rate = rate

    def stop(self, reason: str = "callback") -> None:
        """End the run after the present epoch; the first reason counts."""
        if self.stop_reason is None:
            self.stop_reason = reason or "callback"  # an empty reason stops the run as well

    @property
    def weights(self) -> npt.NDArray[Any]:
        """A copy of all weights as one flat vector; assigning sets them for the next epoch.

        A second-order method goes on from there as from a start: what it has learned of the
        curvature elsewhere is forgotten, but for Levenberg-Marquardt's damping.
        """
        return np.array(self.network.parameters)

    @weights.setter
    def weights(self, values: npt.NDArray[Any]) -> None:
        self.network.parameters = values

    def save(self) -> Any:
        """Return a copy of all that the network has learned; :meth:`restore` takes it."""
        return self.weights, np.array(getattr(self.network, "statistics", ()))

    def restore(self, saved: Any) -> None:
        """Bring the network back to what :meth:`save` returned."""
        self.weights, statistics = saved
        if len(statistics):
            self.network.statistics[:] = statistics

    def save_judged(self) -> Any:
        """Return a copy of what rows and validation are of, as :meth:`save` does."""
        return self.save() if self.judged is None else tuple(np.copy(part) for part in self.judged)

    @contextmanager
    def as_judged(self) -> Iterator[None]:
        """Let the network hold what rows and validation are of."""
        if self.judged is None:
            yield
            return
        trained = self.save()
        self.restore(self.judged)
        try:
            yield
        finally:
            self.restore(trained)

    def end(self) -> None:
        """Let the network end with what rows and validation are of."""
        if self.judged is not None:
            self.trained = self.save()
            self.restore(self.judged)

    @property
    def has_schedule(self) -> bool:
        """Whether the learning rate follows a schedule of the optimiser's."""
        return self._schedule is not None

    @property
    def learning_rate(self) -> float:
        """The present learning rate; an assigned one holds from the next epoch on.

        Assigning takes the place of the optimiser's number or schedule.
        """
        if self._learning_rate is None and self._schedule is None:
            raise AttributeError(f"{type(self.optimizer).__name__} has no learning rate")
        if self._learning_rate is None:
            raise AttributeError("the learning rate follows a schedule, and no epoch has begun")
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if self._learning_rate is None and self._schedule is None:
            raise AttributeError(
                f"{type(self.optimizer).__name__} has no learning rate for callbacks to set"
            )
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"learning_rate must be a number in [0, inf), got {value!r}")
        self._schedule = None
        self._learning_rate = float(value)

    def rates(self, first_iteration: int, n_iterations: int) -> npt.NDArray[np.float64]:
        """Return η for each iteration of the present epoch."""
        if self._schedule is None:
            return np.full(n_iterations, self.learning_rate)
        rates = self._schedule.rates(first_iteration, n_iterations, self.epoch)
        self._learning_rate = float(rates[-1])
        return rates
