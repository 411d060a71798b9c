"""The optimisers: small classes of hyperparameters, and the names that stand for them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastopt.optimizers.adagrad import AdaGrad
from fastopt.optimizers.adam import Adam
from fastopt.optimizers.base import FirstOrder, Optimizer
from fastopt.optimizers.levenberg_marquardt import LevenbergMarquardt
from fastopt.optimizers.nadam import Nadam
from fastopt.optimizers.rmsprop import RMSprop
from fastopt.optimizers.sgd import SGD

# What each name stands for; settings may be added.
registry: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "nesterov": partial(SGD, momentum=0.9, nesterov=True),
    "adagrad": AdaGrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "nadam": Nadam,
    "lm": LevenbergMarquardt,
}


def resolve(optimizer: str | Optimizer, **settings: Any) -> Optimizer:
    """Return the optimiser that a name stands for, made with ``settings``; or the one given.

    Examples
    --------
    >>> from fastopt.optimizers import resolve
    >>> resolve("nesterov", learning_rate=0.1)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.0)
    """
    if isinstance(optimizer, str):
        if optimizer not in registry:
            known = ", ".join(repr(name) for name in registry)
            raise ValueError(f"optimizer must be one of {known}, got {optimizer!r}")
        return registry[optimizer](**settings)
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an object, not a class: write {optimizer.__name__}()")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be a name or an Optimizer, got {optimizer!r}")
    return optimizer.clone(**settings) if settings else optimizer


__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "FirstOrder",
    "LevenbergMarquardt",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "registry",
    "resolve",
]
