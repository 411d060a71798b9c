"""Callbacks: Python code that the training loop calls between epochs, under Keras' names."""

from __future__ import annotations

import inspect
import math
import os
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, ClassVar, NoReturn

import numpy as np

from fastopt import _names, _validation
from fastopt._settings import Settings, checked, choice, flag, integer, number
from fastopt.schedules import Schedule
from fastopt.training.context import Run
from fastopt.training.history import NUMBERS

Logs = dict[str, Any]

_HOOKS = ("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end")
_MODES = ("auto", "min", "max")
MAXIMISED = ("accuracy", "r2", "top_k_accuracy", "evidence")
_MINIMISED = ("mse", "rmse", "mae")


class Callback:
    """Base of all callbacks: override what you need.

    Batches have no hooks: an epoch is one call into C++. A callback that defines one is refused.
    Keras' TerminateOnNaN has no place here: where the loss or the weights are not finite, ``fit``
    itself raises :class:`fastopt.DivergenceError`, and the network keeps the best finite weights.

    Attributes
    ----------
    run : Run
        The present call of ``fit``: weights, learning rate, history, epochs.

    Examples
    --------
    >>> import fastopt
    >>> class StopWhenSmall(fastopt.Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         if logs["loss"] < 1e-3:
    ...             self.stop("small")
    """

    _run: Run | None = None

    @property
    def run(self) -> Run:
        """The present call of ``fit``."""
        if self._run is None:
            raise RuntimeError(f"{type(self).__name__} takes no part in a run yet")
        return self._run

    @property
    def network(self) -> Any:
        """The network that is trained."""
        return self.run.network

    @property
    def model(self) -> Any:
        """The network, by Keras' name."""
        return self.run.network

    @property
    def stop_training(self) -> bool:
        """Whether the run ends with this epoch; set it to True to end it."""
        return self.run.stop_reason is not None

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        if value:
            self.run.stop()

    def stop(self, reason: str = "callback") -> None:
        """End the run after this epoch; ``history.stop_reason`` will be ``reason``."""
        self.run.stop(reason)

    # Whether starts that run side by side may each have a copy: it looks at its own run, and calls
    # no function of a user's. It is said of a class itself, not of those that derive from it.
    _copied_for_starts: ClassVar[bool] = False

    def _average(self) -> Any:
        """After each step: return what takes the place of the weights, as ``run.save`` has it.

        The epoch's row, validation and the end of the run are of that then; None: of the weights.
        """

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch; ``logs`` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before each epoch; epochs count from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After each epoch; ``logs`` is its row of the History: loss, val_loss, metrics."""

    def state_dict(self) -> dict[str, Any]:
        """Return what goes on with a run that is resumed: numbers, texts, None, arrays by name.

        Arrays must be copies. It is asked for after each epoch and kept with the state of the run.
        """
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, after ``on_train_begin``; check it."""

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies and pickles hold: not the run, with its network and its solver."""
        if isinstance(self, Settings):
            return Settings.__getstate__(self)
        return {name: value for name, value in vars(self).items() if name != "_run"}


def as_list(callbacks: Any) -> list[Any]:
    """Return the callbacks as a list, where one alone or None may have been given."""
    if callbacks is None:
        return []
    one = isinstance(callbacks, Callback) or inspect.isclass(callbacks)
    if not one and not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks must be Callback objects, got {callbacks!r}")
    checked = [callbacks] if one else list(callbacks)
    for callback in checked:
        _check(callback)
    return checked


class Callbacks:
    """All callbacks of a run as one: a hook before each step and a watcher after it.

    The History must have the row of the epoch before the watcher is called. They take part within a
    ``with`` statement, in one run at a time: what they remember belongs to it.
    """

    _lock = threading.Lock()
    _taking_part: ClassVar[dict[int, Callback]] = {}  # by identity: equal ones are two

    def __init__(self, callbacks: list[Callback], run: Run) -> None:
        self._callbacks = callbacks
        self._run = run

    def __enter__(self) -> Callbacks:
        with self._lock:
            for callback in self._callbacks:
                if id(callback) in self._taking_part:
                    raise RuntimeError(
                        f"this {type(callback).__name__} takes part in another fit, which has not "
                        "ended: each needs an object of its own"
                    )
            self._taking_part.update({id(callback): callback for callback in self._callbacks})
        for callback in self._callbacks:
            callback._run = self._run
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for callback in self._callbacks:
                self._taking_part.pop(id(callback), None)

    @classmethod
    def _begin_anew(cls) -> None:
        """In a child of fork: the runs of other threads do not go on there."""
        cls._lock = threading.Lock()
        cls._taking_part.clear()

    def __bool__(self) -> bool:
        return bool(self._callbacks)

    def train_begin(self) -> None:
        """Call before the first step."""
        vars(self._run.network).pop("stop_training", None)  # said of an earlier run
        for callback in self._callbacks:
            callback.on_train_begin({})

    def states(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """Return what each callback goes on with when the run is resumed, by its name."""
        return tuple((self._name(callback), callback.state_dict()) for callback in self._callbacks)

    def load(self, states: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Let each callback that was there before go on; call it after :meth:`train_begin`."""
        waiting: dict[str, list[dict[str, Any]]] = {}
        for name, state in states:
            waiting.setdefault(name, []).append(state)
        for callback in self._callbacks:
            if earlier := waiting.get(self._name(callback)):
                callback.load_state_dict(dict(earlier.pop(0)))

    @staticmethod
    def _name(callback: Callback) -> str:
        """Return the class, and what is followed: the best of one column is none of another."""
        monitor = f"({callback.monitor})" if isinstance(callback, Monitor) else ""
        return type(callback).__name__ + monitor

    @staticmethod
    def described(callback: Callback) -> str:
        """Return a callback with its settings in words that are the same in any process."""
        is_plain = type(callback).__repr__ is object.__repr__
        return type(callback).__name__ if is_plain else repr(callback)

    def committed(self, epoch: int) -> None:
        """Call when the state of the run is that after an epoch: now it can be written."""
        for callback in self._callbacks:
            if isinstance(callback, Monitor):
                callback.committed(epoch)

    def before(self, epoch: int) -> None:
        """Call before each step."""
        self._run.epoch = epoch
        for callback in self._callbacks:
            callback.on_epoch_begin(epoch, {})

    def stepped(self, epoch: int, report: Any = None) -> None:
        """Call after each step, before its row is computed."""
        for callback in self._callbacks:
            if (average := callback._average()) is not None:
                self._run.judged = average

    def __call__(self, epoch: int, report: Any = None) -> str | None:
        """Watch a step: return the reason to stop that a callback has, or None."""
        for callback in self._callbacks:
            callback.on_epoch_end(epoch, self._run.history.last())
        # Keras' way: self.model.stop_training = True.
        if vars(self._run.network).pop("stop_training", False):
            self._run.stop()
        return self._run.stop_reason

    def train_end(self) -> None:
        """Call after the last step."""
        self._run.end()
        for callback in self._callbacks:
            callback.on_train_end(self._run.history.last())


def _check(callback: Any) -> None:
    if not isinstance(callback, Callback):
        hint = "; give an object, not the class" if inspect.isclass(callback) else ""
        raise TypeError(f"callbacks must be Callback objects, got {callback!r}{hint}")
    for name in dir(callback):
        hook = name.startswith("on_") and callable(inspect.getattr_static(callback, name, None))
        if hook and name not in _HOOKS:
            raise TypeError(
                f"{type(callback).__name__}.{name} would never be called: an epoch is one call "
                f"into C++; the hooks are {', '.join(_HOOKS)}"
            )


def _function(name: str, value: Any) -> Callable[..., float]:
    if not callable(value):
        raise TypeError(f"{name} must be a function of the epoch, got {value!r}")
    return value  # type: ignore[no-any-return]


@dataclass
class LearningRateScheduler(Callback, Settings):
    """η = schedule(epoch), any Python function, before each epoch.

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch)`` or ``schedule(epoch, learning_rate)`` → the learning rate of the epoch.
        A second parameter gets the present rate also where it has a default, as in Keras.

    Examples
    --------
    >>> import fastopt
    >>> scheduler = fastopt.LearningRateScheduler(lambda epoch: 0.1 if epoch < 5 else 0.01)
    """

    schedule: Callable[..., float] = checked(_function)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Refuse an optimiser whose learning rate is not to be set."""
        _check_rate(self, "a number or a schedule", float, Schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the learning rate of this epoch."""
        arguments: tuple[Any, ...] = (epoch,)
        # fastopt's own schedules take (iteration, epoch), not (epoch, learning rate).
        if not isinstance(self.schedule, Schedule) and _takes_two(self.schedule):
            arguments = (epoch, self.run.learning_rate)
        rate = self.schedule(*arguments)
        self.run.learning_rate = _validation.number("the value of schedule", rate, low=0)


def _check_rate(callback: Callback, allowed: str, *types: type) -> None:
    """Refuse, before a run, an optimiser whose learning rate a callback cannot set."""
    rate = callback.run.optimizer_rate
    if not isinstance(rate, types):
        shown = type(callback.run.optimizer).__name__ if rate is None else repr(rate)
        raise ValueError(
            f"{type(callback).__name__} sets the learning rate itself: it needs a first-order "
            f"optimiser whose learning_rate is {allowed}, got {shown}"
        )


def _takes_two(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some functions written in C
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return len([p for p in parameters if p.kind in positional]) >= 2


class Monitor(Callback, Settings):
    """Common part of callbacks that follow one column of the History."""

    monitor: str
    mode: str
    min_delta: float

    def check_columns(self, columns: Collection[str], has_validation: bool) -> None:
        """Refuse, before a run, to follow a column of numbers that it cannot have."""
        if self.monitor not in columns:
            validates = has_validation or not self.monitor.startswith("val_")
            self._miss(columns if validates else ())
        known = ("loss", *_MINIMISED, *MAXIMISED, *NUMBERS)
        if self.mode == "auto" and self.monitor.removeprefix("val_") not in known:
            raise ValueError(
                f"{type(self).__name__} monitors {self.monitor!r}, a metric of your own: mode must "
                "be 'min' or 'max', as nobody else knows which is better"
            )

    def committed(self, epoch: int) -> None:
        """After all callbacks were told of an epoch."""

    def _entries(self, state: dict[str, Any]) -> Entries:
        """Return what reads a state from outside."""
        return Entries(self, state)

    def _value(self, logs: Logs) -> float:
        if self.monitor not in logs:
            self._miss(logs)
        return float(logs[self.monitor])

    def _miss(self, columns: Collection[str]) -> NoReturn:
        there = f"there is {', '.join(map(repr, columns))}" if columns else "give validation data"
        raise ValueError(
            f"{type(self).__name__} monitors {self.monitor!r}, which this run does not record: "
            f"{there}{_names.hint('metric', self.monitor, columns)}"
        )

    def _improves(self, value: float, best: float | None) -> bool:
        """Whether ``value`` is better than ``best`` by more than ``min_delta``; NaN never is."""
        if best is None:
            return not math.isnan(value)
        if self._maximised():
            return value > best + self.min_delta
        return value < best - self.min_delta

    def _maximised(self) -> bool:
        if self.mode == "auto":
            return self.monitor.removeprefix("val_") in MAXIMISED
        return self.mode == "max"


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be the name of a column of the History, got {value!r}")
    return value


@dataclass
class EarlyStopping(Monitor):
    """Stop when a quantity has not improved for ``patience`` epochs.

    Each call of ``fit`` begins anew, but for one that goes on from a History: there the best value,
    its weights and the epochs that have passed since go on, too.

    Parameters
    ----------
    monitor : str
        A column of the History, "val_loss" by default.
    patience : int
        Epochs without an improvement after which the run ends; 10 by default, ≥ 0.
    min_delta : float
        An improvement must be larger than this; 0 by default, ≥ 0.
    restore_best_weights : bool
        Whether the network ends with the weights of the best epoch (True, the default) or with
        the last ones. It holds also where the run ends for another reason.
    mode : {"auto", "min", "max"}
        "auto": accuracy, top_k_accuracy and r2 are to become large; losses, errors and what
        methods tell of themselves small. For a metric of your own it must be given.
    start_from_epoch : int
        Epochs below this number are not looked at: neither best nor counted; 0 by default, ≥ 0.

    Attributes
    ----------
    best : float or None
        The best value so far.
    best_epoch : int or None
        Its epoch.
    stopped_epoch : int or None
        The epoch after which this callback ended the run.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.EarlyStopping("val_accuracy", patience=5)  # doctest: +NORMALIZE_WHITESPACE
    EarlyStopping(monitor='val_accuracy', patience=5, min_delta=0.0, restore_best_weights=True,
                  mode='auto', start_from_epoch=0)
    """

    _copied_for_starts: ClassVar[bool] = True

    monitor: str = checked(_text, "val_loss")
    patience: int = integer(10, low=0)
    min_delta: float = number(0.0, low=0)
    restore_best_weights: bool = flag(True)
    mode: str = choice(_MODES, "auto")
    start_from_epoch: int = integer(0, low=0)

    best: float | None = field(default=None, init=False, repr=False, compare=False)
    best_epoch: int | None = field(default=None, init=False, repr=False, compare=False)
    stopped_epoch: int | None = field(default=None, init=False, repr=False, compare=False)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        self.best = self.best_epoch = self.stopped_epoch = None
        self._wait = 0
        self._best_weights: Any = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare with the best epoch so far."""
        if epoch < self.start_from_epoch:
            return
        value = self._value(logs)
        if self._improves(value, self.best):
            self.best, self.best_epoch, self._wait = value, epoch, 0
            if self.restore_best_weights:
                self._best_weights = self.run.save_judged()
            return
        self._wait += 1
        if self._wait >= self.patience:
            self.stopped_epoch = epoch
            self.stop("early_stopping")

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Give the network the best weights back."""
        if self._best_weights is not None:
            self.run.restore(self._best_weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the best value with its epoch and weights, and how long ago that was."""
        weights, statistics = self._best_weights or (None, None)
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "wait": self._wait,
            "weights": weights,
            "statistics": statistics,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        expect = self._entries(state)
        self.best = expect.number("best", optional=True)
        self.best_epoch = expect.count("best_epoch", optional=True)
        self._wait = expect.count("wait") or 0
        here, running = self.run.save()
        weights = expect.array("weights", here)
        statistics = expect.array("statistics", running)
        if self.restore_best_weights and weights is not None:
            self._best_weights = weights, running if statistics is None else statistics


@dataclass
class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by ``factor`` when a quantity has stopped improving.

    Each call of ``fit`` begins anew, but for one that goes on from a History: there the learning
    rate that was reached stays, and the best value and the epochs that are counted go on.

    Parameters
    ----------
    monitor : str
        A column of the History, "val_loss" by default.
    factor : float
        η ← factor · η, in (0, 1); 0.1 by default.
    patience : int
        Epochs without an improvement after which η falls; 10 by default, ≥ 0.
    min_delta : float
        An improvement must be larger than this; 1e-4 by default, ≥ 0.
    cooldown : int
        Epochs after a fall in which nothing is counted; 0 by default. (Keras counts the last of
        them already.)
    min_lr : float
        η does not fall below this; 0 by default.
    mode : {"auto", "min", "max"}
        "auto": accuracy, top_k_accuracy and r2 are to become large; losses, errors and what
        methods tell of themselves small. For a metric of your own it must be given.

    Examples
    --------
    >>> import fastopt
    >>> callback = fastopt.ReduceLROnPlateau(factor=0.5, patience=5)
    """

    _copied_for_starts: ClassVar[bool] = True

    monitor: str = checked(_text, "val_loss")
    factor: float = number(0.1, above=0, below=1)
    patience: int = integer(10, low=0)
    min_delta: float = number(1e-4, low=0)
    cooldown: int = integer(0, low=0)
    min_lr: float = number(0.0, low=0)
    mode: str = choice(_MODES, "auto")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        _check_rate(self, "a number", float)
        self._best: float | None = None
        self._wait = self._cooling = 0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare with the best value so far."""
        value = self._value(logs)
        cooling = self._cooling > 0
        if cooling:
            self._cooling -= 1
            self._wait = 0
        if self._improves(value, self._best):
            self._best, self._wait = value, 0
        elif not cooling:
            self._wait += 1
            if self._wait >= self.patience and self.run.learning_rate > self.min_lr:
                self.run.learning_rate = max(self.factor * self.run.learning_rate, self.min_lr)
                self._cooling, self._wait = self.cooldown, 0

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, and what is counted."""
        return {"best": self._best, "wait": self._wait, "cooling": self._cooling}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        expect = self._entries(state)
        self._best = expect.number("best", optional=True)
        self._wait, self._cooling = expect.count("wait") or 0, expect.count("cooling") or 0


class Entries:
    """The state of a callback, read entry by entry; one that it cannot have left is named."""

    def __init__(self, callback: Callback, state: dict[str, Any]) -> None:
        self._name, self._state = type(callback).__name__, state

    def number(self, name: str, optional: bool = False) -> float | None:
        """Return a number; it may be infinite."""
        value = self._get(name)
        if value is None and optional:
            return None
        if isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(value):
            return float(value)
        self._refuse(name, "a number", value)

    def count(self, name: str, optional: bool = False) -> int | None:
        """Return an integer >= 0."""
        value = self._get(name)
        if value is None and optional:
            return None
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if whole and 0 <= int(value) < 2**53:
            return int(value)
        self._refuse(name, "an integer >= 0", value)

    def counts(self, name: str) -> list[int]:
        """Return integers >= 0."""
        values = self._get(name)
        if isinstance(values, list) and all(type(v) is int and 0 <= v < 2**53 for v in values):
            return list(values)
        self._refuse(name, "a list of integers >= 0", values)

    def array(self, name: str, like: Any) -> Any:
        """Return finite numbers of the same shape and dtype, or None where there are none."""
        value = self._get(name)
        if value is None:
            return None
        fits = isinstance(value, np.ndarray) and value.dtype == like.dtype
        if not fits or value.shape != like.shape or not np.isfinite(value).all():
            self._refuse(name, f"finite {like.dtype} numbers of shape {like.shape}", value)
        return value

    def _get(self, name: str) -> Any:
        if name not in self._state:
            raise ValueError(f"the state of {self._name} has no entry {name!r}")
        return self._state[name]

    def _refuse(self, name: str, wanted: str, value: Any) -> NoReturn:
        raise ValueError(f"the state of {self._name}: {name!r} must be {wanted}, got {value!r}")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Callbacks._begin_anew)
