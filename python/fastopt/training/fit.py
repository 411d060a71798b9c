"""``MLP.fit``: a solver is made of the problem, and the loop runs it."""

from __future__ import annotations

import math
import os
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fastopt._errors import DivergenceError
from fastopt.callbacks import Callback, Callbacks
from fastopt.optimizers import Optimizer
from fastopt.training.context import Run
from fastopt.training.data import Data
from fastopt.training.epochs import Epochs
from fastopt.training.history import History
from fastopt.training.loop import Watcher
from fastopt.training.methods import check_memory_of_run, loss_of_method, own_criteria
from fastopt.training.metrics import Metrics
from fastopt.training.problem import Problem
from fastopt.training.progress import Progress
from fastopt.training.recorder import Recorder
from fastopt.training.settings import FitSettings, words
from fastopt.training.solvers import make_solver, own_columns
from fastopt.training.state import RunState, updates_of


def fit(
    problem: Problem,
    optimizer: Optimizer,
    settings: FitSettings,
    validation: Data | None,
    metrics: Metrics,
    callbacks: list[Callback],
    start: int | tuple[History, RunState],
    validation_rows: Any = None,
    resumed_from: Any = None,
) -> History:
    """Run a method on a problem; whatever ends it, the History says what, and how to go on.

    ``start`` is the number of the first epoch, or what an earlier run left, ``resumed_from`` the
    file of that; ``validation_rows`` those of the data that are held out.
    """
    history, earlier = (History(), None) if isinstance(start, int) else (copy(start[0]), start[1])
    first = start if isinstance(start, int) else start[1].epoch
    if first > settings.epochs:
        raise ValueError(f"initial_epoch must be at most epochs={settings.epochs}, got {first}")

    setting = _Setting(problem, optimizer, settings, validation)
    if resumed_from is not None and earlier is not None:
        _check_same(resumed_from, earlier.setting, setting.words)
    history.stop_reason = history.solver_state = None
    history.validation_rows = validation_rows
    history._truncate(first)
    network = problem.network
    run = Run(network, optimizer, history, settings.epochs, first)
    check_memory_of_run(optimizer, problem, settings.epochs)
    solver = make_solver(problem, optimizer, settings)
    criteria, own_callbacks = own_criteria(optimizer, validation is not None)
    if settings.stopping is not None:
        criteria.insert(0, settings.stopping.watcher())
    callbacks = [*callbacks, *own_callbacks]
    state = RunState(
        epoch=first,
        seed=settings.seed,
        rule=_rule(optimizer),
        given_rate=run.given_rate,
        optimizer=words(optimizer),
        deciding=words((settings.stopping, *map(Callbacks.described, callbacks))),
    )
    state, updates = _going_on(state, earlier, run, problem, solver)
    layer_norms = "layer_gradient_norms" in settings.recorded
    counts = optimizer.kind != "first_order"
    own = own_columns(problem, optimizer, solver)
    recorder = Recorder(history, problem, validation, metrics, layer_norms, counts, own)
    progress = Progress(history, settings.epochs, first) if settings.verbose else None
    with Callbacks(callbacks, run) as called:
        watchers: list[Watcher] = [*criteria, called, *([progress] if progress else [])]
        epochs = Epochs(run, problem, solver, recorder, called, watchers, state, updates)
        run.snapshot = lambda: epochs.exported()._replace(setting=setting.words)
        problem.begin()
        network.history_ = history
        try:
            _run(epochs)
        except BaseException as error:
            pressed = isinstance(error, KeyboardInterrupt)
            history.stop_reason = "interrupted" if pressed else type(error).__name__
            if not isinstance(error, DivergenceError):
                history.solver_state = epochs.exported()._asdict()
            raise
        finally:
            if progress is not None:
                progress.close()
    return history


def _run(epochs: Epochs) -> None:
    """Run the epochs between the first and the last hook of the callbacks."""
    run, state = epochs.run, epochs.start()
    reason = run.stop_reason or state.stop or state.ended
    if reason is None:
        reason = epochs.execute(range(state.epoch, run.epochs))
    run.history.stop_reason = reason or "epochs"
    epochs.end()
    run.history.solver_state = epochs.exported()._asdict()


def _rule(optimizer: Any) -> str | None:
    return str(optimizer._rule()[0]) if optimizer.kind == "first_order" else None


@dataclass(frozen=True)
class _Setting:
    """All that decides on the bits of a run, but for where it stands."""

    problem: Problem
    optimizer: Optimizer
    settings: FitSettings
    validation: Data | None

    @cached_property  # it takes a pass over the data
    def words(self) -> dict[str, Any]:
        parts = {} if self.validation is None else self.validation.checksums()
        held_out = "; ".join(f"{name} of {text}" for name, text in parts.items() if text)
        return {
            "optimizer": words(self.optimizer),
            **self.problem.described(),
            "validation data": held_out or None,
            **self.settings.described(),
        }


def _check_same(path: Any, theirs: dict[str, Any], own: dict[str, Any]) -> None:
    """Refuse a run whose next epochs could not be those of the run in a file."""
    for name, value in own.items():
        if name not in theirs or theirs[name] != value:
            raise ValueError(
                f"resume_from: the run in {os.fspath(path)!r} had {name} = {theirs.get(name)}, and "
                f"this one has {value}. To go on with something else: net = fastopt.load(path); "
                "net.fit(..., initial_epoch=net.history_)"
            )


def _going_on(
    state: RunState, earlier: RunState | None, run: Run, problem: Problem, solver: Any
) -> tuple[RunState, int]:
    """Return where a run begins, its solver told, and how many updates were made by then."""
    first_order = run.optimizer.kind == "first_order"
    if earlier is None:
        if first_order and state.epoch:
            # Schedules count epochs that are only a number as like this one.
            solver.import_state({**solver.export_state(), "epoch": state.epoch})
            return state._replace(skipped_updates=state.epoch * solver.iterations_per_epoch), 0
        return state, 0
    state = state._replace(callbacks=earlier.callbacks)
    if not (_fits(earlier, state, problem, run, solver) and _imported(earlier, state, run, solver)):
        return state, 0
    same_rate = first_order and earlier.given_rate == run.given_rate
    if same_rate and earlier.learning_rate is not None:
        run.learning_rate = float(earlier.learning_rate)
    state = state._replace(
        ended=earlier.ended,
        # With other criteria and callbacks, what those decided does not count.
        stop=earlier.stop if earlier.deciding == state.deciding else None,
        report=earlier.report,
        skipped_updates=earlier.skipped_updates,
    )
    made = earlier.report["iterations"] if earlier.report else updates_of(earlier.solver)
    return state, made


def _fits(earlier: RunState, state: RunState, problem: Problem, run: Run, solver: Any) -> bool:
    """Whether a state is of the present problem: a full-batch method's holds weights and E.

    A state of another method is none of these, and neither is a damaged one: they are refused where
    they are imported. One of another number of weights does not fit.
    """
    theirs, own = earlier.solver, solver.export_state()
    w = theirs.get("w")
    if not isinstance(w, np.ndarray) or w.dtype != np.float64 or set(theirs) != set(own):
        return True
    if w.size != own["w"].size:
        return False
    if earlier.ended and earlier.optimizer != state.optimizer:
        return False  # with other settings there may be a way on
    there = w if earlier.moved is None else problem.free(earlier.moved)
    if not np.array_equal(there, problem.free(problem.network.parameters)):
        return False
    if earlier.report:
        loss = earlier.report["loss"]
    elif run.history.epoch:
        loss = run.history.loss[-1]
    else:
        return False
    value = loss_of_method(problem, run.optimizer, w)
    return math.isclose(value, loss, rel_tol=1e-9, abs_tol=1e-300)


def _imported(earlier: RunState, state: RunState, run: Run, solver: Any) -> bool:
    """Take a state over; False: it is one of other settings (L-BFGS with a smaller memory)."""
    theirs: dict[str, Any] = earlier.solver
    if run.optimizer.kind != "first_order":
        weights = run.weights
        try:
            solver.import_state(theirs)
        except ValueError:
            if earlier.optimizer == state.optimizer:
                raise
            return False
        run.weights = weights  # callbacks may have set others than the method has
        return True
    if earlier.rule != state.rule:
        raise ValueError(
            f"initial_epoch: the state belongs to the rule {earlier.rule!r}, not to {state.rule!r}"
        )
    # The weights of an earlier best epoch are gone: the best are those that are there.
    rows = run.history
    best = earlier.report["loss"] if earlier.report else rows.loss[-1] if rows.epoch else math.inf
    solver.import_state({**theirs, "best_loss": best})
    return True
