"""What second derivatives buy: Levenberg-Marquardt beside Adam, and loss against seconds.

    (JᵀJ + νI) p = −Jᵀe beside m̂ ÷ (√ŝ + ε)

First a sine in one dimension and scikit-learn's diabetes data: the loss reached and the seconds it
took. Then the training loss against time on three real data sets for Levenberg-Marquardt, BFGS,
Adam with the best of several learning rates, and scikit-learn's own L-BFGS.

    python examples/second_order.py [FOLDER [fits]]

The pictures are ``second_order_fits.png`` and ``second_order.png``, in the folder or in
``pictures``; with ``fits`` the first alone, which takes no times.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.neural_network import MLPRegressor

import fastopt

mpl.use("Agg")
import matplotlib.pyplot as plt

PICTURES = Path(__file__).resolve().parent.parent / "pictures"
Data = tuple[np.ndarray, np.ndarray]
Curve = tuple[list[float], list[float]]  # seconds, losses
SECONDS = 2.0  # for each method on each data set
LEARNING_RATES = (1e-3, 3e-3, 1e-2, 3e-2)
COLOURS = {
    "Levenberg-Marquardt": "tab:red",
    "BFGS": "tab:blue",
    "Adam": "tab:green",
    "scikit-learn, lbfgs": "tab:gray",
}


def standardize(x: np.ndarray) -> np.ndarray:
    """Return the columns with mean 0 and standard deviation 1."""
    return (x - x.mean(axis=0)) / x.std(axis=0)


def sine() -> Data:
    """Return 41 points of one period."""
    X = np.linspace(-1, 1, 41).reshape(-1, 1)
    return X, np.sin(np.pi * X)


def diabetes() -> Data:
    """Return ten measurements and how far the disease has advanced after a year."""
    X, y = load_diabetes(return_X_y=True)
    return standardize(X), standardize(y.reshape(-1, 1))


def breast_cancer() -> Data:
    """Return thirty measurements of cells and whether they are benign, as 0 or 1."""
    X, y = load_breast_cancer(return_X_y=True)
    return standardize(X), y.reshape(-1, 1).astype(float)


def wine() -> Data:
    """Return thirteen measurements and the cultivar, one column for each of three."""
    X, y = load_wine(return_X_y=True)
    return standardize(X), np.eye(3)[y]


def beside_adam() -> dict[str, dict[str, tuple[fastopt.MLP, Any]]]:
    """Fit the sine and the diabetes data with both methods; print what came out."""
    problems = {"sine, 1-10-1": (sine(), [1, 10, 1]), "diabetes, 10-8-1": (diabetes(), [10, 8, 1])}
    methods = {
        "Levenberg-Marquardt": ("lm", 200),
        "Adam": (fastopt.Adam(0.01), 2000),
    }
    fits: dict[str, dict[str, tuple[fastopt.MLP, Any]]] = {}
    print(f"{'data':<18}{'method':<21}{'loss':>10}{'epochs':>8}{'seconds':>9}  stopped by")
    for problem, ((X, y), sizes) in problems.items():
        fits[problem] = {}
        for method, (optimizer, epochs) in methods.items():
            net = fastopt.MLP(sizes, random_state=0)
            history = net.fit(
                X, y, optimizer, epochs=epochs, stopping=fastopt.Stopping(seconds=SECONDS)
            )
            fits[problem][method] = net, history
            print(
                f"{problem:<18}{method:<21}{history.loss[-1]:>10.2e}{len(history):>8}"
                f"{history.seconds[-1]:>9.3f}  {history.stop_reason}"
            )
    return fits


def draw_fits(fits: dict[str, dict[str, tuple[fastopt.MLP, Any]]], folder: Path) -> Path:
    """Draw the sine that each network has learned, and the loss epoch by epoch."""
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    X, y = sine()
    x = np.linspace(-1, 1, 400).reshape(-1, 1)
    axes[0].plot(X, y, "k.", label="41 points")
    for method, (net, _) in fits["sine, 1-10-1"].items():
        axes[0].plot(x, net.predict(x), color=COLOURS[method], label=method)
    axes[0].set(title="sine, 1-10-1", xlabel="x", ylabel="y")
    for axis, (problem, methods) in zip(axes[1:], fits.items(), strict=True):
        for method, (_, history) in methods.items():
            axis.loglog(
                np.arange(1, len(history) + 1), history.loss, color=COLOURS[method], label=method
            )
        axis.set(title=problem, xlabel="epoch", ylabel="training loss (MSE)")
    for axis in (axes[0], axes[2]):  # the curve in the middle leaves no room for one
        axis.legend(loc="upper left" if axis is axes[0] else "upper right")
    return _save(figure, folder / "second_order_fits.png")


def curve(data: Data, hidden: int, optimizer: Any, batch_size: int | None = None) -> Curve:
    """Train for some seconds and return the loss against time."""
    X, y = data
    net = fastopt.MLP([X.shape[1], hidden, y.shape[1]], random_state=0)
    history = net.fit(
        X,
        y,
        optimizer,
        epochs=1_000_000,
        batch_size=batch_size,
        metrics=["mse"] if batch_size else (),
        stopping=fastopt.Stopping(seconds=SECONDS),
    )
    # Of mini-batches the mean over an epoch is recorded: take the loss after it instead.
    return history.seconds, history.mse if batch_size else history.loss


def tuned_adam(data: Data, hidden: int) -> tuple[str, Curve]:
    """Return the best of several learning rates, by the loss at the end."""
    tried = {
        rate: curve(data, hidden, fastopt.Adam(rate), batch_size=32) for rate in LEARNING_RATES
    }
    best = min(tried, key=lambda rate: tried[rate][1][-1])
    return f"Adam, η = {best:g}", tried[best]


def sklearn_lbfgs(data: Data, hidden: int) -> Curve:
    """Stop scikit-learn's L-BFGS after more and more iterations, until the time is used up."""
    X, y = data
    seconds, losses, iterations = [], [], 1
    while not seconds or (seconds[-1] < SECONDS and iterations < 20_000):
        net = MLPRegressor(
            hidden_layer_sizes=(hidden,),
            activation="tanh",
            solver="lbfgs",
            alpha=0,
            max_iter=iterations,
            max_fun=10**9,
            tol=0,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "not converged": that is the purpose
            start = time.perf_counter()
            net.fit(X, y.ravel() if y.shape[1] == 1 else y)
            seconds.append(time.perf_counter() - start)
        losses.append(float(np.mean((net.predict(X).reshape(y.shape) - y) ** 2)))
        iterations = max(iterations + 1, int(1.5 * iterations))
    return seconds, losses


def race(folder: Path) -> Path:
    """Draw loss against seconds on three real data sets."""
    problems = {
        "diabetes, 10-20-1": (diabetes(), 20),
        "breast cancer, 30-8-1": (breast_cancer(), 8),
        "wine, 13-8-3": (wine(), 8),
    }
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
    print(f"\n{'data':<24}{'method':<24}{'loss':>10}{'seconds':>9}")
    for axis, (problem, (data, hidden)) in zip(axes, problems.items(), strict=True):
        curves = {
            "Levenberg-Marquardt": curve(data, hidden, "lm"),
            "BFGS": curve(data, hidden, "bfgs"),
        }
        name, adam = tuned_adam(data, hidden)
        curves |= {name: adam, "scikit-learn, lbfgs": sklearn_lbfgs(data, hidden)}
        for method, (seconds, losses) in curves.items():
            colour = COLOURS.get(method, COLOURS["Adam"])
            # Each point of scikit-learn's is a run of its own, with a time of its own.
            style = ".:" if method.startswith("scikit") else "-"
            lowest_yet = np.minimum.accumulate(losses)  # Adam's losses go up and down
            axis.loglog(seconds, lowest_yet, style, color=colour, label=method)
            print(f"{problem:<24}{method:<24}{losses[-1]:>10.2e}{seconds[-1]:>9.3f}")
        lowest = min(min(losses) for _, losses in curves.values())
        axis.set(title=problem, xlabel="seconds", ylabel="lowest training loss yet (MSE)")
        axis.set_ylim(bottom=max(lowest / 2, 1e-8))
        axis.legend(fontsize="small")
    return _save(figure, folder / "second_order.png")


def _save(figure: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


if __name__ == "__main__":
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    print(f"wrote {draw_fits(beside_adam(), pictures)}")
    if sys.argv[2:] != ["fits"]:
        print(f"wrote {race(pictures)}")
