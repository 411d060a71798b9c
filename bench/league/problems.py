"""Small networks to train, each with the mean squared error that counts as its goal."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Problem:
    """Data, a network of tanh units and linear outputs, and what a run has to reach."""

    title: str
    layers: tuple[int, ...]
    X: Array
    y: Array  # (N, q)
    goal: float  # mean squared error, in the units of y
    iterations: int  # on all data, at most


def _standard(x: Array) -> Array:
    return np.asarray((x - x.mean(axis=0)) / x.std(axis=0))


def _sines() -> dict[str, Problem]:
    t = np.linspace(-1, 1, 41).reshape(-1, 1)
    wide = np.linspace(-3 * np.pi, 3 * np.pi, 201).reshape(-1, 1)
    g = np.linspace(-1, 1, 20)
    plane = np.array(list(itertools.product(g, g)))
    sinc = np.sinc(2 * plane[:, :1]) * np.sinc(2 * plane[:, 1:])
    return {
        "sine": Problem("sine, 1-5-1", (1, 5, 1), t, np.sin(np.pi * t), 1e-6, 500),
        "periods": Problem("sin x on ±3π, 1-10-1", (1, 10, 1), wide, np.sin(wide), 1e-4, 500),
        "fast sine": Problem(
            "sin 6πx on ±1, 1-10-1",
            (1, 10, 1),
            np.linspace(-1, 1, 201).reshape(-1, 1),
            np.sin(6 * np.pi * np.linspace(-1, 1, 201).reshape(-1, 1)),
            1e-4,
            500,
        ),
        "sinc": Problem("sinc · sinc, 2-15-1", (2, 15, 1), plane, sinc, 1e-5, 500),
    }


def _classes() -> dict[str, Problem]:
    from sklearn.datasets import load_breast_cancer

    bits = np.array(list(itertools.product([-1.0, 1.0], repeat=5)))
    # Three turns of two spirals, 97 points of each (Lang & Witbrock 1988).
    i = np.arange(97)
    angle, radius = i * np.pi / 16, (104 - i) / 104
    one = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    spirals, sides = np.concatenate([one, -one]), np.repeat([1.0, -1.0], 97).reshape(-1, 1)
    X, y = load_breast_cancer(return_X_y=True)
    both = np.column_stack([y, 1 - y]).astype(float)
    return {
        "parity": Problem(
            "parity of five bits, 5-8-1",
            (5, 8, 1),
            bits,
            bits.prod(axis=1, keepdims=True),
            1e-3,
            200,
        ),
        "spirals": Problem("two spirals, 2-12-12-1", (2, 12, 12, 1), spirals, sides, 0.01, 300),
        "cancer": Problem("cancer, 30-5-5-2", (30, 5, 5, 2), _standard(X), both, 0.012, 100),
    }


def _regressions() -> dict[str, Problem]:
    from sklearn.datasets import load_diabetes, make_friedman1, make_friedman2, make_friedman3

    def friedman(
        make: Any, title: str, layers: tuple[int, ...], share: float, iterations: int
    ) -> Problem:
        X, y = make(500, random_state=0)
        low, high = X.min(axis=0), X.max(axis=0)
        X, y = (2 * (X - low) / (high - low) - 1)[:, : layers[0]], y.reshape(-1, 1)
        if make is not make_friedman1:
            y = _standard(y)
        return Problem(title, layers, X, y, share * float(y.var()), iterations)

    X, y = load_diabetes(return_X_y=True)
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (300, 2))
    saddle = np.sin(np.pi * inputs[:, :1]) * inputs[:, 1:]
    return {
        "friedman 1": friedman(make_friedman1, "Friedman 1, 5-15-1", (5, 15, 1), 4e-4, 500),
        "friedman 2": friedman(make_friedman2, "Friedman 2, 4-10-1", (4, 10, 1), 1e-5, 300),
        "friedman 3": friedman(make_friedman3, "Friedman 3, 4-10-1", (4, 10, 1), 1e-2, 300),
        "diabetes": Problem(
            "diabetes, 10-8-1", (10, 8, 1), _standard(X), _standard(y.reshape(-1, 1)), 0.3, 200
        ),
        "thousands": Problem(
            "targets × 1000, 2-6-1", (2, 6, 1), inputs, 1e3 * saddle, 1e4 * float(saddle.var()), 200
        ),
    }


def _generated() -> dict[str, Problem]:
    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, (400, 6))
    teacher = np.tanh(X @ rng.normal(size=(6, 5)) + rng.normal(size=5)) @ rng.normal(size=(5, 2))
    Z = rng.normal(size=(600, 8))  # as strength of concrete or power of a plant: saturation, noise
    smooth = np.tanh(Z[:, 0] * Z[:, 1]) + np.exp(-(Z[:, 2] ** 2)) * Z[:, 3] + 0.5 * Z[:, 4:].sum(1)
    noisy = (smooth + 0.2 * rng.normal(size=600)).reshape(-1, 1)
    return {
        "teacher": Problem("a network's outputs, 6-8-2", (6, 8, 2), X, teacher, 1e-6, 300),
        "noisy": Problem("noisy responses, 8-10-1", (8, 10, 1), Z, noisy, 0.04, 300),
    }


def problems() -> dict[str, Problem]:
    """Return all of them by name."""
    return _sines() | _classes() | _regressions() | _generated()
