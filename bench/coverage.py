"""Do intervals hold what they promise? Coverage by simulation, at a nominal 95 %.

    python -m bench.coverage [--repetitions 500] [--only line,peak]

Data are drawn again and again from a known truth, fitted, and asked for intervals; counted is how
often the truth, or a new observation, lies inside. At 500 repetitions and 95 % a row strays by one
percent (one standard deviation) where repetitions count as one draw each.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

LEVEL = 0.95
ALLOWED = (0.93, 0.97)


@dataclass(frozen=True)
class Model:
    """A curve, its true parameters, where it is observed and the deviation of its noise."""

    formula: Callable[..., Any]
    truth: tuple[float, ...]
    x: Array
    sigma: float


MODELS = {
    "line": Model(lambda x, a, b: a * x + b, (2.0, -1.0), np.linspace(0, 1, 12), 0.3),
    "Michaelis-Menten": Model(
        lambda x, top, half: top * x / (half + x), (2.0, 0.6), np.linspace(0.1, 3, 15), 0.08
    ),
    "decay": Model(
        lambda x, a, life, c: a * np.exp(-x / life) + c, (3.0, 1.5, 0.5), np.linspace(0, 8, 30), 0.1
    ),
    "peak": Model(
        lambda x, h, m, s: h * np.exp(-0.5 * ((x - m) / s) ** 2),
        (2.0, 0.3, 0.7),
        np.linspace(-2, 3, 40),
        0.15,
    ),
    "growth": Model(
        lambda x, top, rate, middle: top / (1 + np.exp(-rate * (x - middle))),
        (5.0, 1.2, 3.0),
        np.linspace(0, 7, 25),
        0.2,
    ),
}


def of_curves(name: str, repetitions: int) -> dict[str, float]:
    """Return the share of intervals that hold the truth, of each kind."""
    import fastopt

    model, rng = MODELS[name], np.random.default_rng(0)
    truth = np.array(model.truth)
    clean = model.formula(model.x, *truth)
    between = 0.5 * (model.x[1:] + model.x[:-1])[:: max(1, len(model.x) // 6)]
    mean = model.formula(between, *truth)
    inside: dict[str, list[float]] = {}

    def count(kind: str, value: Any, lower: Any, upper: Any) -> None:
        inside.setdefault(kind, []).append(float(np.mean((lower <= value) & (value <= upper))))

    for _ in range(repetitions):
        y = clean + rng.normal(0, model.sigma, clean.size)
        fit = fastopt.curve_fit(model.formula, model.x, y, truth)
        count("parameters", truth, *fit.confidence_intervals(LEVEL).T)
        count("profile", truth, *fit.profile_intervals(LEVEL).T)
        count("confidence", mean, *fit.confidence_band(between, LEVEL)[1:])
        new = mean + rng.normal(0, model.sigma, mean.size)
        count("prediction", new, *fit.prediction_band(between, LEVEL)[1:])
    return {kind: float(np.mean(shares)) for kind, shares in inside.items()}


# Two networks after Bayesian regularisation: a curve of one variable, a surface of two.
NETWORKS: dict[str, tuple[list[int], int, float, Callable[[Array], Array]]] = {
    "1-6-1, sine": ([1, 6, 1], 60, 0.1, lambda X: np.sin(3 * X[:, 0])),
    "2-8-1, saddle": ([2, 8, 1], 150, 0.1, lambda X: np.sin(2 * X[:, 0]) * X[:, 1]),
}


def of_networks(name: str, repetitions: int) -> dict[str, float]:
    """Return the share of intervals that hold the mean, and of those that hold new values."""
    import fastopt

    sizes, n, sigma, truth = NETWORKS[name]
    rng = np.random.default_rng(1)
    inside: dict[str, list[float]] = {"confidence": [], "prediction": []}
    for seed in range(repetitions):
        X, Z = rng.uniform(-1, 1, (n, sizes[0])), rng.uniform(-0.9, 0.9, (20, sizes[0]))
        y, mean = truth(X) + rng.normal(0, sigma, n), truth(Z)
        net = fastopt.MLP(sizes, random_state=seed)
        net.fit(X, y, "bayesian_regularization", epochs=100)
        values = {"confidence": mean, "prediction": mean + rng.normal(0, sigma, len(Z))}
        for kind, value in values.items():
            _, lower, upper = net.predict(Z, interval=LEVEL, kind=kind)
            inside[kind].append(float(np.mean((lower <= value) & (value <= upper))))
    return {kind: float(np.mean(shares)) for kind, shares in inside.items()}


KINDS = ("parameters", "profile", "confidence", "prediction")


def rows(repetitions: int, only: list[str]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each model's and network's shares."""
    for names, measure in ((MODELS, of_curves), (NETWORKS, of_networks)):
        for name in names:
            if not only or name in only:
                yield name, measure(name, repetitions)


def main() -> int:
    """Print the table of docs/intervals.md; 1 where a share is not within 93 … 97 %."""
    parser = argparse.ArgumentParser(prog="python -m bench.coverage")
    parser.add_argument("--repetitions", type=int, default=500)
    parser.add_argument("--only", default="", help="names, set apart by commas")
    options = parser.parse_args()
    print(f"| | {' | '.join(KINDS)} |\n|---|{'---|' * len(KINDS)}")
    strayed = False
    for name, found in rows(options.repetitions, [n for n in options.only.split(",") if n]):
        cells = [f"{100 * found[kind]:.1f}" if kind in found else "" for kind in KINDS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        strayed |= any(not ALLOWED[0] <= share <= ALLOWED[1] for share in found.values())
    return int(strayed)


if __name__ == "__main__":
    raise SystemExit(main())
