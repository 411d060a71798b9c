"""Objects of fastopt's out of a file of settings: a name, or a table with a name and settings."""

from __future__ import annotations

import inspect
from typing import Any

from fastopt import averaging, callbacks, clip, initializers, layers, loggers, optimizers, schedules
from fastopt._names import fold, meant_by
from fastopt._settings import Settings
from fastopt.cli.failure import Misuse, misuse, unknown
from fastopt.storage.checkpoints import ModelCheckpoint


def classes(module: Any, base: type) -> dict[str, type]:
    """Return the public classes of a module that can be made of settings."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, base)
        and issubclass(value, Settings)
        and value is not base
        and not name.startswith("_")
        and not getattr(value, "__abstractmethods__", None)
    }


SCHEDULES = classes(schedules, Settings)
SCHEDULES.pop("Schedule", None)
CLIPS = classes(clip, Settings)
CLIPS.pop("Clip", None)
CALLBACKS = {
    name: kind
    for name, kind in {
        **classes(callbacks, callbacks.Callback),
        **classes(loggers, callbacks.Callback),
        **classes(averaging, callbacks.Callback),
        "ModelCheckpoint": ModelCheckpoint,
    }.items()
    if name not in ("Monitor", "LearningRateScheduler")  # a base; one that takes a function
}
OPTIMIZERS = {
    **optimizers.registry,
    **{
        name: kind
        for name, kind in classes(optimizers, optimizers.Optimizer).items()
        if name not in ("FirstOrder", "NewtonCG")
    },
}
NORMALIZATIONS = {
    "batch": layers.BatchNormalization,
    "layer": layers.LayerNormalization,
}
RESIDUALS = {"Residual": layers.Residual}
INITIALIZERS = {
    name: value
    for name, value in vars(initializers).items()
    if isinstance(value, type) and issubclass(value, Settings) and not name.startswith("_")
}

# Which settings of objects are objects themselves.
_WITHIN = {"learning_rate": ("schedule", SCHEDULES), "schedule": ("schedule", SCHEDULES)}


def build(what: str, given: Any, known: dict[str, Any], plain_name: bool = True) -> Any:
    """Return the object that a table of settings asks for.

    Parameters
    ----------
    what : str
        For messages: "optimizer", "schedule" …
    given : str, dict or anything
        A table has "name" and settings; a text is a name alone (``plain_name``: it is made an
        object, too, instead of being handed on); anything else is handed on as it is.
    known : dict
        What the names stand for.
    """
    if isinstance(given, str) and plain_name:
        given = {"name": given}
    if not isinstance(given, dict):
        return given
    settings = dict(given)
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise Misuse(f'{what} = {given!r} has no name: write name = "…" of {", ".join(known)}')
    by_fold = {fold(key): key for key in reversed(list(known))}
    if fold(name) not in by_fold:
        raise unknown(what, name, list(known))
    for key, (inner, choices) in _WITHIN.items():
        if isinstance(settings.get(key), dict):
            settings[key] = build(inner, settings[key], choices)
    made = known[by_fold[fold(name)]]
    with misuse():
        _check_keys(what, name, made, settings)
        return made(**settings)


def _check_keys(what: str, name: str, made: Any, settings: dict[str, Any]) -> None:
    """Refuse a setting that a class does not have, with those that it has, and one that lacks."""
    parameters = inspect.signature(made).parameters
    known = [key for key in parameters if key != "_"]
    for key in settings:
        if key not in known:
            cure = meant_by(key, known) or f"; it has {', '.join(known) or 'none'}"
            raise Misuse(f"{what} {name!r} has no setting {key!r}{cure}")
    lacking = [
        key
        for key in known
        if parameters[key].default is inspect.Parameter.empty
        and parameters[key].kind in _NAMED
        and key not in settings
    ]
    if lacking:
        raise Misuse(f"{what} {name!r} needs {' and '.join(lacking)}")


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
