"""The networks that are trained, their data, and the ratios that fastopt is to reach."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.question import faster


@dataclass(frozen=True)
class Network:
    """A network, the batches it is trained on, and what is to be reached."""

    name: str
    sizes: tuple
    batch: int
    activation: str
    loss: str  # "mse" with a linear output, "cross_entropy" with softmax
    steps: int  # in one epoch; the data set holds batch × steps samples
    threads: tuple
    targets: tuple

    @property
    def n_samples(self):
        return self.batch * self.steps

    @property
    def output_activation(self):
        return "softmax" if self.loss == "cross_entropy" else "identity"

    @property
    def title(self):
        return f"{'-'.join(map(str, self.sizes))}, {self.batch}, {self.activation}, {self.loss}"

    @cached_property
    def shapes(self):
        """Of W and b of each layer, in the order of the flat vector of parameters."""
        pairs = zip(self.sizes, self.sizes[1:], strict=False)
        return [shape for fan_in, fan_out in pairs for shape in ((fan_in, fan_out), (fan_out,))]

    def views(self, flat):
        """Return W and b of each layer as views of a flat vector."""
        ends = np.cumsum([0] + [int(np.prod(shape)) for shape in self.shapes])
        return [
            flat[start:end].reshape(shape)
            for shape, start, end in zip(self.shapes, ends, ends[1:], strict=False)
        ]

    def initial_parameters(self, dtype="float32"):
        """Return Glorot's (tanh) or He's (relu) weights and zero biases in one flat vector."""
        rng = np.random.default_rng(1)
        flat = np.zeros(sum(int(np.prod(shape)) for shape in self.shapes), dtype)
        for weights in self.views(flat)[::2]:
            fan_in, fan_out = weights.shape
            variance = 2 / fan_in if self.activation == "relu" else 2 / (fan_in + fan_out)
            weights[:] = rng.normal(scale=np.sqrt(variance), size=weights.shape)
        return flat

    def data(self, dtype="float32"):
        """Return X and y: noisy, so that the gradients do not vanish while the clock runs."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.n_samples, self.sizes[0])).astype(dtype)
        scores = X @ rng.standard_normal((self.sizes[0], self.sizes[-1])) / np.sqrt(self.sizes[0])
        scores += 0.3 * rng.standard_normal(scores.shape)
        if self.loss == "cross_entropy":
            return X, scores.argmax(axis=1)
        return X, np.sin(2 * scores).astype(dtype)


NETWORKS = {
    network.name: network
    for network in (
        Network(
            name="X",
            sizes=(8, 16, 1),
            batch=32,
            activation="tanh",
            loss="mse",
            steps=256,
            threads=(1,),
            targets=(faster("JAX", 12), faster("NumPy", 30), faster("PyTorch", 90)),
        ),
        Network(
            name="S",
            sizes=(8, 64, 64, 1),
            batch=32,
            activation="tanh",
            loss="mse",
            steps=256,
            threads=(1,),
            targets=(faster("JAX", 3.5), faster("NumPy", 10), faster("PyTorch", 25)),
        ),
        Network(
            name="M",
            sizes=(784, 128, 10),
            batch=128,
            activation="relu",
            loss="cross_entropy",
            steps=100,
            threads=(1, 2),
            targets=(faster("JAX", 1.7), faster("PyTorch", 3.5)),
        ),
        Network(
            name="L",
            sizes=(784, 1024, 1024, 10),
            batch=256,
            activation="relu",
            loss="cross_entropy",
            steps=20,
            threads=(1, 2),
            targets=(faster("JAX", 1.15), faster("PyTorch", 2)),
        ),
    )
}
