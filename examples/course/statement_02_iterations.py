"""2. An epoch of 20,000 examples is 1 iteration, 200 (batches of 100) or 20,000 (SGD).

    iterations in an epoch = ⌈N / B⌉

N examples, B of them in a batch.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from common import Array, Figure, axes, save

import fastopt

N = 20_000
BATCHES = {"batch": None, "mini-batches of 100": 100, "SGD": 1}


@cache
def data() -> tuple[Array, Array]:
    """Return one period of a sine with noise."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (N, 1))
    return x, np.sin(np.pi * x) + rng.normal(0, 0.1, (N, 1))


@cache
def iterations(batch_size: int | None, epochs: int = 1) -> list[int]:
    """Return the number of iterations of each epoch, as the schedule is asked for them."""
    asked = []

    @dataclass
    class Recorded(fastopt.PowerSchedule):
        def rates(self, first_iteration: int, n_iterations: int, epoch: int | None = None) -> Array:
            asked.append(n_iterations)
            return super().rates(first_iteration, n_iterations, epoch)

    net = fastopt.MLP([1, 5, 1], random_state=0)
    optimizer = fastopt.SGD(Recorded(0.01, c1=1e6))
    net.fit(*data(), optimizer, epochs=epochs, batch_size=batch_size)
    return asked


@cache
def curve(batch_size: int | None, epochs: int = 10) -> fastopt.History:
    """Train a network with the same learning rate on batches of some size."""
    net = fastopt.MLP([1, 5, 1], random_state=0)
    metrics = ["mse"]  # after each epoch
    return net.fit(
        *data(), fastopt.SGD(0.02), epochs=epochs, batch_size=batch_size, metrics=metrics
    )


def draw() -> Figure:
    figure, (left, right) = axes(2)
    counts = [iterations(size)[0] for size in BATCHES.values()]
    bars = left.bar(list(BATCHES), counts, color=["C0", "C1", "C2"])
    left.bar_label(bars)
    left.set(yscale="log", ylabel="iterations in an epoch", title=f"{N} examples", ylim=(0.5, 1e5))
    for name, size in BATCHES.items():
        mse = curve(size).mse
        right.semilogy(np.arange(1, len(mse) + 1), mse, "o-", label=name)
    right.set(xlabel="epoch", ylabel="MSE after the epoch", title="1-5-1 on a sine, η = 0.02")
    right.grid(alpha=0.3)
    right.legend()
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
