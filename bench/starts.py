"""From what share of its starts a method reaches the goal, for docs/choosing.md: no clock is read.

python -m bench.starts
"""

from __future__ import annotations

import itertools

import numpy as np

import fastopt

STARTS = 20
METHODS = {  # optimiser, epochs at most: iterations on all data, or passes in batches of 32
    '`"lm"`': (fastopt.LevenbergMarquardt, 200),
    '`"newton"`': (fastopt.Newton, 200),
    '`"bfgs"`': (fastopt.BFGS, 500),
    '`"lbfgs"`': (fastopt.LBFGS, 500),
    "`Adam(0.01)`": (lambda: fastopt.Adam(0.01), 2000),
    "`SGD(0.01, momentum=0.9)`": (lambda: fastopt.SGD(0.01, momentum=0.9), 2000),
}


def problems() -> dict[str, tuple[list[int], np.ndarray, np.ndarray, float]]:
    """Return layer sizes, inputs, targets and the loss (MSE) that counts as the goal."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 2))
    saddle = np.sin(np.pi * x[:, 0]) * x[:, 1]
    bits = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
    t = np.linspace(-1, 1, 41).reshape(-1, 1)
    return {
        "sin(πx₁)·x₂, 2-6-1": ([2, 6, 1], x, saddle, 0.01 * saddle.var()),
        "parity of 3 bits, 3-3-1": ([3, 3, 1], bits, bits.prod(axis=1), 0.01),
        "two periods of a sine, 1-5-1": ([1, 5, 1], t, np.sin(2 * np.pi * t[:, 0]), 0.01),
    }


def share(method: str, layers: list[int], x: np.ndarray, y: np.ndarray, goal: float) -> str:
    """Return how many starts reach the goal, and the median of the epochs in which these do."""
    make, epochs = METHODS[method]
    reached = []
    for seed in range(STARTS):
        net = fastopt.MLP(layers, activation="tanh", random_state=seed)
        stopping = fastopt.Stopping(loss=goal)
        history = net.fit(x, y, make(), epochs=epochs, stopping=stopping)
        if history.loss[-1] <= goal:
            reached.append(len(history))
    return f"{len(reached)}" + (f" in {np.median(reached):.0f}" if reached else "")


def main() -> None:
    """Print the table as Markdown."""
    tasks = problems()
    print("| method | epochs | " + " | ".join(tasks) + " |")
    print("|---|---|" + "---|" * len(tasks))
    for method, (_, epochs) in METHODS.items():
        shares = [share(method, *task) for task in tasks.values()]
        print(f"| {method} | {epochs} | " + " | ".join(shares) + " |")


if __name__ == "__main__":
    main()
