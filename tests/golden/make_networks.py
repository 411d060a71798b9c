"""Outputs, loss and gradient of small perceptrons in PyTorch."""

from itertools import pairwise, product

import numpy as np
import torch
from torch.nn import functional as F

ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": F.softplus,
    "softmax": lambda z: torch.softmax(z, dim=1),
}
# From (outputs, or logits for the cross-entropies; targets) to the loss of each sample.
LOSSES = {
    "mse": lambda y, t: F.mse_loss(y, t, reduction="none").mean(dim=1),
    "mae": lambda y, t: F.l1_loss(y, t, reduction="none").mean(dim=1),
    "huber": lambda y, t: F.huber_loss(y, t, reduction="none").mean(dim=1),
    "binary_cross_entropy": lambda z, t: F.binary_cross_entropy_with_logits(
        z, t, reduction="none"
    ).mean(dim=1),
    "cross_entropy": lambda z, t: F.cross_entropy(z, t, reduction="none"),
}
TARGETS = {"binary_cross_entropy": "T_binary", "cross_entropy": "T_class"}
REGRESSION = ("mse", "mae", "huber")


def data(rng, layer_sizes, n_samples):
    n_features, n_outputs = layer_sizes[0], layer_sizes[-1]
    n_parameters = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(layer_sizes))
    return {
        "X": rng.normal(size=(n_samples, n_features)),
        "T_real": 1.5 * rng.normal(size=(n_samples, n_outputs)),
        "T_binary": rng.integers(0, 2, size=(n_samples, n_outputs)).astype(float),
        "T_class": rng.integers(0, n_outputs, size=n_samples),
        "sample_weight": rng.uniform(0.1, 3.0, size=n_samples),
        "weights": rng.normal(size=n_parameters),
    }


def case(network, activation, output_activation, loss, sample_weight=False, l2=0.0):
    name = [activation if isinstance(activation, str) else "-".join(activation)]
    name += [output_activation, loss] + ["weighted"] * sample_weight + ["l2"] * (l2 > 0)
    return {
        "name": "/".join([network, *name]),
        "network": network,
        "activation": activation,
        "output_activation": output_activation,
        "loss": loss,
        "targets": TARGETS.get(loss, "T_real"),
        "sample_weight": sample_weight,
        "l2": l2,
    }


LAYER_SIZES = {"wide": (3, 5, 4, 3), "narrow": (2, 6, 1)}
HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]
CASES = [
    *(case("wide", a, "identity", loss) for a, loss in product(HIDDEN, LOSSES)),
    *(case("wide", "tanh", out, loss) for out, loss in product(list(ACTIVATIONS)[1:], REGRESSION)),
    *(case("wide", a, "sigmoid", "binary_cross_entropy", True, 0.1) for a in ("relu", "silu")),
    *(case("wide", a, "softmax", "cross_entropy", True, 0.1) for a in ("relu", "selu")),
    case("wide", ["gelu", "leaky_relu"], "identity", "mse", True),
    case("wide", ["sigmoid", "elu"], "identity", "huber", False, 0.2),
    case("narrow", "tanh", "identity", "mse"),
    case("narrow", "relu", "sigmoid", "binary_cross_entropy"),
]


def leaf_parameters(weights, layer_sizes):
    """[W_1 (fan_in × fan_out), b_1, W_2, …] as leaves of the graph."""
    parts, start = [], 0
    for fan_in, fan_out in pairwise(layer_sizes):
        for shape in ((fan_in, fan_out), (fan_out,)):
            stop = start + int(np.prod(shape))
            parts.append(torch.tensor(weights[start:stop].reshape(shape), requires_grad=True))
            start = stop
    return parts


def evaluate(case, data):
    layer_sizes = LAYER_SIZES[case["network"]]
    parameters = leaf_parameters(data["weights"], layer_sizes)
    n_hidden = len(layer_sizes) - 2
    names = case["activation"]
    names = [names] * n_hidden if isinstance(names, str) else names
    z = torch.tensor(data["X"])
    for layer, name in enumerate([*names, "identity"]):
        W, b = parameters[2 * layer : 2 * layer + 2]
        z = ACTIVATIONS[name](F.linear(z, W.T, b))
    outputs = ACTIVATIONS[case["output_activation"]](z)

    values = LOSSES[case["loss"]](
        outputs if case["loss"] in REGRESSION else z, torch.tensor(data[case["targets"]])
    )
    v = torch.tensor(data["sample_weight"] if case["sample_weight"] else np.ones(len(values)))
    penalty = sum((W**2).sum() for W in parameters[::2])
    loss = (v * values).sum() / v.sum() + case["l2"] / 2 * penalty
    loss.backward()
    return {
        "outputs": outputs.detach().numpy(),
        "loss": np.array(loss.item()),
        "gradient": np.concatenate([p.grad.numpy().ravel() for p in parameters]),
    }


def make():
    rng = np.random.default_rng(21)
    data_of = {name: data(rng, sizes, n_samples=7) for name, sizes in LAYER_SIZES.items()}
    arrays = {
        f"{network}/{key}": value for network in data_of for key, value in data_of[network].items()
    }
    for one in CASES:
        for key, value in evaluate(one, data_of[one["network"]]).items():
            arrays[f"{one['name']}/{key}"] = value
    return [{**one, "layer_sizes": LAYER_SIZES[one["network"]]} for one in CASES], arrays
