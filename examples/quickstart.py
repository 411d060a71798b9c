"""Train networks on real data: what they reach on data that they have not seen, and how fast.

A classifier of scikit-learn's handwritten digits, a regressor of its diabetes data and a curve
with noise, these by Adam and by Levenberg-Marquardt side by side.

    Adam: w ← w − η m̂ ÷ (√ŝ + ε)
    Levenberg-Marquardt: (JᵀJ + νI) p = −Jᵀe ; w ← w + p

    python examples/quickstart.py [FOLDER]

The table is printed, the learning curves go to ``quickstart.png`` in the folder, or in
``pictures``.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_diabetes, load_digits

import fastopt

mpl.use("Agg")
import matplotlib.pyplot as plt

PICTURES = Path(__file__).resolve().parents[1] / "pictures"


@dataclass
class Result:
    """What one method reached on one data set: an evaluation and a history for each split."""

    data: str
    method: str
    metric: str
    scores: list[dict[str, float]]
    histories: list[fastopt.History]

    @property
    def score(self) -> float:
        return fmean(scores[self.metric] for scores in self.scores)

    def row(self) -> list[str]:
        """Return its line of the table: means over the splits."""
        percent = self.metric == "accuracy"
        reasons = Counter(history.stop_reason for history in self.histories)
        return [
            self.data,
            self.method,
            str(len(self.scores)),
            f"{fmean(history.loss[-1] for history in self.histories):.4f}",
            f"{fmean(scores['loss'] for scores in self.scores):.4f}",
            f"{self.metric} {self.score:{'.1%' if percent else '.4g'}}",
            f"{fmean(len(history) for history in self.histories):.0f}",
            f"{1e3 * fmean(history.seconds[-1] for history in self.histories):.0f}",
            ", ".join(f"{reason} ({n})" for reason, n in reasons.items()),
        ]


def split(n: int, seed: int, share: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from and the rows held out."""
    order = np.random.default_rng(seed).permutation(n)
    held_out = round(share * n)
    return order[held_out:], order[:held_out]


def digits(n_splits: int = 5) -> Result:
    """Ten classes of 8 × 8 pixels: Adam in float32 on mini-batches of 32."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    result = Result("digits", "Adam", "accuracy", [], [])
    for seed in range(n_splits):
        train, test = split(len(images), seed)
        net = fastopt.MLP([64, 128, 10], "relu", "softmax", dtype="float32", random_state=seed)
        history = net.fit(
            images[train],
            labels[train],
            optimizer=fastopt.Adam(0.002),
            loss="cross_entropy",
            epochs=150,
            batch_size=32,
            validation_split=0.1,
            callbacks=fastopt.EarlyStopping(patience=20),
            verbose=1,
        )
        scores = net.evaluate(images[test], labels[test], "cross_entropy", metrics=["accuracy"])
        result.scores.append(scores)
        result.histories.append(history)
    return result


def regression(
    data: str,
    X: np.ndarray,
    y: np.ndarray,
    hidden: int,
    method: str,
    optimizer: str | fastopt.optimizers.Optimizer,
    epochs: int,
    **settings: Any,
) -> Result:
    """Fit one hidden layer to standardised data; the scores are those of y as it was given."""
    train, test = split(len(X), seed=0)
    X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
    scale = y[train].std()
    y = (y - y[train].mean()) / scale
    net = fastopt.MLP([X.shape[1], hidden, 1], "tanh", random_state=0)
    history = net.fit(X[train], y[train], optimizer, epochs=epochs, verbose=1, **settings)
    scores = net.evaluate(X[test], y[test], metrics=["rmse"])
    scores["RMSE"] = scores["rmse"] * scale
    return Result(data, method, "RMSE", [scores], [history])


def diabetes(method: str, optimizer: Any, epochs: int) -> Result:
    """How far the disease has advanced after a year, from ten measurements of 442 patients."""
    X, y = load_diabetes(return_X_y=True)
    early = fastopt.EarlyStopping(patience=20)
    settings = {"l2": 0.03, "validation_split": 0.1, "callbacks": early}
    return regression("diabetes", X, y, 8, method, optimizer, epochs, **settings)


def sine(method: str, optimizer: Any, epochs: int) -> Result:
    """One period of a sine with noise of standard deviation 0.05, by a network 1-10-1."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 250)
    y = np.sin(np.pi * x) + rng.normal(0, 0.05, x.size)
    return regression("sine", x[:, None], y, 10, method, optimizer, epochs)


def show(results: list[Result]) -> None:
    """Print the table."""
    head = [
        "data",
        "method",
        "splits",
        "training loss",
        "held-out loss",
        "and score",
        "epochs",
        "milliseconds",
        "stopped by",
    ]
    rows = [head, *(result.row() for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["─" * width for width in widths])
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def draw(results: list[Result], path: Path) -> None:
    """Draw the learning curves of the first split, a panel for each data set.

    A dot marks the best epoch on the validation data.
    """
    names = list(dict.fromkeys(result.data for result in results))
    figure, panels = plt.subplots(
        1, len(names), figsize=(4.5 * len(names), 4.8), layout="constrained"
    )
    for name, panel in zip(names, panels, strict=True):
        for k, result in enumerate(r for r in results if r.data == name):
            history, color = result.histories[0], f"C{k}"
            epochs = np.arange(1, len(history) + 1)
            panel.plot(epochs, history.loss, color=color, label=f"{result.method}: training")
            if "val_loss" in history:
                label = f"{result.method}: validation"
                panel.plot(epochs, history.val_loss, "--", color=color, label=label)
                best = history.best_epoch
                panel.plot(best + 1, history.val_loss[best], "o", color=color)  # the best epoch
        panel.set(title=name, xlabel="epoch", ylabel="loss", xscale="log", yscale="log")
        panel.grid(alpha=0.3, which="both")
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def train() -> list[Result]:
    """Return the lines of the table."""
    return [
        digits(),
        diabetes("Adam", fastopt.Adam(0.003), epochs=300),
        diabetes("Levenberg-Marquardt", "lm", epochs=300),
        sine("Adam", fastopt.Adam(0.01), epochs=300),
        sine("Levenberg-Marquardt", "lm", epochs=100),
    ]


def main(folder: Path) -> None:
    results = train()
    sys.stderr.flush()
    print()
    show(results)
    picture = folder / "quickstart.png"
    draw(results, picture)
    print(f"\nThe learning curves are drawn in {picture}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
