"""``MLP.fit``: everything is checked, a solver is made, and the loop runs it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fastopt import _core
from fastopt._errors import DivergenceError
from fastopt.callbacks import Callback, Callbacks
from fastopt.clip import Clip
from fastopt.optimizers import Optimizer
from fastopt.schedules import AdaptiveLearningRate
from fastopt.training.context import Run
from fastopt.training.data import Data
from fastopt.training.history import History
from fastopt.training.loop import Watcher, run
from fastopt.training.metrics import Metrics
from fastopt.training.progress import Progress
from fastopt.training.second_order import own_criteria
from fastopt.training.stopping import Stopping


class Training:
    """One call of ``fit``, from the checked arguments to the History.

    Its methods are the watchers of the loop that belong to networks: they write the History, mind
    divergence and drive the adaptive learning rate.
    """

    def __init__(
        self,
        network: Any,
        data: Data,
        optimizer: Optimizer,
        loss: Any,
        *,
        epochs: int,
        batch_size: int,
        shuffle: bool,
        validation: Data | None,
        metrics: Metrics,
        l2: float,
        clip: Clip | None,
        gradient_norm: bool,
        layer_gradient_norms: bool,
        seed: int,
        initial_epoch: int | History,
    ) -> None:
        self.network, self.data, self.validation = network, data, validation
        self.metrics = metrics
        self.seed = seed
        self.history = History()
        first, state = 0, None
        if isinstance(initial_epoch, History):
            first, state = self._continue(initial_epoch)
        else:
            first = initial_epoch
        if first > epochs:
            raise ValueError(f"initial_epoch must be at most epochs={epochs}, got {first}")
        self.run = Run(network, optimizer, self.history, epochs, first)
        self._iterations = 0
        self._told_rate: float | None = None
        self.solver = network._solver(
            data, optimizer, loss, batch_size, shuffle, self.seed, l2, clip, gradient_norm
        )
        if state is not None and self._fits(state["solver"], loss, l2):
            self.solver.import_state(state["solver"])
            self._iterations = int(state["solver"].get("iteration", 0))
            reached = state["learning_rate"]
            if reached is not None and state["given_rate"] == self.run.given_rate:
                self.run.learning_rate = reached
        elif first and hasattr(self.solver, "set_learning_rates"):
            self.solver.import_state({**self.solver.export_state(), "epoch": first})
        self._validation_loss = (
            None if validation is None else network._evaluation(validation, loss)
        )
        self._flows = network._flow_evaluation(data, loss, l2) if layer_gradient_norms else None
        self._first_order = hasattr(self.solver, "set_learning_rates")
        # A run that goes on counts its seconds on.
        self._start = time.perf_counter() - (self.history.seconds[-1] if self.history.epoch else 0)

    def _continue(self, history: History) -> tuple[int, dict[str, Any] | None]:
        """Take up the epochs of an earlier run."""
        for i, epoch in enumerate(history.epoch):
            self.history.append(epoch, **{name: history[name][i] for name in history.columns})
        return (history.epoch[-1] + 1 if history.epoch else 0), history.solver_state

    def _fits(self, state: dict[str, Any], loss: Any, l2: float) -> bool:
        """Whether a state is of the present problem: a full-batch method's holds weights and E.

        A state of another method is none of these: it is refused where it is imported.
        """
        if "w" not in state or set(state) != set(self.solver.export_state()):
            return True
        if not np.array_equal(state["w"], self.network.parameters):
            return False
        value = self.network._evaluation(self.data, loss, l2).value()
        return math.isclose(value, self.history.loss[-1], rel_tol=1e-9, abs_tol=1e-300)

    def execute(
        self, callbacks: list[Callback], stopping: Stopping | None, verbose: int
    ) -> History:
        """Run the loop; whatever ends it, the History says what."""
        criteria, own_callbacks = own_criteria(self.run.optimizer, self.validation is not None)
        called = Callbacks([*callbacks, *own_callbacks], self.run)
        history, first, epochs = self.history, self.run.epoch, self.run.epochs
        progress = Progress(history, epochs, first) if verbose else None
        watchers: list[Watcher] = [self.record]
        if stopping is not None:
            watchers.append(stopping.watcher())
        watchers += [*criteria, called]
        if progress is not None:
            watchers.append(progress)
        before: list[Callable[[int], None]] = [called.before]
        if self._first_order:
            before.append(self.set_learning_rates)
        try:
            called.train_begin()
            reason = self.run.stop_reason or run(
                self.solver, range(first, epochs), watchers, before
            )
            history.stop_reason = reason or "epochs"
            called.train_end()
        except BaseException as error:
            history.stop_reason = (
                "interrupted" if isinstance(error, KeyboardInterrupt) else type(error).__name__
            )
            raise
        finally:
            if progress is not None:
                progress.close()
        history.solver_state = {
            "solver": self.solver.export_state(),
            "seed": self.seed,
            "learning_rate": None
            if self.run.has_schedule or not self._first_order
            else self.run.learning_rate,
            "given_rate": self.run.given_rate,
        }
        return history

    def set_learning_rates(self, epoch: int) -> None:
        """Before each epoch: tell η of each of its iterations."""
        if not self.run.has_schedule and self.run.learning_rate == self._told_rate:
            return  # the solver has them from an epoch before
        n = self.solver.iterations_per_epoch
        self.solver.set_learning_rates(self.run.rates(epoch * n, n))
        self._told_rate = None if self.run.has_schedule else self.run.learning_rate

    def record(self, epoch: int, report: Any) -> str | None:
        """Write the History; raise DivergenceError where training left the finite numbers."""
        loss, step_norm = report.loss, report.step_norm
        if self._adapts and not self._adapt(loss):
            loss, step_norm = self.solver.undo(), 0.0
        if not math.isfinite(loss) or report.status == "diverged":
            self.solver.restore_best()
            step = max(0, report.iterations - self._iterations - 1)
            raise DivergenceError(epoch, step, loss, self.history)
        self._iterations = report.iterations
        row: dict[str, Any] = {"loss": loss}
        if self.metrics:
            row |= self._metrics_of(self.data)
        if self._validation_loss is not None and self.validation is not None:
            row["val_loss"] = self._validation_loss.value()
            if self.metrics:
                values = self._metrics_of(self.validation)
                row |= {f"val_{name}": value for name, value in values.items()}
        row["step_norm"] = step_norm
        for name in ("learning_rate", "gradient_norm", "clipped", "step_length", "damping"):
            value = getattr(report, name)
            row[name] = None if math.isnan(value) else value
        row["positive_definite"] = report.positive_definite
        if self._flows is not None:
            row["layer_gradient_norms"] = self.network._gradient_norms(self._flows)
        if not self._first_order:
            row["n_value"], row["n_gradient"] = report.n_value, report.n_gradient
            row["n_hessian"] = report.n_hessian
        self.history.append(epoch, **row, seconds=time.perf_counter() - self._start)
        return None

    @property
    def _adapts(self) -> bool:
        rate = getattr(self.run.optimizer, "learning_rate", None)
        return isinstance(rate, AdaptiveLearningRate)

    def _adapt(self, loss: float) -> bool:
        """Move η by the adaptive rule; return whether the step is kept."""
        rule: AdaptiveLearningRate = self.run.optimizer.learning_rate  # type: ignore[attr-defined]
        rate = self.run.learning_rate
        self.run.learning_rate, keep = rule.decide(rate, self.solver.loss_before, loss)
        return keep

    def _metrics_of(self, data: Data) -> dict[str, float]:
        outputs = self.network._core.predict(data.inputs, data.rows)
        return self.metrics(outputs, data.targets_of_rows(), data.classes)


def make_epoch_solver(
    network: Any,
    data: Data,
    optimizer: Any,
    loss: Any,
    batch_size: int,
    shuffle: bool,
    seed: int,
    l2: float,
    clip: Clip | None,
    gradient_norm: bool,
) -> Any:
    """Return the solver of a first-order rule: a step is an epoch."""
    rule, settings, weight_decay = optimizer._rule()
    adaptive = isinstance(optimizer.learning_rate, AdaptiveLearningRate)
    solver = _core.EpochF32 if network.dtype == np.float32 else _core.EpochF64
    return solver(
        network._core,
        data.native,
        loss,
        rule,
        settings,
        weight_decay,
        batch_size,
        shuffle,
        seed,
        l2,
        "" if clip is None else clip.kind,
        0.0 if clip is None else clip.limit,
        gradient_norm,
        adaptive,
    )
