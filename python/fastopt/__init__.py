"""Accelerated gradient methods for neural networks and functions, in C++ under a Python API."""

from fastopt import plots as plots
from fastopt._errors import DivergenceError
from fastopt._runtime import __version__ as __version__
from fastopt._runtime import build_info, get_num_threads, set_num_threads
from fastopt.callbacks import Callback, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from fastopt.clip import ClipByGlobalNorm, ClipByNorm, ClipByValue
from fastopt.functions.check import check_gradient, check_hessian
from fastopt.functions.curve_fit import curve_fit
from fastopt.functions.least_squares import least_squares
from fastopt.functions.minimize import minimize
from fastopt.functions.result import OptimizeResult
from fastopt.layers import BatchNormalization, LayerNormalization, Residual
from fastopt.memory import memory_needed
from fastopt.network import MLP
from fastopt.optimizers import (
    BFGS,
    DFP,
    LBFGS,
    SGD,
    AdaGrad,
    Adam,
    LevenbergMarquardt,
    Nadam,
    Newton,
    NewtonCG,
    RMSprop,
    SteepestDescent,
)
from fastopt.schedules import (
    AdaptiveLearningRate,
    CosineDecay,
    ExponentialDecay,
    PiecewiseConstant,
    PowerSchedule,
    WarmUp,
)
from fastopt.training.history import History
from fastopt.training.parts import split
from fastopt.training.stopping import Stopping
from fastopt.training.user_functions import GradientWarning

__all__ = [
    "BFGS",
    "DFP",
    "LBFGS",
    "MLP",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdaptiveLearningRate",
    "BatchNormalization",
    "Callback",
    "ClipByGlobalNorm",
    "ClipByNorm",
    "ClipByValue",
    "CosineDecay",
    "DivergenceError",
    "EarlyStopping",
    "ExponentialDecay",
    "GradientWarning",
    "History",
    "LayerNormalization",
    "LearningRateScheduler",
    "LevenbergMarquardt",
    "Nadam",
    "Newton",
    "NewtonCG",
    "OptimizeResult",
    "PiecewiseConstant",
    "PowerSchedule",
    "RMSprop",
    "ReduceLROnPlateau",
    "Residual",
    "SteepestDescent",
    "Stopping",
    "WarmUp",
    "build_info",
    "check_gradient",
    "check_hessian",
    "curve_fit",
    "get_num_threads",
    "least_squares",
    "memory_needed",
    "minimize",
    "set_num_threads",
    "split",
]
