"""Values of the frameworks' losses, and their gradients by the outputs."""

from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from sklearn.metrics import mean_pinball_loss


@dataclass
class Case:
    """The framework's loss with its settings, and its name in fastopt's terms."""

    framework: str
    name: str
    loss: str
    fastopt: str
    settings: dict = field(default_factory=dict)
    outputs: str = "numbers"
    output_activation: str = "identity"


CASES = [
    Case("torch", "huber", "HuberLoss", "huber"),
    Case("torch", "huber_half", "HuberLoss", "huber(0.5)", {"delta": 0.5}),
    Case("torch", "poisson_log", "PoissonNLLLoss", "poisson", {"log_input": True}),
    Case(
        "torch",
        "poisson_rates",
        "PoissonNLLLoss",
        "poisson",
        {"log_input": False, "eps": 0.0},
        "rates",
        "softplus",
    ),
    Case("torch", "huber_two", "HuberLoss", "huber(2.0)", {"delta": 2.0}),
    Case(
        "torch",
        "poisson_exp",
        "PoissonNLLLoss",
        "poisson",
        {"log_input": False, "eps": 0.0},
        "rates",
        "exp",
    ),
    Case("scikit-learn", "pinball", "mean_pinball_loss", "pinball(0.9)", {"alpha": 0.9}),
    Case("scikit-learn", "median", "mean_pinball_loss", "pinball", {"alpha": 0.5}),
]


def value(case, outputs, targets):
    """Return the loss of tensors."""
    return getattr(torch.nn, case.loss)(**case.settings)(outputs, targets)


def make():
    rng = np.random.default_rng(0)
    arrays = {
        "numbers": 2 * rng.normal(size=(40, 3)),
        "rates": rng.gamma(2.0, size=(40, 3)),
        "targets": 2 * rng.normal(size=(40, 3)),
        "counts": rng.poisson(2.0, size=(40, 3)).astype(float),
    }
    for case in CASES:
        key = f"{case.framework}_{case.name}"
        targets = arrays["counts" if case.fastopt == "poisson" else "targets"]
        if case.framework == "scikit-learn":
            arrays[key] = np.array(mean_pinball_loss(targets, arrays["numbers"], **case.settings))
            continue
        outputs = torch.tensor(arrays[case.outputs], requires_grad=True)
        loss = value(case, outputs, torch.tensor(targets))
        loss.backward()
        arrays[key] = np.array(float(loss.detach()))
        arrays[f"{key}_gradient"] = outputs.grad.numpy()
    return [asdict(case) for case in CASES], arrays
