"""12. Second-order methods cannot hold deep networks: n weights ask for n² numbers.

    n weights: H has n² entries, 8 n² bytes

fastopt refuses, with the figures, what does not fit into the memory.
"""

import numpy as np
from common import Figure, axes, save

import fastopt

NETWORKS = {"MobileNetV2": 3_538_984, "VGG16": 138_357_544}
METHODS = ("newton", "lm", "bfgs", "lbfgs", "adam")
WIDTH = 30_000  # 10-30000-1: 360,001 weights, a Hessian of 1 TB


def entries(name: str) -> int:
    """Return how many entries the Hessian of a network has."""
    return NETWORKS[name] ** 2


def refusal(method: str, width: int = WIDTH) -> str:
    """Return what ``fit`` says to a network that is too large for a method."""
    net = fastopt.MLP([10, width, 1])
    X = np.zeros((width, 10))
    try:
        net.fit(X, np.zeros(width), method, epochs=1)
    except MemoryError as error:
        return str(error)
    raise AssertionError(f"{method} trained a network of {net.n_parameters:,} weights")


def draw() -> Figure:
    figure, (panel,) = axes(1, width=7)
    sizes = np.logspace(2, 9, 50).astype(int)
    for method in METHODS:
        needed = [fastopt.memory_needed(method, int(n)) for n in sizes]
        # "lm" and "bfgs" need alike: the dashes of one lie on the wide line of the other.
        style = (
            {"ls": "--", "zorder": 3} if method == "lm" else {"lw": 4 if method == "bfgs" else 2}
        )
        panel.loglog(sizes, needed, label=method, **style)
    for name, n in NETWORKS.items():
        panel.axvline(n, color="grey", lw=0.8, ls="--")
        panel.text(n, 2e3, f" {name}", rotation=90, va="bottom", ha="right", fontsize="small")
    panel.axhline(16e9, color="black", lw=0.8)
    panel.text(1.2e2, 2e10, "16 GB", fontsize="small")
    panel.set(xlabel="weights n", ylabel="bytes", title="memory that a method needs")
    panel.grid(alpha=0.3)
    panel.legend()
    return figure


if __name__ == "__main__":
    print(refusal("newton"))
    for network in NETWORKS:
        print(f"{network}: {NETWORKS[network]:,} weights, {entries(network):,} entries of H")
    save(draw(), __file__)
