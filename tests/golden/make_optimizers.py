"""Trajectories of the frameworks' optimisers on a fixed sequence of gradients."""

from dataclasses import asdict, dataclass

import jax
import keras
import numpy as np
import optax
import torch

STEPS = 100
# The sizes of the gradients: ε rules the step, counts, or does not matter.
SCALES = np.array([1e-8, 1e-6, 1e-4, 1e-2, 1.0, 1e2, 1.0])
DRIFT = np.array([0.5, -0.5, 0.0, 1.0, -0.3, 0.0, 0.5])


def start_and_gradients():
    """Seven weights (7,) and their gradients (100, 7); the last is zero four times in five.

    Two weights start at zero, so that their path shows the steps to full precision.
    """
    rng = np.random.default_rng(20)
    start = rng.uniform(0.5, 1.5, size=7) * np.array([1, -1, 0, -1, 0, -1, 1])
    gradients = SCALES * (rng.normal(size=(STEPS, 7)) + DRIFT)
    gradients[:, -1] *= rng.uniform(size=STEPS) < 0.2
    return start, gradients


@dataclass
class Case:
    """The framework's optimiser with its settings, and the same rule in fastopt's terms."""

    framework: str
    name: str
    optimizer: str
    settings: dict
    fastopt: str
    fastopt_settings: dict
    # η is multiplied by this after every step (Keras only).
    learning_rate_factor: float = 1.0


CASES = [
    Case("torch", "sgd", "SGD", {"lr": 1e-2}, "SGD", {"learning_rate": 1e-2}),
    Case(
        "torch",
        "momentum",
        "SGD",
        {"lr": 1e-2, "momentum": 0.9},
        "SGD",
        {"learning_rate": 1e-2, "momentum": 0.9},
    ),
    Case(
        "torch",
        "nesterov",
        "SGD",
        {"lr": 1e-2, "momentum": 0.9, "nesterov": True},
        "SGD",
        {"learning_rate": 1e-2, "momentum": 0.9, "nesterov": True},
    ),
    Case(
        "torch",
        "adagrad",
        "Adagrad",
        {"lr": 1e-2, "initial_accumulator_value": 0.0, "eps": 1e-10},
        "AdaGrad",
        {"learning_rate": 1e-2, "epsilon": 1e-10, "epsilon_position": "outside"},
    ),
    Case(
        "torch",
        "rmsprop",
        "RMSprop",
        {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8},
        "RMSprop",
        {"learning_rate": 1e-2, "rho": 0.99, "epsilon": 1e-8, "epsilon_position": "outside"},
    ),
    Case(
        "torch",
        "adam",
        "Adam",
        {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8},
        "Adam",
        {"learning_rate": 1e-3, "epsilon": 1e-8, "epsilon_position": "outside"},
    ),
    Case(
        "torch",
        "adam_other_betas",
        "Adam",
        {"lr": 3e-2, "betas": [0.6, 0.95], "eps": 1e-5},
        "Adam",
        {
            "learning_rate": 3e-2,
            "beta_1": 0.6,
            "beta_2": 0.95,
            "epsilon": 1e-5,
            "epsilon_position": "outside",
        },
    ),
    Case(
        "torch",
        "adamw",
        "AdamW",
        {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01},
        "Adam",
        {
            "learning_rate": 1e-3,
            "epsilon": 1e-8,
            "epsilon_position": "outside",
            "weight_decay": 0.01,
        },
    ),
    Case(
        "torch",
        "nadam",
        "NAdam",
        {"lr": 2e-3, "betas": [0.9, 0.999], "eps": 1e-8, "momentum_decay": 0.004},
        "Nadam",
        {
            "learning_rate": 2e-3,
            "epsilon": 1e-8,
            "epsilon_position": "outside",
            "momentum_decay": 0.004,
        },
    ),
    Case(
        "torch",
        "nadamw",
        "NAdam",
        {
            "lr": 2e-3,
            "betas": [0.9, 0.999],
            "eps": 1e-8,
            "momentum_decay": 0.004,
            "weight_decay": 0.05,
            "decoupled_weight_decay": True,
        },
        "Nadam",
        {
            "learning_rate": 2e-3,
            "epsilon": 1e-8,
            "epsilon_position": "outside",
            "momentum_decay": 0.004,
            "weight_decay": 0.05,
        },
    ),
    Case(
        "torch",
        "amsgrad",
        "Adam",
        {"lr": 1e-2, "betas": [0.9, 0.9], "eps": 1e-8, "amsgrad": True},
        "Adam",
        {
            "learning_rate": 1e-2,
            "beta_2": 0.9,
            "epsilon": 1e-8,
            "epsilon_position": "outside",
            "amsgrad": True,
        },
    ),
    Case(
        "torch",
        "rmsprop_centered",
        "RMSprop",
        {"lr": 1e-2, "alpha": 0.9, "eps": 1e-8, "centered": True},
        "RMSprop",
        {
            "learning_rate": 1e-2,
            "rho": 0.9,
            "epsilon": 1e-8,
            "epsilon_position": "outside",
            "centered": True,
        },
    ),
    Case(
        "torch",
        "adamax",
        "Adamax",
        {"lr": 2e-3, "betas": [0.9, 0.99], "eps": 1e-8},
        "AdaMax",
        {"learning_rate": 2e-3, "beta_2": 0.99, "epsilon": 1e-8, "epsilon_position": "inside"},
    ),
    Case(
        "torch",
        "adadelta",
        "Adadelta",
        {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
        "Adadelta",
        {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6},
    ),
    Case(
        "torch",
        "radam",
        "RAdam",
        {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8},
        "RAdam",
        {"learning_rate": 1e-3, "epsilon": 1e-8, "epsilon_position": "uncorrected"},
    ),
    Case(
        "torch",
        "rprop",
        "Rprop",
        {"lr": 0.01, "etas": [0.5, 1.2], "step_sizes": [1e-6, 50.0]},
        "Rprop",
        {"learning_rate": 0.01},
    ),
    Case(
        "optax",
        "rmsprop_centered",
        "rmsprop",
        {"learning_rate": 1e-2, "decay": 0.9, "eps": 1e-7, "centered": True, "eps_in_sqrt": True},
        "RMSprop",
        {
            "learning_rate": 1e-2,
            "rho": 0.9,
            "epsilon": 1e-7,
            "epsilon_position": "inside",
            "centered": True,
        },
    ),
    Case(
        "optax",
        "adamax",
        "adamax",
        {"learning_rate": 2e-3, "b1": 0.9, "b2": 0.99, "eps": 1e-8},
        "AdaMax",
        {"learning_rate": 2e-3, "beta_2": 0.99, "epsilon": 1e-8, "epsilon_position": "inside"},
    ),
    Case(
        "optax",
        "adadelta",
        "adadelta",
        {"learning_rate": 0.5, "rho": 0.95, "eps": 1e-7},
        "Adadelta",
        {"learning_rate": 0.5, "rho": 0.95, "epsilon": 1e-7},
    ),
    Case(
        "optax",
        "radam",
        "radam",
        {"learning_rate": 1e-3, "b1": 0.9, "b2": 0.99, "eps": 1e-8},
        "RAdam",
        {"learning_rate": 1e-3, "beta_2": 0.99, "epsilon": 1e-8, "epsilon_position": "outside"},
    ),
    Case(
        "optax",
        "lion",
        "lion",
        {"learning_rate": 1e-3, "b1": 0.9, "b2": 0.99, "weight_decay": 0.02},
        "Lion",
        {"learning_rate": 1e-3, "weight_decay": 0.02},
    ),
    # optax's β₁ is constant: ψ so large that the warm-up of μ is over before the first step.
    Case(
        "optax",
        "nadam",
        "nadam",
        {"learning_rate": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8},
        "Nadam",
        {
            "learning_rate": 1e-3,
            "epsilon": 1e-8,
            "epsilon_position": "outside",
            "momentum_decay": 1e6,
        },
    ),
    Case("keras", "sgd", "SGD", {"learning_rate": 1e-2}, "SGD", {"learning_rate": 1e-2}),
    Case(
        "keras",
        "amsgrad",
        "Adam",
        {"learning_rate": 1e-2, "beta_1": 0.9, "beta_2": 0.9, "epsilon": 1e-7, "amsgrad": True},
        "Adam",
        {
            "learning_rate": 1e-2,
            "beta_2": 0.9,
            "epsilon": 1e-7,
            "epsilon_position": "uncorrected",
            "amsgrad": True,
        },
    ),
    Case(
        "keras",
        "rmsprop_centered",
        "RMSprop",
        {"learning_rate": 1e-2, "rho": 0.9, "epsilon": 1e-7, "centered": True},
        "RMSprop",
        {
            "learning_rate": 1e-2,
            "rho": 0.9,
            "epsilon": 1e-7,
            "epsilon_position": "inside",
            "centered": True,
        },
    ),
    Case(
        "keras",
        "adamax",
        "Adamax",
        {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-7},
        "AdaMax",
        {"learning_rate": 1e-3, "beta_2": 0.99, "epsilon": 1e-7, "epsilon_position": "outside"},
    ),
    Case(
        "keras",
        "adadelta",
        "Adadelta",
        {"learning_rate": 0.5, "rho": 0.95, "epsilon": 1e-7},
        "Adadelta",
        {"learning_rate": 0.5, "rho": 0.95, "epsilon": 1e-7},
    ),
    Case(
        "keras",
        "lion",
        "Lion",
        {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.99, "weight_decay": 0.02},
        "Lion",
        {"learning_rate": 1e-3, "weight_decay": 0.02},
    ),
    Case(
        "keras",
        "momentum",
        "SGD",
        {"learning_rate": 1e-2, "momentum": 0.9},
        "SGD",
        {"learning_rate": 1e-2, "momentum": 0.9},
    ),
    Case(
        "keras",
        "momentum_falling_rate",
        "SGD",
        {"learning_rate": 1e-1, "momentum": 0.9, "weight_decay": 0.02},
        "SGD",
        {"learning_rate": 1e-1, "momentum": 0.9, "weight_decay": 0.02},
        learning_rate_factor=0.95,
    ),
    Case(
        "keras",
        "nesterov",
        "SGD",
        {"learning_rate": 1e-2, "momentum": 0.9, "nesterov": True},
        "SGD",
        {"learning_rate": 1e-2, "momentum": 0.9, "nesterov": True},
    ),
    Case(
        "keras",
        "nesterov_falling_rate",
        "SGD",
        {"learning_rate": 1e-1, "momentum": 0.9, "nesterov": True},
        "SGD",
        {"learning_rate": 1e-1, "momentum": 0.9, "nesterov": True},
        learning_rate_factor=0.95,
    ),
    Case(
        "keras",
        "adagrad",
        "Adagrad",
        {"learning_rate": 1e-3, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
        "AdaGrad",
        {
            "learning_rate": 1e-3,
            "initial_accumulator": 0.1,
            "epsilon": 1e-7,
            "epsilon_position": "inside",
        },
    ),
    Case(
        "keras",
        "rmsprop",
        "RMSprop",
        {"learning_rate": 1e-3, "rho": 0.9, "epsilon": 1e-7},
        "RMSprop",
        {"learning_rate": 1e-3, "rho": 0.9, "epsilon": 1e-7, "epsilon_position": "inside"},
    ),
    Case(
        "keras",
        "adam",
        "Adam",
        {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "Adam",
        {"learning_rate": 1e-3, "epsilon": 1e-7, "epsilon_position": "uncorrected"},
    ),
    Case(
        "keras",
        "adamw_falling_rate",
        "AdamW",
        {
            "learning_rate": 1e-2,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "weight_decay": 0.02,
        },
        "Adam",
        {
            "learning_rate": 1e-2,
            "epsilon": 1e-7,
            "epsilon_position": "uncorrected",
            "weight_decay": 0.02,
        },
        learning_rate_factor=0.97,
    ),
    Case(
        "keras",
        "nadam",
        "Nadam",
        {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "Nadam",
        {
            "learning_rate": 1e-3,
            "epsilon": 1e-7,
            "epsilon_position": "outside",
            "momentum_decay": 1.0,
        },
    ),
]


def torch_trajectory(case, start, gradients):
    w = torch.nn.Parameter(torch.tensor(start))
    optimizer = getattr(torch.optim, case.optimizer)([w], **case.settings)
    path = []
    for g in gradients:
        w.grad = torch.tensor(g)
        optimizer.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


def keras_trajectory(case, start, gradients):
    w = keras.Variable(start)
    optimizer = getattr(keras.optimizers, case.optimizer)(**case.settings)
    optimizer.build([w])
    path = []
    for i, g in enumerate(gradients):
        optimizer.learning_rate = case.settings["learning_rate"] * case.learning_rate_factor**i
        optimizer.apply([keras.ops.convert_to_tensor(g)], [w])
        path.append(keras.ops.convert_to_numpy(w).copy())
    return np.array(path)


def optax_trajectory(case, start, gradients):
    jax.config.update("jax_enable_x64", True)
    rule = getattr(optax, case.optimizer)(**case.settings)
    w = jax.numpy.asarray(start)
    state, path = rule.init(w), []
    for g in gradients:
        change, state = rule.update(jax.numpy.asarray(g), state, w)
        w = optax.apply_updates(w, change)
        path.append(np.asarray(w))
    return np.array(path)


def make():
    start, gradients = start_and_gradients()
    arrays = {"start": start, "gradients": gradients}
    trajectory = {
        "torch": torch_trajectory,
        "keras": keras_trajectory,
        "optax": optax_trajectory,
    }
    for case in CASES:
        path = trajectory[case.framework](case, start, gradients)
        arrays[f"{case.framework}_{case.name}"] = path
    return [asdict(case) for case in CASES], arrays
