"""The optimisers: small classes of hyperparameters, and the names that stand for them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastopt import _names, _validation
from fastopt.optimizers.adadelta import Adadelta
from fastopt.optimizers.adagrad import AdaGrad
from fastopt.optimizers.adam import Adam
from fastopt.optimizers.adamax import AdaMax
from fastopt.optimizers.base import KINDS, FirstOrder, Optimizer
from fastopt.optimizers.bayesian_regularization import BayesianRegularization
from fastopt.optimizers.bfgs import BFGS
from fastopt.optimizers.conjugate_gradient import ConjugateGradient
from fastopt.optimizers.dfp import DFP
from fastopt.optimizers.gradient_descent_adaptive import GradientDescentAdaptive
from fastopt.optimizers.lbfgs import LBFGS
from fastopt.optimizers.levenberg_marquardt import LevenbergMarquardt
from fastopt.optimizers.lion import Lion
from fastopt.optimizers.nadam import Nadam
from fastopt.optimizers.newton import Newton
from fastopt.optimizers.newton_cg import NewtonCG
from fastopt.optimizers.one_step_secant import OneStepSecant
from fastopt.optimizers.radam import RAdam
from fastopt.optimizers.rmsprop import RMSprop
from fastopt.optimizers.rprop import Rprop
from fastopt.optimizers.scaled_conjugate_gradient import ScaledConjugateGradient
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
    "adamw": partial(Adam, weight_decay=0.01),  # the decay is PyTorch's; Keras has 0.004
    "nadam": Nadam,
    "amsgrad": partial(Adam, amsgrad=True),
    "adamax": AdaMax,
    "adadelta": Adadelta,
    "radam": RAdam,
    "lion": Lion,
    "rprop": Rprop,
    "traingda": GradientDescentAdaptive,
    "traingdx": partial(GradientDescentAdaptive, momentum=0.9),
    "traingd": partial(GradientDescentAdaptive, adaptive=False),
    "traingdm": partial(GradientDescentAdaptive, adaptive=False, momentum=0.9),
    "lm": LevenbergMarquardt,
    "bayesian_regularization": BayesianRegularization,
    "steepest_descent": SteepestDescent,
    "newton": Newton,
    "bfgs": BFGS,
    "dfp": DFP,
    "lbfgs": LBFGS,
    "cg": ConjugateGradient,
    "hager_zhang": partial(ConjugateGradient, variant="hager_zhang"),
    "polak_ribiere": partial(ConjugateGradient, variant="polak_ribiere"),
    "fletcher_reeves": partial(ConjugateGradient, variant="fletcher_reeves"),
    "scg": ScaledConjugateGradient,
    "oss": OneStepSecant,
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
        name = _validation.choice("optimizer", optimizer, registry, "optimizer")
        return registry[name](**settings)
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an object, not a class: write {optimizer.__name__}()")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"optimizer must be a name or an Optimizer, got {optimizer!r}{_of_others(optimizer)}"
        )
    if getattr(optimizer, "kind", None) not in KINDS:
        raise TypeError(
            f"{type(optimizer).__name__} must declare its kind, one of "
            f"{', '.join(map(repr, KINDS))}"
        )
    return optimizer.clone(**settings) if settings else optimizer


def _of_others(optimizer: Any) -> str:
    """Return what to write instead of an optimiser of PyTorch or Keras."""
    kind = optimizer if isinstance(optimizer, type) else type(optimizer)
    if kind.__module__.split(".")[0] not in ("torch", "keras", "tensorflow", "optax"):
        return ""
    name = _names.canonical("optimizer", kind.__name__, registry)
    if name is None:
        return f"; fastopt has optimisers of its own: {', '.join(registry)}"
    of_torch = kind.__module__.startswith("torch") and name in ("adam", "sgd", "rmsprop", "adagrad")
    coupled = "; its weight_decay is added to the gradient, which here is fit(l2=...)" * of_torch
    return f"; fastopt has optimisers of its own: give {name!r} or its class{coupled}"


__all__ = [
    "BFGS",
    "DFP",
    "LBFGS",
    "SGD",
    "AdaGrad",
    "AdaMax",
    "Adadelta",
    "Adam",
    "BayesianRegularization",
    "ConjugateGradient",
    "FirstOrder",
    "GradientDescentAdaptive",
    "LevenbergMarquardt",
    "Lion",
    "Nadam",
    "Newton",
    "NewtonCG",
    "OneStepSecant",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "ScaledConjugateGradient",
    "SteepestDescent",
    "registry",
    "resolve",
]
