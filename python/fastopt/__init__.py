"""Accelerated gradient methods for neural networks and functions, in C++ under a Python API."""

from fastopt._errors import DivergenceError
from fastopt._runtime import build_info, get_num_threads, set_num_threads
from fastopt.callbacks import Callback, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from fastopt.clip import ClipByGlobalNorm, ClipByNorm, ClipByValue
from fastopt.functions.curve_fit import curve_fit
from fastopt.functions.least_squares import least_squares
from fastopt.layers import BatchNormalization, LayerNormalization
from fastopt.network import MLP
from fastopt.optimizers import SGD, AdaGrad, Adam, LevenbergMarquardt, Nadam, RMSprop
from fastopt.schedules import (
    AdaptiveLearningRate,
    CosineDecay,
    ExponentialDecay,
    PiecewiseConstant,
    PowerSchedule,
    WarmUp,
)
from fastopt.training.history import History
from fastopt.training.stopping import Stopping

__all__ = [
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
    "History",
    "LayerNormalization",
    "LearningRateScheduler",
    "LevenbergMarquardt",
    "Nadam",
    "PiecewiseConstant",
    "PowerSchedule",
    "RMSprop",
    "ReduceLROnPlateau",
    "Stopping",
    "WarmUp",
    "build_info",
    "curve_fit",
    "get_num_threads",
    "least_squares",
    "set_num_threads",
]
