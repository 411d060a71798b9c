"""The epochs of a run: steps that are judged, recorded and committed."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from fastopt._errors import DivergenceError
from fastopt.callbacks import Callbacks
from fastopt.schedules import AdaptiveLearningRate
from fastopt.training.context import Run
from fastopt.training.loop import Watcher, run
from fastopt.training.problem import Problem
from fastopt.training.recorder import Recorder
from fastopt.training.state import REPORTED, RunState, updates_of


class Commit(NamedTuple):
    """What an epoch that is broken off leads back to; changed by one assignment.

    The entries of a `RunState` that move with the epochs, and what it is completed from.
    """

    epoch: int
    ended: str | None
    stop: str | None
    learning_rate: float | None
    callbacks: tuple[tuple[str, dict[str, Any]], ...]
    updates: int  # of the weights by then
    weights: Any  # a copy, where callbacks may change them
    made: Any  # the report of a step that has no whole row yet


class Epochs:
    """Steps a solver: hooks before the step, then the row, then all that watch it.

    After each epoch one commit says where the run stands. An epoch that is broken off, wherever it
    is, is made again from there; but a step that was made is kept, and only what follows it is made
    again.
    """

    def __init__(
        self,
        run: Run,
        problem: Problem,
        solver: Any,
        recorder: Recorder,
        called: Callbacks,
        watchers: list[Watcher],
        state: RunState,
        updates: int,
    ) -> None:
        self.run, self.problem, self.solver, self.recorder = run, problem, solver, recorder
        self.called, self.watchers = called, watchers
        self._first_order = run.optimizer.kind == "first_order"
        rate = run.optimizer._followed_rate
        self._adaptive = rate if isinstance(rate, AdaptiveLearningRate) else None
        self._told_rate: float | None = None
        made = None if state.report is None else SimpleNamespace(**state.report)
        weights = run.save() if called else None
        self._began = state
        moving = state.epoch, state.ended, state.stop, self._rate(), state.callbacks
        self._committed = Commit(*moving, updates, weights, made)

    def start(self) -> RunState:
        """Let the callbacks begin, or go on, and commit what they have made of the beginning."""
        was = self._committed
        ended, weights = was.ended, None if was.weights is None else was.weights[0]
        self.called.train_begin()
        self.called.load(was.callbacks)
        if weights is not None and not np.array_equal(self.run.weights, weights):
            ended = None  # from other weights there may be a way on
        self._commit(was.epoch, ended, was.stop, was.updates, was.made)
        return self.state

    def end(self) -> None:
        """Let the callbacks end, and commit what they have made of it: now it is carried out."""
        self.called.train_end()
        was = self._committed
        self._commit(was.epoch, was.ended, None, was.updates, was.made)

    def _commit(
        self, epoch: int, ended: str | None, stop: str | None, updates: int, made: Any = None
    ) -> None:
        """Note where the run stands, with rate and callbacks as they are now."""
        weights, of_callbacks = (
            (self.run.save(), self.called.states()) if self.called else (None, ())
        )
        self._committed = Commit(
            epoch, ended, stop, self._rate(), of_callbacks, updates, weights, made
        )

    def _rate(self) -> float | None:
        """Return the learning rate that has been reached, where it is a number."""
        follows = self.run.has_schedule or not self._first_order
        return None if follows else self.run.learning_rate

    @property
    def state(self) -> RunState:
        """Where the run stands, but for what the solver itself holds."""
        at = self._committed
        return self._began._replace(
            epoch=at.epoch,
            ended=at.ended,
            stop=at.stop,
            learning_rate=at.learning_rate,
            callbacks=at.callbacks,
        )

    @property
    def _made(self) -> Any:
        """The report of a step that was made and has no whole row yet."""
        return self._committed.made

    def execute(self, epochs: range) -> str | None:
        """Run the epochs; return the reason for which they ended, or None."""
        watchers = [self.called.stepped, self._record, *self.watchers]
        return run(self, epochs, watchers, [self._begin], self._end)

    def _record(self, epoch: int, report: Any) -> None:
        with self.run.as_judged():
            self.recorder.add(epoch, report)

    def _begin(self, epoch: int) -> None:
        """Before the step of an epoch; one that was made already had it."""
        if self._made is not None:
            return
        self.called.before(epoch)
        if self._first_order:
            self._set_learning_rates()

    def step(self, last: bool) -> Any:
        """Make the step of an epoch as the loop asks, and let the adaptive rule judge it."""
        if self._made is not None:
            return self._made
        report = self.solver.step(last)
        if self._adaptive is not None:
            rate, before = report.learning_rate, self.solver.loss_before
            self.run.learning_rate, keep = self._adaptive.decide(rate, before, report.loss)
            report = report if keep else self.solver.undo(report)
        was = self._committed
        if not math.isfinite(report.loss) or report.status == "diverged":
            failed, at_start = self._restore_best()
            at = was.epoch, max(0, report.iterations - was.updates - 1)
            second_order = not self._first_order
            error = DivergenceError(*at, report.loss, self.run.history, second_order, at_start)
            raise error from failed
        self._commit(was.epoch, was.ended, was.stop, report.iterations, report)
        return report

    def _end(self, epoch: int, report: Any, stop: str | None) -> None:
        """After all have seen the row of an epoch."""
        ended = None if report.status == "running" else str(report.status)
        self._commit(epoch + 1, ended, stop, report.iterations)
        self.called.committed(epoch)

    def _set_learning_rates(self) -> None:
        """Tell the solver η of each iteration of the epoch that begins."""
        if not self.run.has_schedule and self.run.learning_rate == self._told_rate:
            return  # it has them from an epoch before
        made = self._began.skipped_updates + self._committed.updates
        self.solver.set_learning_rates(self.run.rates(made, self.solver.iterations_per_epoch))
        self._told_rate = None if self.run.has_schedule else self.run.learning_rate

    def _restore_best(self) -> tuple[Exception | None, bool]:
        """Leave the network with the best finite weights, by a loss evaluated at them.

        Those at hand are the start's, those of the best epoch by its mean over moving weights, and
        those before the last epoch. Returns what evaluations raised, as a loss of the user's may,
        and whether none of these weights has a finite loss: the run started from such.
        """
        self.solver.restore_best()
        if not self._first_order:
            return None, False
        evaluation, failed = self.problem.evaluation(), None
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
        return failed, failed is None and math.isinf(best)

    def exported(self) -> RunState:
        """Return where the run stands, complete; an epoch that was broken off is taken back.

        The network and the rows go back to the last commit with it.
        """
        commit = self._committed
        if self._first_order and self.solver.updates > commit.updates:
            self.solver.rewind()
        solver = self.solver.export_state()
        if updates_of(solver) > commit.updates:  # of a step that did not come here whole
            commit = commit._replace(made=self._unreported(solver), weights=None)
        if commit.weights is not None:
            self.run.restore(commit.weights)
        made = commit.made
        report = None if made is None else {name: getattr(made, name) for name in REPORTED}
        self.run.history._truncate(commit.epoch + (report is not None))
        moved = None
        if "w" in solver and not np.array_equal(solver["w"], self._free()):
            moved = self.run.weights
        return self.state._replace(solver=solver, report=report, moved=moved)

    def _free(self) -> Any:
        return self.problem.free(self.run.network.parameters)

    def _unreported(self, solver: dict[str, Any]) -> Any:
        """Return what is known of a full-batch step whose report was lost on the way here."""
        if self.solver.latest.iterations == updates_of(solver):
            return self.solver.latest
        lost = dict.fromkeys(REPORTED, math.nan)
        lost |= {name: int(solver.get(name, 0)) for name in ("n_value", "n_gradient", "n_hessian")}
        loss = solver.get("squares", solver["loss"])  # without a penalty of the method's own
        lost |= {"loss": loss * self.solver.scale, "iterations": updates_of(solver)}
        return SimpleNamespace(**{**lost, "positive_definite": None, "status": "running"})
