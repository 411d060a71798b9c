"""Accelerated gradient methods for neural networks and functions, in C++ under a Python API."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastopt._runtime import build_info, get_num_threads, set_num_threads

if TYPE_CHECKING:
    from fastopt import plots as plots
    from fastopt._conformal import conformal
    from fastopt._errors import DivergenceError, FormatError
    from fastopt._importance import permutation_importance
    from fastopt.averaging import ExponentialMovingAverage
    from fastopt.callbacks import Callback, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
    from fastopt.clip import ClipByGlobalNorm, ClipByNorm, ClipByValue
    from fastopt.ensemble import Ensemble, fit_many
    from fastopt.estimators import MLPClassifier as MLPClassifier
    from fastopt.estimators import MLPRegressor as MLPRegressor
    from fastopt.exchange.keras_in import from_keras
    from fastopt.exchange.matlab_in import from_matlab
    from fastopt.exchange.onnx_in import from_onnx
    from fastopt.exchange.sklearn_in import from_sklearn
    from fastopt.exchange.torch_in import from_torch
    from fastopt.functions.check import check_gradient, check_hessian
    from fastopt.functions.curve_fit import curve_fit
    from fastopt.functions.curve_fit_many import curve_fit_many
    from fastopt.functions.least_squares import least_squares
    from fastopt.functions.minimize import minimize
    from fastopt.functions.result import OptimizeResult, OptimizeWarning
    from fastopt.layers import BatchNormalization, LayerNormalization, Residual
    from fastopt.loggers import CSVLogger, JSONLinesLogger, LambdaCallback
    from fastopt.losses import Huber, Pinball
    from fastopt.memory import memory_needed
    from fastopt.network import MLP
    from fastopt.optimizers import (
        BFGS,
        DFP,
        LBFGS,
        SGD,
        Adadelta,
        AdaGrad,
        Adam,
        AdaMax,
        BayesianRegularization,
        ConjugateGradient,
        GradientDescentAdaptive,
        LevenbergMarquardt,
        Lion,
        Nadam,
        Newton,
        NewtonCG,
        OneStepSecant,
        RAdam,
        RMSprop,
        Rprop,
        ScaledConjugateGradient,
        SteepestDescent,
    )
    from fastopt.parts.parts import Parts
    from fastopt.parts.sums import PartError
    from fastopt.reporting.report import report
    from fastopt.schedules import (
        AdaptiveLearningRate,
        CosineDecay,
        CosineRestarts,
        CyclicSchedule,
        ExponentialDecay,
        OneCycle,
        PiecewiseConstant,
        PowerSchedule,
        StepDecay,
        WarmUp,
    )
    from fastopt.series.delays import lagged
    from fastopt.series.narx import NARX
    from fastopt.storage.checkpoints import ModelCheckpoint
    from fastopt.storage.networks import load
    from fastopt.training.history import History
    from fastopt.training.parts import split, split_by_time
    from fastopt.training.scaling import ScalingWarning
    from fastopt.training.stopping import Stopping
    from fastopt.training.user_functions import GradientWarning

    __version__: str

__all__ = [
    "BFGS",
    "DFP",
    "LBFGS",
    "MLP",
    "NARX",
    "SGD",
    "AdaGrad",
    "AdaMax",
    "Adadelta",
    "Adam",
    "AdaptiveLearningRate",
    "BatchNormalization",
    "BayesianRegularization",
    "CSVLogger",
    "Callback",
    "ClipByGlobalNorm",
    "ClipByNorm",
    "ClipByValue",
    "ConjugateGradient",
    "CosineDecay",
    "CosineRestarts",
    "CyclicSchedule",
    "DivergenceError",
    "EarlyStopping",
    "Ensemble",
    "ExponentialDecay",
    "ExponentialMovingAverage",
    "FormatError",
    "GradientDescentAdaptive",
    "GradientWarning",
    "History",
    "Huber",
    "JSONLinesLogger",
    "LambdaCallback",
    "LayerNormalization",
    "LearningRateScheduler",
    "LevenbergMarquardt",
    "Lion",
    "ModelCheckpoint",
    "Nadam",
    "Newton",
    "NewtonCG",
    "OneCycle",
    "OneStepSecant",
    "OptimizeResult",
    "OptimizeWarning",
    "PartError",
    "Parts",
    "PiecewiseConstant",
    "Pinball",
    "PowerSchedule",
    "RAdam",
    "RMSprop",
    "ReduceLROnPlateau",
    "Residual",
    "Rprop",
    "ScaledConjugateGradient",
    "ScalingWarning",
    "SteepestDescent",
    "StepDecay",
    "Stopping",
    "WarmUp",
    "build_info",
    "check_gradient",
    "check_hessian",
    "conformal",
    "curve_fit",
    "curve_fit_many",
    "fit_many",
    "from_keras",
    "from_matlab",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "get_num_threads",
    "lagged",
    "least_squares",
    "load",
    "memory_needed",
    "minimize",
    "permutation_importance",
    "report",
    "set_num_threads",
    "split",
    "split_by_time",
]

# Where the names above are at home; each is imported when it is first asked for.
_HOMES: dict[str, tuple[str, ...]] = {
    "_conformal": ("conformal",),
    "_errors": ("DivergenceError", "FormatError"),
    "averaging": ("ExponentialMovingAverage",),
    "_importance": ("permutation_importance",),
    "callbacks": ("Callback", "EarlyStopping", "LearningRateScheduler", "ReduceLROnPlateau"),
    "clip": ("ClipByGlobalNorm", "ClipByNorm", "ClipByValue"),
    "ensemble": ("Ensemble", "fit_many"),
    "exchange.keras_in": ("from_keras",),
    "exchange.matlab_in": ("from_matlab",),
    "exchange.onnx_in": ("from_onnx",),
    "exchange.sklearn_in": ("from_sklearn",),
    "exchange.torch_in": ("from_torch",),
    "functions.check": ("check_gradient", "check_hessian"),
    "functions.curve_fit": ("curve_fit",),
    "functions.curve_fit_many": ("curve_fit_many",),
    "functions.least_squares": ("least_squares",),
    "functions.minimize": ("minimize",),
    "functions.result": ("OptimizeResult", "OptimizeWarning"),
    "layers": ("BatchNormalization", "LayerNormalization", "Residual"),
    "loggers": ("CSVLogger", "JSONLinesLogger", "LambdaCallback"),
    "losses": ("Huber", "Pinball"),
    "memory": ("memory_needed",),
    "network": ("MLP",),
    "optimizers": (
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
        "GradientDescentAdaptive",
        "LevenbergMarquardt",
        "Lion",
        "Nadam",
        "Newton",
        "NewtonCG",
        "OneStepSecant",
        "RAdam",
        "RMSprop",
        "Rprop",
        "ScaledConjugateGradient",
        "SteepestDescent",
    ),
    "parts.parts": ("Parts",),
    "parts.sums": ("PartError",),
    "reporting.report": ("report",),
    "schedules": (
        "AdaptiveLearningRate",
        "CosineDecay",
        "CosineRestarts",
        "CyclicSchedule",
        "ExponentialDecay",
        "OneCycle",
        "PiecewiseConstant",
        "PowerSchedule",
        "StepDecay",
        "WarmUp",
    ),
    "series.delays": ("lagged",),
    "series.narx": ("NARX",),
    "storage.checkpoints": ("ModelCheckpoint",),
    "storage.networks": ("load",),
    "training.history": ("History",),
    "training.parts": ("split", "split_by_time"),
    "training.scaling": ("ScalingWarning",),
    "training.stopping": ("Stopping",),
    "training.user_functions": ("GradientWarning",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
# What needs an extra: `from fastopt import *` leaves it alone.
_OF_EXTRAS = {"MLPClassifier": "estimators", "MLPRegressor": "estimators"}
_MODULES = (
    "callbacks",
    "clip",
    "initializers",
    "layers",
    "losses",
    "optimizers",
    "plots",
    "schedules",
)


def __getattr__(name: str) -> Any:
    value: Any
    if name in _HOME:
        value = getattr(import_module(f"fastopt.{_HOME[name]}"), name)
    elif name in _OF_EXTRAS:
        value = getattr(import_module(f"fastopt.{_OF_EXTRAS[name]}"), name)
    elif name in _MODULES:
        return import_module(f"fastopt.{name}")
    elif name == "__version__":
        value = build_info()["version"]
    elif name == "TerminateOnNaN":
        raise AttributeError(
            "module 'fastopt' has no TerminateOnNaN, as none is needed: fit() raises "
            "fastopt.DivergenceError where the loss or the weights are not finite, and the network "
            "keeps the best finite weights"
        )
    else:
        from fastopt._names import meant_by

        known = [*__all__, *_OF_EXTRAS, *_MODULES]
        raise AttributeError(f"module 'fastopt' has no attribute {name!r}{meant_by(name, known)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_OF_EXTRAS, *_MODULES, "__version__"])
