"""The optimisers: small classes of hyperparameters, and the names that stand for them."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from fastopt.optimizers.adagrad import AdaGrad
from fastopt.optimizers.adam import Adam
from fastopt.optimizers.base import FirstOrder, Kind, Optimizer
from fastopt.optimizers.bfgs import BFGS
from fastopt.optimizers.dfp import DFP
from fastopt.optimizers.lbfgs import LBFGS
from fastopt.optimizers.levenberg_marquardt import LevenbergMarquardt
from fastopt.optimizers.nadam import Nadam
from fastopt.optimizers.newton import Newton
from fastopt.optimizers.newton_cg import NewtonCG
from fastopt.optimizers.rmsprop import RMSprop
from fastopt.optimizers.sgd import SGD
from fastopt.optimizers.steepest_descent import SteepestDescent

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
    "steepest_descent": SteepestDescent,
    "newton": Newton,
    "bfgs": BFGS,
    "dfp": DFP,
    "lbfgs": LBFGS,
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
    if getattr(optimizer, "kind", None) not in get_args(Kind):
        raise TypeError(
            f"{type(optimizer).__name__} must declare its kind, one of "
            f"{', '.join(map(repr, get_args(Kind)))}"
        )
    return optimizer.clone(**settings) if settings else optimizer


__all__ = [
    "BFGS",
    "DFP",
    "LBFGS",
    "SGD",
    "AdaGrad",
    "Adam",
    "FirstOrder",
    "LevenbergMarquardt",
    "Nadam",
    "Newton",
    "NewtonCG",
    "Optimizer",
    "RMSprop",
    "SteepestDescent",
    "registry",
    "resolve",
]
