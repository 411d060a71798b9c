"""Learning rates of the frameworks' schedules, one for each iteration (or epoch) from 0 on."""

from dataclasses import asdict, dataclass

import keras
import numpy as np
import torch

STEPS = 130


@dataclass
class Case:
    """The framework's schedule with its settings, and the same in fastopt's terms."""

    framework: str
    name: str
    schedule: str
    settings: dict
    fastopt: str
    fastopt_settings: dict


CASES = [
    Case(
        "torch",
        "one_cycle",
        "OneCycleLR",
        {"max_lr": 0.1, "total_steps": STEPS},
        "OneCycle",
        {"maximum": 0.1, "steps": STEPS},
    ),
    Case(
        "torch",
        "one_cycle_linear",
        "OneCycleLR",
        {
            "max_lr": 0.3,
            "total_steps": STEPS,
            "pct_start": 0.43,
            "anneal_strategy": "linear",
            "div_factor": 10.0,
            "final_div_factor": 50.0,
        },
        "OneCycle",
        {
            "maximum": 0.3,
            "steps": STEPS,
            "rise": 0.43,
            "shape": "linear",
            "start_divisor": 10.0,
            "final_divisor": 50.0,
        },
    ),
    Case(
        "torch",
        "warm_restarts",
        "CosineAnnealingWarmRestarts",
        {"T_0": 17, "eta_min": 0.01},
        "CosineRestarts",
        {"initial": 0.1, "steps": 17, "final": 0.01},
    ),
    Case(
        "torch",
        "warm_restarts_growing",
        "CosineAnnealingWarmRestarts",
        {"T_0": 9, "T_mult": 2},
        "CosineRestarts",
        {"initial": 0.1, "steps": 9, "growth": 2},
    ),
    Case(
        "torch",
        "step",
        "StepLR",
        {"step_size": 30, "gamma": 0.3},
        "StepDecay",
        {"initial": 0.1, "every": 30, "factor": 0.3},
    ),
    Case(
        "torch",
        "cyclic",
        "CyclicLR",
        {"base_lr": 0.02, "max_lr": 0.1, "step_size_up": 11, "cycle_momentum": False},
        "CyclicSchedule",
        {"low": 0.02, "high": 0.1, "steps_up": 11},
    ),
    Case(
        "torch",
        "cyclic_halving",
        "CyclicLR",
        {
            "base_lr": 0.02,
            "max_lr": 0.1,
            "step_size_up": 8,
            "step_size_down": 15,
            "mode": "triangular2",
            "cycle_momentum": False,
        },
        "CyclicSchedule",
        {"low": 0.02, "high": 0.1, "steps_up": 8, "steps_down": 15, "mode": "halving"},
    ),
    Case(
        "torch",
        "cyclic_exponential",
        "CyclicLR",
        {
            "base_lr": 0.02,
            "max_lr": 0.1,
            "step_size_up": 8,
            "mode": "exp_range",
            "gamma": 0.97,
            "cycle_momentum": False,
        },
        "CyclicSchedule",
        {"low": 0.02, "high": 0.1, "steps_up": 8, "mode": "exponential", "decay": 0.97},
    ),
    Case(
        "keras",
        "staircase",
        "ExponentialDecay",
        {
            "initial_learning_rate": 0.1,
            "decay_steps": 20,
            "decay_rate": 0.7,
            "staircase": True,
        },
        "ExponentialDecay",
        {"initial": 0.1, "decay_steps": 20, "decay_rate": 0.7, "staircase": True},
    ),
    Case(
        "keras",
        "cosine_restarts",
        "CosineDecayRestarts",
        {
            "initial_learning_rate": 0.1,
            "first_decay_steps": 13,
            "t_mul": 1.5,
            "m_mul": 0.8,
            "alpha": 0.1,
        },
        "CosineRestarts",
        {"initial": 0.1, "steps": 13, "growth": 1.5, "shrink": 0.8, "final": 0.01},
    ),
    Case(
        "keras",
        "cosine_restarts_alike",
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 16, "t_mul": 1.0, "m_mul": 0.5},
        "CosineRestarts",
        {"initial": 0.1, "steps": 16, "shrink": 0.5},
    ),
]


def torch_rates(case):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = getattr(torch.optim.lr_scheduler, case.schedule)(optimizer, **case.settings)
    rates = []
    for i in range(STEPS):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if i + 1 < STEPS:
            schedule.step()
    return np.array(rates)


def keras_rates(case):
    schedule = getattr(keras.optimizers.schedules, case.schedule)(**case.settings)
    rates = [schedule(keras.ops.cast(i, "float64")) for i in range(STEPS)]
    return np.array([float(keras.ops.convert_to_numpy(rate)) for rate in rates])


def make():
    make_rates = {"torch": torch_rates, "keras": keras_rates}
    arrays = {f"{c.framework}_{c.name}": make_rates[c.framework](c) for c in CASES}
    return [asdict(case) for case in CASES], arrays
