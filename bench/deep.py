"""What do normalisation, dropout and clipping add to a step, and how fast are deep networks?

The first rows compare fastopt with itself on case M; the others with PyTorch and JAX. With dropout,
losses of the first epoch agree only as well as chance lets them.
"""

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from bench.cases import NETWORKS, Network
from bench.peers.deep_jax import DeepJax
from bench.peers.deep_torch import DeepTorch
from bench.peers.fastopt_peer import FastoptMinibatch
from bench.peers.torch_peer import SETTINGS
from bench.question import Case, at_most, faster
from bench.threads import cpus, named


@dataclass(frozen=True)
class DeepNetwork(Network):
    """Hidden layers with batch normalisation, dropout, and an identity around all but the first."""

    normalization: str | None = None
    dropout: float = 0.0
    residual: bool = False

    @cached_property
    def shapes(self):
        shapes = []
        for layer, (fan_in, fan_out) in enumerate(zip(self.sizes, self.sizes[1:], strict=False), 1):
            normalized = self.normalization is not None and layer < len(self.sizes) - 1
            shapes += [(fan_in, fan_out), *[(fan_out,)] * (2 if normalized else 1)]
        return shapes

    def initial_parameters(self, dtype="float32"):
        rng = np.random.default_rng(1)
        flat = np.zeros(sum(int(np.prod(shape)) for shape in self.shapes), dtype)
        views = self.views(flat)
        for view, following in zip(views, [*views[1:], views[0]], strict=True):
            if view.ndim == 2:
                # Half of He's variance where a shortcut adds as much again.
                variance = (1 if self.residual else 2) / view.shape[0] / len(self.sizes) ** 0.5
                view[:] = rng.normal(scale=np.sqrt(variance), size=view.shape)
            elif following.ndim == 1 and self.normalization is not None:
                view[:] = 1  # γ stands before β
        return flat


class FastoptDeep(FastoptMinibatch):
    """``net.fit`` with what the network has beyond layers, or with clipping."""

    def __init__(self, case, threads, clip=None, name="fastopt"):
        super().__init__(case, threads)
        self.name, self.clip = name, None if clip is None else clip(self.fastopt)
        self.net = self.fastopt.MLP(
            case.sizes,
            case.activation,
            case.output_activation,
            dtype="float32",
            random_state=2,
            normalization=case.normalization,
            dropout=case.dropout,
            residual=case.residual,
        )
        self.statistics = self.net.statistics.copy()

    def prepare(self):
        super().prepare()
        self.net.statistics = self.statistics

    def run(self, count, shuffle=True):
        settings = {"epochs": count, "batch_size": self.case.batch, "clip": self.clip}
        history = self.net.fit(
            self.X, self.y, self.optimizer, self.case.loss, shuffle=shuffle, **settings
        )
        self.losses = history.loss
        return count * self.case.steps


def deep(network, **changes):
    """Return a network of :mod:`bench.cases` with more to it."""
    plain = {name: getattr(network, name) for name in Network.__dataclass_fields__}
    return DeepNetwork(**{**plain, **changes})


M = NETWORKS["M"]
COSTS = {  # what is added to case M, and how much it may cost
    "batch-norm": ({"normalization": "batch"}, None, 1.25),
    "layer-norm": ({"normalization": "layer"}, None, 1.25),
    "dropout": ({"dropout": 0.2}, None, 1.10),
    "clip-value": ({}, lambda fastopt: fastopt.ClipByValue(1e-3), 1.05),
    "clip-norm": ({}, lambda fastopt: fastopt.ClipByNorm(1e-2), 1.05),
    "clip-global-norm": ({}, lambda fastopt: fastopt.ClipByGlobalNorm(1e-2), 1.05),
}
NETWORKS_TO_RACE = (
    DeepNetwork(
        name="deep-BN",
        sizes=(784, 256, 256, 10),
        batch=128,
        activation="relu",
        loss="cross_entropy",
        steps=50,
        threads=(1, 2),
        targets=(faster("JAX", 1.0), faster("PyTorch", 1.0)),
        normalization="batch",
        dropout=0.2,
    ),
    DeepNetwork(
        name="deep-residual",
        sizes=(64, *[64] * 65, 10),
        batch=128,
        activation="relu",
        loss="cross_entropy",
        steps=20,
        threads=(1, 2),
        targets=(faster("JAX", 1.0), faster("PyTorch", 1.0)),
        residual=True,
    ),
)


def cases():
    return [*map(_cost, COSTS), *map(_race, NETWORKS_TO_RACE)]


def _cost(name):
    changes, clip, limit = COSTS[name]
    return Case(
        name=f"M-{name}",
        title=f"what {name} adds to a step of M, 1 thread",
        contenders={
            "plain step, 1 thread": partial(FastoptDeep, deep(M), 1, name="plain step"),
            "fastopt, 1 thread": partial(_Unlike, replace(deep(M), **changes), 1, clip),
        },
        targets=(at_most(limit, "plain step"),),
    )


class _Unlike(FastoptDeep):
    """Trains another way than the plain step, so its losses are not compared with it."""

    def answer(self):
        return None


def _race(network):
    threads = sorted({min(k, cpus()) for k in network.threads})
    contenders = {f"fastopt, {named(k)}": partial(FastoptDeep, network, k) for k in threads}
    for setting in SETTINGS:
        contenders[f"PyTorch, {setting}"] = partial(DeepTorch, network, setting, threads[-1])
    contenders["JAX"] = partial(DeepJax, network)
    extras = ["batch normalisation"] * (network.normalization is not None)
    extras += [f"dropout {network.dropout}"] * (network.dropout > 0)
    sizes = "784-256-256-10"
    if network.residual:
        sizes = f"{len(network.sizes) - 3} residual layers of width {network.sizes[1]}"
    return Case(
        name=network.name,
        title=", ".join([sizes, str(network.batch), network.activation, *extras]),
        contenders=contenders,
        targets=network.targets,
        tolerance=0.05 if network.dropout else 1e-3,
    )
