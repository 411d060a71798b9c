"""The table of optimisers under test: a new one is a row here.

Tests take their parameters from it: ``FIRST_ORDER`` are the rules that follow the gradient, each
with settings that make every part of its formula count, and the NumPy transcription of it.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

import fastopt
from reference import rules


@dataclass(frozen=True)
class FirstOrderCase:
    id: str
    optimizer: type
    reference: type
    settings: dict[str, Any] = field(default_factory=dict)
    # Settings out of range, each to be refused by its name.
    refused: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def make(self, **changes):
        return self.optimizer(**{**self.settings, **changes})

    def make_reference(self, **changes):
        settings = {**self.settings, **changes}
        settings.pop("learning_rate", None)
        return self.reference(**settings)


_POSITIVE = (0, -1e-8, float("nan"), float("inf"))
_FRACTION = (-0.1, 1, 1.5, float("nan"))
_NOT_NEGATIVE = (-1e-3, float("nan"), float("inf"))
_ALL = {"learning_rate": _POSITIVE, "weight_decay": _NOT_NEGATIVE}
_EPSILON = {**_ALL, "epsilon": _POSITIVE, "epsilon_position": ("middle", "")}
_ADAM = {**_EPSILON, "beta_1": _FRACTION, "beta_2": _FRACTION}

_ROWS = (
    ("sgd", fastopt.SGD, rules.SGD, {}, {**_ALL, "momentum": _FRACTION}),
    ("sgd-decay", fastopt.SGD, rules.SGD, {"weight_decay": 0.1}, _ALL),
    ("momentum", fastopt.SGD, rules.SGD, {"momentum": 0.9}, _ALL),
    ("momentum-decay", fastopt.SGD, rules.SGD, {"momentum": 0.8, "weight_decay": 0.1}, _ALL),
    ("nesterov", fastopt.SGD, rules.SGD, {"momentum": 0.9, "nesterov": True}, _ALL),
    (
        "nesterov-decay",
        fastopt.SGD,
        rules.SGD,
        {"momentum": 0.7, "nesterov": True, "weight_decay": 0.1},
        _ALL,
    ),
    ("nesterov-without-momentum", fastopt.SGD, rules.SGD, {"nesterov": True}, _ALL),
    (
        "adagrad",
        fastopt.AdaGrad,
        rules.AdaGrad,
        {"learning_rate": 0.1},
        {**_EPSILON, "initial_accumulator": _NOT_NEGATIVE},
    ),
    (
        "adagrad-outside",
        fastopt.AdaGrad,
        rules.AdaGrad,
        {"initial_accumulator": 0.1, "epsilon": 1e-3, "epsilon_position": "outside"},
        _EPSILON,
    ),
    (
        "adagrad-decay",
        fastopt.AdaGrad,
        rules.AdaGrad,
        {"weight_decay": 0.1, "epsilon": 1e-3},
        _EPSILON,
    ),
    ("rmsprop", fastopt.RMSprop, rules.RMSprop, {}, {**_EPSILON, "rho": _FRACTION}),
    (
        "rmsprop-outside",
        fastopt.RMSprop,
        rules.RMSprop,
        {"rho": 0.99, "epsilon": 1e-3, "epsilon_position": "outside", "weight_decay": 0.1},
        _EPSILON,
    ),
    ("adam", fastopt.Adam, rules.Adam, {}, _ADAM),
    (
        "adam-inside",
        fastopt.Adam,
        rules.Adam,
        {"epsilon": 1e-3, "epsilon_position": "inside", "beta_1": 0.5},
        _ADAM,
    ),
    (
        "adam-uncorrected",
        fastopt.Adam,
        rules.Adam,
        {"epsilon": 1e-3, "epsilon_position": "uncorrected", "beta_2": 0.9},
        _ADAM,
    ),
    ("adam-decay", fastopt.Adam, rules.Adam, {"learning_rate": 0.1, "weight_decay": 0.1}, _ADAM),
    ("amsgrad", fastopt.Adam, rules.Adam, {"amsgrad": True, "beta_2": 0.6}, _ADAM),
    (
        "rmsprop-centered",
        fastopt.RMSprop,
        rules.RMSprop,
        {"centered": True, "epsilon": 1e-3},
        {**_EPSILON, "rho": _FRACTION},
    ),
    ("adamax", fastopt.AdaMax, rules.AdaMax, {"learning_rate": 0.1, "beta_2": 0.8}, _ADAM),
    (
        "adamax-inside",
        fastopt.AdaMax,
        rules.AdaMax,
        {"epsilon": 1e-3, "epsilon_position": "inside", "weight_decay": 0.1},
        _ADAM,
    ),
    (
        "adadelta",
        fastopt.Adadelta,
        rules.Adadelta,
        {"weight_decay": 0.1},
        {**_ALL, "rho": _FRACTION, "epsilon": _POSITIVE},
    ),
    ("radam", fastopt.RAdam, rules.RAdam, {"beta_2": 0.9}, _ADAM),
    (
        "radam-outside",
        fastopt.RAdam,
        rules.RAdam,
        {"beta_2": 0.8, "epsilon": 1e-3, "epsilon_position": "outside", "weight_decay": 0.1},
        _ADAM,
    ),
    (
        "lion",
        fastopt.Lion,
        rules.Lion,
        {"learning_rate": 0.01, "weight_decay": 0.1},
        {**_ALL, "beta_1": _FRACTION, "beta_2": _FRACTION},
    ),
    (
        "rprop",
        fastopt.Rprop,
        rules.Rprop,
        {"learning_rate": 0.01, "step_max": 0.02},
        {**_ALL, "increase": (1, 0.5), "decrease": (0, 1, 1.5), "step_min": _POSITIVE},
    ),
    (
        "gradient-descent",
        fastopt.GradientDescentAdaptive,
        rules.GradientDescent,
        {"adaptive": False},
        {
            **_ALL,
            "momentum": _FRACTION,
            "increase": (0.9,),
            "decrease": (0, 1, 1.5),
            "max_increase": (0.9,),
        },
    ),
    (
        "gradient-descent-momentum",
        fastopt.GradientDescentAdaptive,
        rules.GradientDescent,
        {"adaptive": False, "momentum": 0.9, "weight_decay": 0.1},
        _ALL,
    ),
    ("nadam", fastopt.Nadam, rules.Nadam, {}, {**_ADAM, "momentum_decay": _NOT_NEGATIVE}),
    (
        "nadam-inside",
        fastopt.Nadam,
        rules.Nadam,
        {"momentum_decay": 1.0, "epsilon": 1e-3, "epsilon_position": "inside"},
        _ADAM,
    ),
    (
        "nadam-uncorrected",
        fastopt.Nadam,
        rules.Nadam,
        {"epsilon": 1e-3, "epsilon_position": "uncorrected", "weight_decay": 0.1},
        _ADAM,
    ),
)
FIRST_ORDER = [FirstOrderCase(*row) for row in _ROWS]

each_first_order = pytest.mark.parametrize("case", FIRST_ORDER, ids=lambda c: c.id)
