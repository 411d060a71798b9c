"""``MLP.fit``: everything is checked, a solver is made, and the loop runs it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from copy import copy
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
        self.history, state = History(), None
        if isinstance(initial_epoch, History):
            self.history, state = self._continue(initial_epoch)
            first = state["epoch"]
        else:
            first = initial_epoch
        if first > epochs:
            raise ValueError(f"initial_epoch must be at most epochs={epochs}, got {first}")
        self.run = Run(network, optimizer, self.history, epochs, first)
        self._next_epoch, self._begun, self._iterations = first, False, 0
        self._ended: str | None = None  # why the solver cannot usefully go on
        self._told_rate: float | None = None
        self.solver = network._solver(
            data, optimizer, loss, batch_size, shuffle, self.seed, l2, clip, gradient_norm
        )
        self._first_order = hasattr(self.solver, "set_learning_rates")
        if state is not None and self._fits(state, loss, l2):
            self.solver.import_state(state["solver"])
            self._iterations, self._ended = self._updates(state["solver"]), state["ended"]
            reached = state["learning_rate"]
            if reached is not None and state["given_rate"] == self.run.given_rate:
                self.run.learning_rate = reached
        elif first and self._first_order:
            self.solver.import_state({**self.solver.export_state(), "epoch": first})
        self._validation_loss = (
            None if validation is None else network._evaluation(validation, loss)
        )
        self._flows = network._flow_evaluation(data, loss, l2) if layer_gradient_norms else None
        # A run that goes on counts its seconds on.
        self._start = time.perf_counter() - (self.history.seconds[-1] if self.history.epoch else 0)

    @staticmethod
    def _continue(history: History) -> tuple[History, dict[str, Any]]:
        """Return the rows of an earlier run, and its state."""
        rows = copy(history)
        rows.stop_reason = rows.solver_state = None
        return rows, history.solver_state or {}

    def _fits(self, state: dict[str, Any], loss: Any, l2: float) -> bool:
        """Whether a state is of the present problem: a full-batch method's holds weights and E.

        A state of another method is none of these: it is refused where it is imported. One of
        another size, as of L-BFGS with another memory, does not fit.
        """
        solver = state["solver"]
        own = {name: np.size(value) for name, value in self.solver.export_state().items()}
        if "w" not in solver or set(solver) != set(own):
            return True
        if any(np.size(solver[name]) != size for name, size in own.items()):
            return False
        if state["ended"] and state["optimizer"] != repr(self.run.optimizer):
            return False  # with other settings there may be a way on
        if not self.history.epoch or not np.array_equal(solver["w"], self.network.parameters):
            return False
        value = self.network._evaluation(self.data, loss, l2).value()
        return math.isclose(value, self.history.loss[-1], rel_tol=1e-9, abs_tol=1e-300)

    def execute(
        self, callbacks: list[Callback], stopping: Stopping | None, verbose: int
    ) -> History:
        """Run the loop; whatever ends it, the History says what, and how to go on."""
        criteria, own_callbacks = own_criteria(self.run.optimizer, self.validation is not None)
        if stopping is not None:
            criteria.insert(0, stopping.watcher())
        with Callbacks([*callbacks, *own_callbacks], self.run) as called:
            self.network.history_ = self.history
            self._run_loop(called, criteria, verbose)
        return self.history

    def _run_loop(self, called: Callbacks, criteria: list[Watcher], verbose: int) -> None:
        history, first, epochs = self.history, self.run.epoch, self.run.epochs
        progress = Progress(history, epochs, first) if verbose else None
        watchers: list[Watcher] = [self.record, *criteria, called]
        if progress is not None:
            watchers.append(progress)
        before: list[Callable[[int], None]] = [self.begin_epoch, called.before]
        if self._first_order:
            before.append(self.set_learning_rates)
        try:
            start = self.run.weights
            called.train_begin()
            if not np.array_equal(self.run.weights, start):
                self._ended = None  # from other weights there may be a way on
            reason = self.run.stop_reason or self._ended
            if reason is None:
                reason = run(self.solver, range(first, epochs), watchers, before)
            history.stop_reason = reason or "epochs"
            called.train_end()
            history.solver_state = self._state()
        except BaseException as error:
            history.stop_reason = (
                "interrupted" if isinstance(error, KeyboardInterrupt) else type(error).__name__
            )
            if not isinstance(error, DivergenceError):
                history.solver_state = self._state()
            raise
        finally:
            if progress is not None:
                progress.close()

    def begin_epoch(self, epoch: int) -> None:
        """Before each epoch, and before callbacks move the learning rate for it."""
        self._begun, self._rate_before = True, self._rate()

    def _rate(self) -> float | None:
        """Return the learning rate that has been reached, where it is a number."""
        follows = self.run.has_schedule or not self._first_order
        return None if follows else self.run.learning_rate

    def _state(self) -> dict[str, Any]:
        """Return what a run needs to go on from here."""
        solver, rate = self.solver.export_state(), self._rate()
        if self._begun:
            solver, rate = self._break_off(solver)
        if self._first_order:
            solver["epoch"] = self._next_epoch
        return {
            "solver": solver,
            "epoch": self._next_epoch,
            "seed": self.seed,
            "learning_rate": rate,
            "given_rate": self.run.given_rate,
            "ended": self._ended,
            "optimizer": repr(self.run.optimizer),
        }

    def _break_off(self, solver: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
        """Return state and learning rate to go on with where the present epoch has no row.

        Either all of its updates were made and the next epoch follows, or it is to be repeated. One
        update is all of a full batch; of mini-batches the solver counts the epochs that it ended.
        """
        updates = self._updates(solver) - self._iterations
        if updates > 0 and self._adapts:
            self.solver.undo()  # nobody has judged the step
            return self.solver.export_state(), self._rate_before
        in_parts = self._first_order and self.solver.iterations_per_epoch > 1
        if updates == 0 or (in_parts and solver["epoch"] == self._next_epoch):
            return solver, self._rate_before
        if not self._first_order:
            self._append(self._next_epoch, {"loss": solver["loss"] * self.solver.scale})
        self._next_epoch += 1
        return solver, self._rate()

    @staticmethod
    def _updates(solver: dict[str, Any]) -> int:
        """Return how many updates of the weights a state knows of."""
        return int(solver["iteration"] if "iteration" in solver else solver["iterations"])

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
            raise DivergenceError(epoch, step, loss, self.history, not self._first_order)
        self._iterations = report.iterations
        self._ended = None if report.status == "running" else report.status
        row: dict[str, Any] = {"loss": loss}
        try:
            self._evaluate(row)
        finally:  # what is known is told, whatever a metric raises
            self._add_numbers(row, report, step_norm)
            self._append(epoch, row)
            self._begun, self._next_epoch = False, epoch + 1
        return None

    def _evaluate(self, row: dict[str, Any]) -> None:
        """Add what is computed with the weights after the epoch."""
        if self.metrics:
            row |= self._metrics_of(self.data)
        if self._validation_loss is not None and self.validation is not None:
            row["val_loss"] = self._validation_loss.value()
            if self.metrics:
                values = self._metrics_of(self.validation)
                row |= {f"val_{name}": value for name, value in values.items()}
        if self._flows is not None:
            row["layer_gradient_norms"] = self.network._gradient_norms(self._flows)

    def _add_numbers(self, row: dict[str, Any], report: Any, step_norm: float) -> None:
        """Add what the solver reports."""
        row["step_norm"] = step_norm
        for name in ("learning_rate", "gradient_norm", "clipped", "step_length", "damping"):
            value = getattr(report, name)
            row[name] = None if math.isnan(value) else value
        row["positive_definite"] = report.positive_definite
        if not self._first_order:
            row["n_value"], row["n_gradient"] = report.n_value, report.n_gradient
            row["n_hessian"] = report.n_hessian

    def _append(self, epoch: int, row: dict[str, Any]) -> None:
        self.history.append(epoch, **row, seconds=time.perf_counter() - self._start)

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
