"""How long does the update rule alone take: Adam on one flat float32 vector?

The answer that contenders share is a stretch of the weights after one step.
"""

from functools import cached_property, partial

import numpy as np

from bench.contender import Contender
from bench.peers.fastopt_peer import FastoptAdam
from bench.peers.jax_peer import JaxAdam
from bench.peers.numpy_peer import NumpyAdam
from bench.peers.torch_peer import TorchAdam
from bench.question import Case, at_most, faster
from bench.threads import cpus, named

VGG16 = 138_357_544
# Adam reads w, g, m, s and writes w, m, s; a copy reads one vector and writes one.
VECTORS_MOVED = 7 / 2

TARGETS = {
    10_000: (faster("PyTorch, fused", 5),),
    1_000_000: (faster("PyTorch, fused", 1.1),),
    VGG16: (faster("PyTorch, fused", 1.0), at_most(VECTORS_MOVED / 0.95, "plain copy")),
}


class Vectors:
    """The weights and the gradient that all contenders share: they hold gigabytes."""

    def __init__(self, n):
        self.n = n

    @cached_property
    def w(self):
        return self._noise(1)

    @cached_property
    def g(self):
        return self._noise(2)

    def sample(self):
        """Return the first weights as they were before any step, a copy."""
        return self._noise(1, min(self.n, 10_000))

    def _noise(self, seed, n=None):
        return np.random.default_rng(seed).standard_normal(n or self.n, dtype="float32")


class PlainCopy(Contender):
    name = "plain copy"

    def __init__(self, vectors):
        self.source, self.copy = vectors.w, vectors.w.copy()

    def run(self, count):
        for _ in range(count):
            np.copyto(self.copy, self.source)
        return count


def cases():
    return [_case(n) for n in TARGETS]


def _case(n):
    vectors = Vectors(n)
    threads = sorted({1, min(2, cpus())}) if n > 10_000 else [1]
    contenders = {"NumPy": partial(NumpyAdam, vectors)}
    for k in threads:
        contenders[f"fastopt, {named(k)}"] = partial(FastoptAdam, vectors, k)
    for setting in ("fused", "foreach"):
        contenders[f"PyTorch, {setting}"] = partial(TorchAdam, vectors, setting, threads[-1])
    contenders["JAX"] = partial(JaxAdam, vectors)
    if n == VGG16:
        contenders["plain copy"] = partial(PlainCopy, vectors)
    return Case(
        name=f"update-{n}",
        title=f"Adam on {n:,} weights",
        contenders=contenders,
        targets=TARGETS[n],
        rounds=5 if n == VGG16 else None,
        # w and g, and for each contender its m and s and some temporaries.
        memory=4.0 * n * (2 + 3 * len(contenders)) if n == VGG16 else 0.0,
    )
