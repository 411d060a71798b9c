"""Normalisation, residual connections and dropout in PyTorch, and batch statistics in Keras."""

import keras
import numpy as np
import torch
from make_networks import ACTIVATIONS, LOSSES, REGRESSION, TARGETS
from torch.nn import functional as F

STEPS = 100
KEPT_STEPS = (1, 10, 100)
RATE = 0.25


def case(name, layer_sizes, normalization=None, blocks=(), dropped=(), **others):
    """``dropped`` names the layers with dropout, 0 being the input."""
    return {
        "name": name,
        "layer_sizes": layer_sizes,
        "activation": "tanh",
        "output_activation": "identity",
        "normalization": normalization,
        "blocks": blocks,
        "dropped": dropped,
        "loss": "mse",
        "l2": 0.0,
        **others,
    }


CLASSES = {"loss": "cross_entropy", "output_activation": "softmax"}
EACH = ((1, 2), (2, 3))
CASES = [
    case("batch", (4, 6, 5, 2), "batch"),
    case("batch relu classes", (4, 6, 5, 3), "batch", activation="relu", **CLASSES),
    case("layer", (4, 6, 5, 2), "layer"),
    case("layer gelu classes", (4, 6, 5, 3), "layer", activation="gelu", **CLASSES),
    case("residual", (4, 6, 6, 6, 2), blocks=EACH),
    case("residual block of two", (4, 6, 3, 6, 2), blocks=((1, 3),), activation="silu"),
    case("residual with projections", (4, 6, 5, 3, 2), blocks=((0, 1), *EACH), l2=0.1),
    case("dropout", (4, 6, 5, 2), dropped=(1, 2)),
    case("dropout of inputs", (4, 6, 5, 3), dropped=(0, 2), activation="relu", **CLASSES),
    case("alpha dropout", (4, 6, 5, 2), dropped=(0, 1, 2), activation="selu"),
    case("all with batch", (4, 6, 6, 6, 2), "batch", EACH, (0, 1, 2, 3), l2=0.1),
    case("all with layer", (4, 6, 6, 5, 3), "layer", EACH, (1, 2, 3), activation="elu", **CLASSES),
]
NETWORKS_TO_TRAIN = [
    case("batch residual", (4, 6, 6, 6, 2), "batch", EACH),
    case("layer residual", (4, 6, 6, 6, 3), "layer", EACH, activation="gelu", l2=1e-2, **CLASSES),
]
# (name, PyTorch's optimiser, its settings, ours, its settings). The rates are small enough that 100
# steps do not amplify rounding: at a few times these, the weights part by 1e-11 to 1e-5.
OPTIMIZERS = [
    (
        "momentum",
        "SGD",
        {"lr": 0.005, "momentum": 0.9},
        "SGD",
        {"learning_rate": 0.005, "momentum": 0.9},
    ),
    (
        "adagrad",
        "Adagrad",
        {"lr": 0.01, "eps": 1e-7},
        "AdaGrad",
        {"learning_rate": 0.01, "epsilon": 1e-7, "epsilon_position": "outside"},
    ),
    (
        "rmsprop",
        "RMSprop",
        {"lr": 0.001, "alpha": 0.9, "eps": 1e-7},
        "RMSprop",
        {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7, "epsilon_position": "outside"},
    ),
    ("adam", "Adam", {"lr": 0.003}, "Adam", {"learning_rate": 0.003}),
    (
        "adamw",
        "AdamW",
        {"lr": 0.003, "weight_decay": 0.1},
        "Adam",
        {"learning_rate": 0.003, "weight_decay": 0.1},
    ),
    (
        "nadam",
        "NAdam",
        {"lr": 0.003, "momentum_decay": 0.004},
        "Nadam",
        {"learning_rate": 0.003, "momentum_decay": 0.004},
    ),
]


class Network:
    """The network of a case; ``layers`` holds the parameters by name in the order of the vector."""

    def __init__(self, case, rng):
        self.case, self.layers = case, []
        sizes = case["layer_sizes"]
        for layer in range(1, len(sizes)):
            fan_in, fan_out = sizes[layer - 1 : layer + 1]
            values = {"W": rng.normal(size=(fan_in, fan_out)) * np.sqrt(2 / (fan_in + fan_out))}
            if case["normalization"] and layer < len(sizes) - 1:
                values["gamma"] = rng.uniform(0.5, 1.5, size=fan_out)
                values["beta"] = 0.3 * rng.normal(size=fan_out)
            else:
                values["b"] = 0.3 * rng.normal(size=fan_out)
            for start, end in case["blocks"]:
                if end == layer and sizes[start] != fan_out:
                    values["P"] = rng.normal(size=(sizes[start], fan_out))
            self.layers.append({k: torch.tensor(v, requires_grad=True) for k, v in values.items()})
        self.running = [(torch.zeros(width), torch.ones(width)) for width in sizes[1:-1]]

    def parameters(self, of_weights=(True, False)):
        """Leaves in the order of the vector: all, the weights alone, or all but the weights."""
        return [
            leaf
            for layer in self.layers
            for name, leaf in layer.items()
            if (name in ("W", "P")) in of_weights
        ]

    def flat(self):
        return np.concatenate([leaf.detach().numpy().ravel() for leaf in self.parameters()])

    def flat_gradient(self):
        return np.concatenate([leaf.grad.numpy().ravel() for leaf in self.parameters()])

    def _normalize(self, z, p, running, training):
        if self.case["normalization"] == "layer":
            return F.layer_norm(z, z.shape[1:], p["gamma"], p["beta"], eps=1e-5)
        # A momentum of 0.01 is 0.99 as Keras states it.
        return F.batch_norm(
            z, *running, p["gamma"], p["beta"], training=training, momentum=0.01, eps=1e-3
        )

    def logits(self, X, dropout=None, training=True):
        """``dropout`` maps a layer number to a function of its activations."""
        dropout = dropout or {}
        starts = {end: start for start, end in self.case["blocks"]}
        a = [dropout.get(0, torch.nn.Identity())(X)]
        for layer, p in enumerate(self.layers[:-1], start=1):
            z = F.linear(a[-1], p["W"].T, p.get("b"))
            if "gamma" in p:
                z = self._normalize(z, p, self.running[layer - 1], training)
            h = ACTIVATIONS[self.case["activation"]](z)
            h = dropout.get(layer, torch.nn.Identity())(h)
            if layer in starts:
                shortcut = a[starts[layer]]
                h = h + (shortcut @ p["P"] if "P" in p else shortcut)
            a.append(h)
        return F.linear(a[-1], self.layers[-1]["W"].T, self.layers[-1]["b"])

    def outputs(self, logits):
        return ACTIVATIONS[self.case["output_activation"]](logits)

    def loss(self, logits, T):
        name = self.case["loss"]
        values = LOSSES[name](self.outputs(logits) if name in REGRESSION else logits, T)
        penalty = sum((W**2).sum() for W in self.parameters(of_weights=(True,)))
        return values.mean() + self.case["l2"] / 2 * penalty


def data(case, rng, n_samples):
    X = rng.normal(size=(n_samples, case["layer_sizes"][0]))
    n_outputs = case["layer_sizes"][-1]
    if TARGETS.get(case["loss"]) == "T_class":
        return X, rng.integers(0, n_outputs, size=n_samples)
    return X, rng.normal(size=(n_samples, n_outputs))


def seeded_dropout(case, layer):
    """PyTorch's dropout that draws the same mask in every call."""
    kind = F.alpha_dropout if case["activation"] == "selu" else F.dropout

    def dropout(h):
        torch.manual_seed(layer)
        return kind(h, RATE, training=True)

    return dropout


def kept(case, dropout, shape):
    """The mask of 0 and 1 that such a dropout draws, read off a constant input."""
    constant = torch.zeros(shape) if case["activation"] == "selu" else torch.ones(shape)
    outcome = dropout(constant)
    return (outcome == outcome.max()).double().numpy()


def forward_and_backward(case, rng):
    network = Network(case, rng)
    X, T = data(case, rng, n_samples=8)
    dropout = {layer: seeded_dropout(case, layer) for layer in case["dropped"]}
    arrays = {"X": X, "T": T, "weights": network.flat()}
    for layer in dropout:
        shape = (len(X), case["layer_sizes"][layer])
        arrays[f"keep_{layer}"] = kept(case, dropout[layer], shape).astype(np.int8)

    logits = network.logits(torch.tensor(X), dropout)
    loss = network.loss(logits, torch.tensor(T))
    loss.backward()
    return {
        **arrays,
        "outputs": network.outputs(logits).detach().numpy(),
        "loss": np.array(loss.item()),
        "gradient": network.flat_gradient(),
    }


def training(case, optimizer, settings, rng):
    """Full-batch training: E after every step, weights after some, statistics at the end."""
    network = Network(case, rng)
    X, T = map(torch.tensor, data(case, rng, n_samples=16))
    decay = settings.get("weight_decay", 0.0)
    groups = [
        {"params": network.parameters(of_weights=(True,)), "weight_decay": decay},
        {"params": network.parameters(of_weights=(False,)), "weight_decay": 0.0},
    ]
    optimizer = getattr(torch.optim, optimizer)(groups, **settings)
    arrays = {"X": X.numpy(), "T": T.numpy(), "weights": network.flat()}
    losses = []
    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        loss = network.loss(network.logits(X), T)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        if step in KEPT_STEPS:
            arrays[f"weights_{step}"] = network.flat()
    if case["normalization"] == "batch":
        for layer, (mean, variance) in enumerate(network.running, start=1):
            arrays[f"running_mean_{layer}"] = mean.numpy().copy()
            arrays[f"running_variance_{layer}"] = variance.numpy().copy()
        arrays["inference_outputs"] = network.logits(X, training=False).detach().numpy()
    losses.append(network.loss(network.logits(X), T).item())
    return {**arrays, "losses": np.array(losses[1:])}


def batch_statistics(rng):
    """Running statistics of one layer of width 3 over batches of 5, 8, 2 and 16 samples.

    The middle feature is constant.
    """
    batches = [rng.normal(1, 2, size=(size, 3)) * [1, 0, 10] + [0, 4, -5] for size in (5, 8, 2, 16)]
    gamma, beta = rng.uniform(0.5, 1.5, size=3), rng.normal(size=3)
    layer = keras.layers.BatchNormalization(momentum=0.99, epsilon=1e-3)
    layer.build((None, 3))
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    module = torch.nn.BatchNorm1d(3, eps=1e-3, momentum=0.01)
    module.weight.data, module.bias.data = torch.tensor(gamma), torch.tensor(beta)

    arrays = {"gamma": gamma, "beta": beta}
    for i, batch in enumerate(batches):
        arrays[f"batch_{i}"] = batch
        normalized = layer(batch, training=True)
        arrays[f"normalized_{i}"] = keras.ops.convert_to_numpy(normalized)
        module(torch.tensor(batch))
    arrays["keras_mean"] = keras.ops.convert_to_numpy(layer.moving_mean)
    arrays["keras_variance"] = keras.ops.convert_to_numpy(layer.moving_variance)
    arrays["keras_inference"] = keras.ops.convert_to_numpy(layer(batches[0], training=False))
    arrays["torch_mean"] = module.running_mean.numpy().copy()
    arrays["torch_variance"] = module.running_var.numpy().copy()
    return arrays


def make():
    rng = np.random.default_rng(22)
    cases, parts = [], {}
    for one in CASES:
        cases.append({"kind": "gradient", **one, "rate": RATE})
        parts[one["name"]] = forward_and_backward(one, rng)
    for one in NETWORKS_TO_TRAIN:
        for name, optimizer, settings, fastopt, fastopt_settings in OPTIMIZERS:
            full_name = f"{one['name']} {name}"
            cases.append(
                {
                    "kind": "training",
                    **one,
                    "name": full_name,
                    "optimizer": optimizer,
                    "settings": settings,
                    "fastopt": fastopt,
                    "fastopt_settings": fastopt_settings,
                }
            )
            # Every optimiser starts from the same network and sees the same data.
            parts[full_name] = training(one, optimizer, settings, np.random.default_rng(23))
    parts["batch statistics"] = batch_statistics(rng)
    return cases, {f"{name}/{key}": v for name, part in parts.items() for key, v in part.items()}
