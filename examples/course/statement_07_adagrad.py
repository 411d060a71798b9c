"""7. AdaGrad slows the steep coordinates first; RMSProp forgets, and goes on.

    AdaGrad: s ← s + g⊗g ; w ← w − η g ÷ √(s + ε)
    RMSProp: s ← ρ s + (1−ρ) g⊗g ; w ← w − η g ÷ √(s + ε)

AdaGrad does well on linear regression. On a network, where the way is long, its steps become
too small too early; RMSProp's do not.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, descend, save
from sklearn.datasets import load_diabetes

import fastopt

CURVATURES = np.array([1.0, 100.0])
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)


@cache
def effective_rates(steps: int = 50) -> Array:
    """Return −Δw/g of AdaGrad on ½(w₁² + 100 w₂²), shape (steps, 2): η ÷ √s."""
    path = descend(fastopt.AdaGrad(0.1), lambda w: CURVATURES * w, np.ones(2), steps)
    return -np.diff(path, axis=0) / (CURVATURES * path[:-1])


@cache
def linear_regression(optimizer: str, learning_rate: float, steps: int = 1000) -> Array:
    """Return MSE − least MSE of a linear model of the diabetes data, all examples at a time."""
    X, y = load_diabetes(return_X_y=True)
    X = np.column_stack([np.ones(len(X)), X / X.std(axis=0)])
    y = (y - y.mean()) / y.std()
    best = np.mean((X @ np.linalg.lstsq(X, y, rcond=None)[0] - y) ** 2)
    rule = fastopt.optimizers.resolve(optimizer, learning_rate=learning_rate)
    start = np.zeros(X.shape[1])
    path = descend(rule, lambda w: 2 / len(y) * X.T @ (X @ w - y), start, steps)
    return np.mean((path @ X.T - y) ** 2, axis=1) - best


@cache
def network(optimizer: str, learning_rate: float = 0.01, seed: int = 0) -> fastopt.History:
    """Train 1-10-1 on two periods of a sine, full batch."""
    x = np.linspace(-1, 1, 100).reshape(-1, 1)
    net = fastopt.MLP([1, 10, 1], random_state=seed)
    rule = fastopt.optimizers.resolve(optimizer, learning_rate=learning_rate)
    return net.fit(x, np.sin(2 * np.pi * x), rule, epochs=3000, batch_size=None)


def draw() -> Figure:
    figure, panels = axes(3)
    panels[0].loglog(np.arange(1, 51), effective_rates(), label=["w₁, flat", "w₂, 100 × as steep"])
    panels[0].set(xlabel="iteration", ylabel="η ÷ √s", title="AdaGrad on ½(w₁² + 100 w₂²)")
    for optimizer in ("adagrad", "sgd"):
        panels[1].semilogy(linear_regression(optimizer, 0.1), label=f"{optimizer}, η = 0.1")
    panels[1].set(xlabel="iteration", ylabel="MSE − least MSE")
    panels[1].set_title("linear regression, diabetes data")
    for optimizer in ("adagrad", "rmsprop"):
        panels[2].loglog(network(optimizer).loss, label=f"{optimizer}, η = 0.01")
    panels[2].set(xlabel="epoch", ylabel="MSE", title="network 1-10-1 on two periods of a sine")
    for panel in panels:
        panel.grid(alpha=0.3)
        panel.legend()
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
