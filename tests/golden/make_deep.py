"""Normalisation, residual connections and dropout in PyTorch, and batch statistics in Keras."""

from copy import deepcopy

import keras
import numpy as np
import torch
from make_networks import ACTIVATIONS, LOSSES, REGRESSION, TARGETS
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from reference import masks

STEPS = 100
KEPT_STEPS = (1, 10, 100)
SEED, ITERATION = 2**40 + 17, 5


def case(name, layer_sizes, normalization=None, blocks=(), dropout=(), **others):
    """``dropout`` holds the rates of the input and of each hidden layer."""
    return {
        "name": name,
        "layer_sizes": layer_sizes,
        "activation": "tanh",
        "output_activation": "identity",
        "normalization": normalization,
        "blocks": blocks,
        "dropout": dropout,
        "seed": SEED,
        "loss": "mse",
        "l2": 0.0,
        **others,
    }


CLASSES = {"loss": "cross_entropy", "output_activation": "softmax"}
EACH = ((1, 2), (2, 3))
RATES = (0.1, 0.25, 0.1, 0.5)
CASES = [
    case("batch", (4, 6, 5, 2), "batch"),
    case("batch relu classes", (4, 6, 5, 3), "batch", activation="relu", **CLASSES),
    case("layer", (4, 6, 5, 2), "layer"),
    case("layer gelu classes", (4, 6, 5, 3), "layer", activation="gelu", **CLASSES),
    case("residual", (4, 6, 6, 6, 2), blocks=EACH),
    case("residual block of two", (4, 6, 3, 6, 2), blocks=((1, 3),), activation="silu"),
    case("residual with projections", (4, 6, 5, 3, 2), blocks=((0, 1), *EACH), l2=0.1),
    case("dropout", (4, 6, 5, 2), dropout=(0, 0.1, 0.5)),
    case("dropout of inputs", (4, 6, 5, 3), dropout=(0.1, 0, 0.25), activation="relu", **CLASSES),
    case("alpha dropout", (4, 6, 5, 2), dropout=(0.1, 0.25, 0.5), activation="selu"),
    case("all with batch", (4, 6, 6, 6, 2), "batch", EACH, RATES, l2=0.1),
    case("all with layer", (4, 6, 6, 5, 3), "layer", EACH, RATES, activation="elu", **CLASSES),
]
NETWORKS_TO_TRAIN = [
    case("batch residual", (4, 6, 6, 6, 2), "batch", EACH),
    case("layer residual", (4, 6, 6, 6, 3), "layer", EACH, activation="gelu", l2=1e-2, **CLASSES),
    case("batch residual dropout", (4, 6, 6, 6, 2), "batch", EACH, RATES, l2=1e-2),
    case(
        "layer residual alpha dropout",
        (4, 6, 6, 6, 3),
        "layer",
        EACH,
        RATES,
        activation="selu",
        l2=1e-2,
        **CLASSES,
    ),
]
# (name, PyTorch's optimiser, its settings, ours, its settings). The rates are small enough that 100
# steps do not amplify rounding: at a few times these, the weights part by 1e-11 to 1e-5.
OPTIMIZERS = [
    ("sgd", "SGD", {"lr": 0.01}, "SGD", {"learning_rate": 0.01}),
    (
        "momentum",
        "SGD",
        {"lr": 0.005, "momentum": 0.9},
        "SGD",
        {"learning_rate": 0.005, "momentum": 0.9},
    ),
    (
        "nesterov",
        "SGD",
        {"lr": 0.005, "momentum": 0.9, "nesterov": True},
        "SGD",
        {"learning_rate": 0.005, "momentum": 0.9, "nesterov": True},
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


class Drawn(TorchDispatchMode):
    """While it lasts, PyTorch's dropout takes the mask ``keep`` in place of one that it draws."""

    def __init__(self, keep):
        super().__init__()
        self.keep = keep

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.aten.bernoulli_.float:
            return args[0].copy_(self.keep)
        return function(*args, **(kwargs or {}))


def dropout(case, n_samples, iteration):
    """PyTorch's dropout of each layer that has it, with fastopt's masks."""
    kind = F.alpha_dropout if case["activation"] == "selu" else F.dropout

    def of(layer, rate):
        shape = (n_samples, case["layer_sizes"][layer])
        keep = torch.tensor(masks.keep(shape, rate, case["seed"], iteration, layer))

        def dropped(h):
            with Drawn(keep):
                return kind(h, masks.rate_in_fact(rate), training=True)

        return dropped

    return {layer: of(layer, rate) for layer, rate in enumerate(case["dropout"]) if rate}


def forward_and_backward(case, rng):
    network = Network(case, rng)
    X, T = data(case, rng, n_samples=8)
    arrays = {"X": X, "T": T, "weights": network.flat()}
    logits = network.logits(torch.tensor(X), dropout(case, len(X), ITERATION))
    loss = network.loss(logits, torch.tensor(T))
    loss.backward()
    return {
        **arrays,
        "outputs": network.outputs(logits).detach().numpy(),
        "loss": np.array(loss.item()),
        "gradient": network.flat_gradient(),
    }


def at_weights(network, optimizer):
    """A copy that holds w where PyTorch holds Nesterov's look-ahead point w − ηβ·buffer."""
    network = deepcopy(network)
    leaves = iter([*network.parameters((True,)), *network.parameters((False,))])
    for group in optimizer.param_groups:
        # Without a look-ahead the weights stay as they are, to the last bit.
        ahead = group["lr"] * group["momentum"] if group.get("nesterov") else 0.0
        for held in group["params"]:
            leaf = next(leaves)
            if ahead:
                leaf.data += ahead * optimizer.state[held]["momentum_buffer"]
    return network


def start(case):
    """The network, the same for every optimiser, and its data."""
    rng = np.random.default_rng(23)
    network = Network(case, rng)
    return network, *data(case, rng, n_samples=16)


def training(case, optimizer, settings):
    """Full-batch training: E after every step, weights after some, statistics at the end.

    As in fastopt, masks belong to the number of steps before, and E after a step is that of the
    masks of the next.
    """
    network, *arrays = start(case)
    X, T = map(torch.tensor, arrays)
    decay = settings.get("weight_decay", 0.0)
    groups = [
        {"params": network.parameters(of_weights=(True,)), "weight_decay": decay},
        {"params": network.parameters(of_weights=(False,)), "weight_decay": 0.0},
    ]
    optimizer = getattr(torch.optim, optimizer)(groups, **settings)
    arrays, losses = {}, []
    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        network.loss(network.logits(X, dropout(case, len(X), step - 1)), T).backward()
        optimizer.step()
        after = at_weights(network, optimizer)
        losses.append(after.loss(after.logits(X, dropout(case, len(X), step)), T).item())
        if step in KEPT_STEPS:
            arrays[f"weights_{step}"] = after.flat()
    if case["normalization"] == "batch":
        for layer, (mean, variance) in enumerate(network.running, start=1):
            arrays[f"running_mean_{layer}"] = mean.numpy().copy()
            arrays[f"running_variance_{layer}"] = variance.numpy().copy()
        # A fresh copy: the losses have moved the running statistics of the others.
        used = at_weights(network, optimizer)
        arrays["inference_outputs"] = used.logits(X, training=False).detach().numpy()
    return {**arrays, "losses": np.array(losses)}


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
        cases.append({"kind": "gradient", **one, "iteration": ITERATION})
        parts[one["name"]] = forward_and_backward(one, rng)
    for one in NETWORKS_TO_TRAIN:
        network, X, T = start(one)
        parts[one["name"]] = {"X": X, "T": T, "weights": network.flat()}
        for name, optimizer, settings, fastopt, fastopt_settings in OPTIMIZERS:
            full_name = f"{one['name']} {name}"
            cases.append(
                {
                    "kind": "training",
                    **one,
                    "name": full_name,
                    "start": one["name"],
                    "optimizer": optimizer,
                    "settings": settings,
                    "fastopt": fastopt,
                    "fastopt_settings": fastopt_settings,
                }
            )
            parts[full_name] = training(one, optimizer, settings)
    parts["batch statistics"] = batch_statistics(rng)
    return cases, {f"{name}/{key}": v for name, part in parts.items() for key, v in part.items()}
