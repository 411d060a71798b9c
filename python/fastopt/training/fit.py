"""``MLP.fit``: everything is checked, a solver is made, and the loop runs it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple

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
from fastopt.training.second_order import check_memory_of_run, loss_of_method, own_criteria
from fastopt.training.stopping import Stopping


class Place(NamedTuple):
    """How far the rows of a run have come."""

    epoch: int  # the number of the next row
    iterations: int = 0  # updates of the weights by then
    ended: str | None = None  # why the solver cannot usefully go on


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
        # Each is changed by one assignment: Ctrl-C may fall between any two.
        self._place = Place(first)
        self._opened: tuple[int, float | None] = (-1, None)  # epoch, learning rate before it
        self._breaking_off = False
        self._told_rate: float | None = None
        # Of epochs before a first one that is only a number: schedules count them as like this one.
        self._skipped = 0
        check_memory_of_run(optimizer, network, len(data), epochs)
        self.solver = network._solver(
            data, optimizer, loss, batch_size, shuffle, self.seed, l2, clip, gradient_norm
        )
        self._first_order = hasattr(self.solver, "set_learning_rates")
        if state is not None and self._fits(state, loss, l2) and self._import(state):
            self._place = Place(first, self._updates(state["solver"]), state["ended"])
            self._skipped = state.get("skipped_updates", 0)
            reached = state["learning_rate"]
            same = self._first_order and state["given_rate"] == self.run.given_rate
            if same and reached is not None:
                self.run.learning_rate = float(reached)
        elif first and self._first_order:
            self.solver.import_state({**self.solver.export_state(), "epoch": first})
            self._skipped = first * self.solver.iterations_per_epoch
        self._validation_loss = (
            None if validation is None else network._evaluation(validation, loss)
        )
        self._make_evaluation: Callable[[], Any] = lambda: network._evaluation(data, loss, l2)
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
        another number of weights does not fit.
        """
        solver = state["solver"]
        own = self.solver.export_state()
        if "w" not in solver or set(solver) != set(own):
            return True
        if np.size(solver["w"]) != np.size(own["w"]):
            return False
        if state["ended"] and state["optimizer"] != repr(self.run.optimizer):
            return False  # with other settings there may be a way on
        if not self.history.epoch or not np.array_equal(solver["w"], self.network.parameters):
            return False
        value = loss_of_method(self.network, self.data, self.run.optimizer, loss, l2)
        return math.isclose(value, self.history.loss[-1], rel_tol=1e-9, abs_tol=1e-300)

    def _import(self, state: dict[str, Any]) -> bool:
        """Take a state over; False: it is one of other settings (L-BFGS with a smaller memory)."""
        try:
            self.solver.import_state(self._state_to_import(state))
        except ValueError:
            if self._first_order or state["optimizer"] == repr(self.run.optimizer):
                raise
            return False
        return True

    def _state_to_import(self, state: dict[str, Any]) -> dict[str, Any]:
        solver: dict[str, Any] = state["solver"]
        if not self._first_order:
            return solver
        if state["rule"] != self._rule:
            raise ValueError(
                f"initial_epoch: the state belongs to the rule {state['rule']!r}, not to "
                f"{self._rule!r}"
            )
        # The weights of an earlier best epoch are gone: the best are those that are there.
        return {**solver, "best_loss": self.history.loss[-1]} if self.history.epoch else solver

    @property
    def _rule(self) -> str | None:
        optimizer: Any = self.run.optimizer
        return str(optimizer._rule()[0]) if self._first_order else None

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
                # From other weights there may be a way on.
                self._place = self._place._replace(ended=None)
            reason = self.run.stop_reason or self._place.ended
            if reason is None:
                reason = self._run_epochs(range(first, epochs), watchers, before)
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

    def _run_epochs(
        self, epochs: range, watchers: list[Watcher], before: list[Callable[[int], None]]
    ) -> str | None:
        """Run the loop; whatever breaks it off, an epoch that has ended gets its row."""
        try:
            return run(self, epochs, watchers, before)
        except DivergenceError:
            raise
        except BaseException:
            self._breaking_off = True
            report = self.solver.latest
            if self._is_open and report.iterations > self._place.iterations:
                if self.history.epoch and self.history.epoch[-1] == self._place.epoch:
                    self._close(report)
                else:
                    self.record(self._place.epoch, self._judged(report))
            raise

    def begin_epoch(self, epoch: int) -> None:
        """Before each epoch, and before callbacks move the learning rate for it."""
        self._opened = epoch, self._rate()

    @property
    def _is_open(self) -> bool:
        """Whether an epoch has begun and has no row yet."""
        return self._opened[0] == self._place.epoch

    def step(self, last: bool) -> Any:
        """Make a step, as the loop asks for it, and let the adaptive rule judge it."""
        return self._judged(self.solver.step(last))

    def _judged(self, report: Any) -> Any:
        """Move η by the adaptive rule; return what the step comes to, which it may undo.

        To judge the same step once more changes nothing.
        """
        if not self._adapts:
            return report
        rule: AdaptiveLearningRate = self.run.optimizer.learning_rate  # type: ignore[attr-defined]
        before, rate = self.solver.loss_before, report.learning_rate
        self.run.learning_rate, keep = rule.decide(rate, before, report.loss)
        return report if keep else self.solver.undo(report)

    def _rate(self) -> float | None:
        """Return the learning rate that has been reached, where it is a number."""
        follows = self.run.has_schedule or not self._first_order
        return None if follows else self.run.learning_rate

    def _state(self) -> dict[str, Any]:
        """Return what a run needs to go on from here."""
        solver, rate = self.solver.export_state(), self._rate()
        if self._is_open:
            solver, rate = self._break_off(solver)
        if self._first_order:
            solver["epoch"] = self._place.epoch
        return {
            "solver": solver,
            "skipped_updates": self._skipped,
            "rule": self._rule,
            "epoch": self._place.epoch,
            "seed": self.seed,
            "learning_rate": rate,
            "given_rate": self.run.given_rate,
            "ended": self._place.ended,
            "optimizer": repr(self.run.optimizer),
        }

    def _break_off(self, solver: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
        """Return state and learning rate to go on with where the present epoch has no row.

        Either all of its updates were made and the next epoch follows, or it is to be repeated. One
        update is all of a full batch; of mini-batches the solver counts the epochs that it ended.
        """
        epoch, rate_before = self._opened
        updates = self._updates(solver) - self._place.iterations
        if updates > 0 and self._adapts:
            self.solver.rewind()  # its loss is not known, by which the step is judged
            return self.solver.export_state(), rate_before
        in_parts = self._first_order and self.solver.iterations_per_epoch > 1
        if updates == 0 or (in_parts and solver["epoch"] == epoch):
            return solver, rate_before
        if not self._first_order:
            self._append(epoch, {"loss": solver["loss"] * self.solver.scale})
        self._place = Place(epoch + 1, self._updates(solver))
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
        made = self._skipped + self._place.iterations
        self.solver.set_learning_rates(self.run.rates(made, n))
        self._told_rate = None if self.run.has_schedule else self.run.learning_rate

    def record(self, epoch: int, report: Any) -> str | None:
        """Write the History; raise DivergenceError where training left the finite numbers."""
        if not math.isfinite(report.loss) or report.status == "diverged":
            failed = self._restore_best()
            step = max(0, report.iterations - self._place.iterations - 1)
            second_order = not self._first_order
            error = DivergenceError(epoch, step, report.loss, self.history, second_order)
            raise error from failed
        row: dict[str, Any] = {"loss": report.loss}
        try:
            self._evaluate(row)
        except BaseException as error:
            # What is known is told, whatever a metric raises; after Ctrl-C it is all made again.
            if isinstance(error, Exception) or self._breaking_off:
                self._add_row(epoch, row, report)
            raise
        self._add_row(epoch, row, report)
        return None

    def _restore_best(self) -> Exception | None:
        """Leave the network with the best finite weights, by a loss evaluated at them.

        Those at hand are the start's, those of the best epoch by its mean over moving weights, and
        those before the last epoch. Returns what evaluations raised, as a loss of the user's may.
        """
        self.solver.restore_best()
        if not self._first_order:
            return None
        evaluation, failed = self._make_evaluation(), None
        best, restore_best = math.inf, self.solver.restore_first
        for restore in (
            self.solver.restore_first,
            self.solver.restore_best,
            self.solver.restore_previous,
        ):
            restore()
            try:
                value = evaluation.value()
            except Exception as error:
                failed = error
                continue
            if value < best:
                best, restore_best = value, restore
        restore_best()
        return failed

    def _add_row(self, epoch: int, row: dict[str, Any], report: Any) -> None:
        self._add_numbers(row, report)
        self._append(epoch, row)
        self._close(report)

    def _close(self, report: Any) -> None:
        ended = None if report.status == "running" else report.status
        self._place = Place(self._place.epoch + 1, report.iterations, ended)

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

    def _add_numbers(self, row: dict[str, Any], report: Any) -> None:
        """Add what the solver reports."""
        row["step_norm"] = report.step_norm
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

    def _metrics_of(self, data: Data) -> dict[str, float]:
        values: dict[str, float] = self.network._metrics_of(self.metrics, data)
        return values


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
