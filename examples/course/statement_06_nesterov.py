"""6. Nesterov's momentum usually needs fewer iterations than plain momentum.

    plain: m ← β m − η ∇E(w) ; w ← w + m
    Nesterov: m ← β m − η ∇E(w + β m) ; w ← w + m

Shown as the share of many starts, on a quadratic ravine and on a network. Where momentum does not
overshoot, as in the long flat valley of Rosenbrock's function, the two are alike.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, descend, save

import fastopt

BETA = 0.9
CURVATURES = np.array([[1.0], [50.0]])


def ravine(w: Array) -> Array:
    return CURVATURES * w


def rosenbrock(w: Array) -> Array:
    x, y = w
    return np.stack([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)])


def starts(n: int, seed: int) -> Array:
    """Return random starts in [−2, 2]², shape (2, n): every column is a descent of its own."""
    return np.random.default_rng(seed).uniform(-2, 2, (2, n))


@cache
def on_function(name: str, n: int = 300) -> tuple[Array, Array]:
    """Return the iterations from each start: of plain momentum, of Nesterov's."""
    gradient, minimum, learning_rate, steps = {
        "ravine": (ravine, 0.0, 0.01, 600),
        "Rosenbrock": (rosenbrock, 1.0, 2e-4, 12_000),
    }[name]
    needed = []
    for nesterov in (False, True):
        optimizer = fastopt.SGD(learning_rate, momentum=BETA, nesterov=nesterov)
        path = descend(optimizer, gradient, starts(n, seed=0), steps)
        far = np.linalg.norm(path - minimum, axis=1) > 1e-3
        # The last iteration at which it is not there yet, so that passing by does not count.
        needed.append(steps + 1 - np.argmax(far[::-1], axis=0))
    return needed[0], needed[1]


@cache
def on_network(n: int = 40, epochs: int = 3000) -> tuple[Array, Array]:
    """Return the iterations of a network 1-5-1 on a sine, full batch, until MSE ≤ 0.02."""
    x = np.linspace(-1, 1, 41).reshape(-1, 1)
    needed = np.empty((2, n))
    for seed in range(n):
        for k, nesterov in enumerate((False, True)):
            net = fastopt.MLP([1, 5, 1], random_state=seed)
            optimizer = fastopt.SGD(0.1, momentum=BETA, nesterov=nesterov)
            enough = fastopt.Stopping(loss=0.02)
            history = net.fit(
                x, np.sin(np.pi * x), optimizer, epochs=epochs, batch_size=None, stopping=enough
            )
            needed[k, seed] = len(history)
    return needed[0], needed[1]


def share(plain: Array, nesterov: Array) -> float:
    """Return the share of starts from which Nesterov's momentum needs fewer iterations."""
    return float(np.mean(nesterov < plain))


def draw() -> Figure:
    figure, panels = axes(3, width=4.2)
    cases = (
        ("ravine ½(w₁² + 50 w₂²), η = 0.01", on_function("ravine")),
        ("Rosenbrock, η = 2·10⁻⁴", on_function("Rosenbrock")),
        ("network 1-5-1 on a sine, η = 0.1", on_network()),
    )
    for panel, (title, (plain, nesterov)) in zip(panels, cases, strict=True):
        panel.plot(plain, nesterov, ".", ms=4)
        ends = [min(plain.min(), nesterov.min()), max(plain.max(), nesterov.max())]
        panel.plot(ends, ends, color="grey", lw=0.8, label="equal")
        panel.set(xlabel="iterations, plain momentum", ylabel="iterations, Nesterov")
        panel.set_title(f"{title}\nfewer from {share(plain, nesterov):.0%} of {len(plain)} starts")
        panel.legend()
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
