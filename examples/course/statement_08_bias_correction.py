"""8. Bias correction enlarges Adam's m and s in the first steps.

    m ← β₁ m + (1−β₁) g ; s ← β₂ s + (1−β₂) g⊗g
    m̂ = m/(1−β₁ᵗ) ; ŝ = s/(1−β₂ᵗ) ; w ← w − η m̂ ÷ (√ŝ + ε)

And where adaptive methods falter, SGD with momentum is worth a try: an example of Wilson et al.
(*The marginal value of adaptive gradient methods in machine learning*, 2017), in which all adaptive
rules learn the training data by heart and then call every new example positive.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, save

import fastopt

RULES = {
    "momentum": fastopt.SGD(0.01, momentum=0.9),
    "AdaGrad": fastopt.AdaGrad(0.01),
    "RMSProp": fastopt.RMSprop(0.001),
    "Adam": fastopt.Adam(0.001),
    "Nadam": fastopt.Nadam(0.001),
}


@cache
def estimates(steps: int = 3000) -> tuple[Array, Array]:
    """Return Adam's m and s under the constant gradient 1, as they are kept: (steps,) each."""
    optimizer, w = fastopt.Adam(), np.zeros(1)
    kept = np.empty((2, steps))
    for i in range(steps):
        optimizer.step(w, np.ones(1))
        state = optimizer.state_dict().values()
        kept[:, i] = [array[0] for array in state if isinstance(array, np.ndarray)]
    return kept[0], kept[1]


def corrections(steps: int = 3000) -> tuple[Array, Array]:
    """Return the factors that correct them, 1/(1 − β₁ᵗ) and 1/(1 − β₂ᵗ)."""
    t = np.arange(1, steps + 1)
    return 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)


def examples(n: int, n_features: int, first: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return X, y = ±1 with P(y = 1) = 0.6.

    Feature 1 is y, 2 and 3 are 1 always. Each example has further features of its own, which no
    other one has: one if it is positive, five if it is negative.
    """
    y = np.where(rng.random(n) < 0.6, 1.0, -1.0)
    X = np.zeros((n, n_features))
    X[:, 0], X[:, 1:3] = y, 1
    for i in range(n):
        start = first + 5 * i
        X[i, start : start + (1 if y[i] > 0 else 5)] = 1
    return X, y


@cache
def accuracy(rule: str, n: int = 60, epochs: int = 3000) -> tuple[float, float, float]:
    """Return a linear model's accuracy in training, on new examples, and their share of y = 1."""
    rng = np.random.default_rng(0)
    n_features = 3 + 2 * 5 * n
    X, y = examples(n, n_features, 3, rng)
    X_new, y_new = examples(n, n_features, 3 + 5 * n, rng)
    model = fastopt.MLP([n_features, 1], initializer="zeros")
    model.fit(X, y, RULES[rule], epochs=epochs, batch_size=None)

    def share(X: Array, y: Array) -> float:
        return float(np.mean(np.sign(model.predict(X)) == y))

    return share(X, y), share(X_new, y_new), float(np.mean(y_new > 0))


def draw() -> Figure:
    figure, (left, right) = axes(2)
    for kept, factor, name, color in zip(
        estimates(), corrections(), ("m", "s"), ("C0", "C1"), strict=True
    ):
        t = np.arange(1, kept.size + 1)
        left.loglog(t, kept, color=color, label=f"{name}, kept")
        # Both corrected estimates are 1: the dashes of one stand between those of the other.
        left.loglog(
            *(t, kept * factor),
            color=color,
            lw=2,
            ls=(0 if name == "m" else 6, (6, 6)),
            label=f"{name}, corrected",
        )
    left.set(xlabel="t", ylabel="estimate", title="Adam under the constant gradient 1")
    left.grid(alpha=0.3)
    left.legend()
    shares = np.array([accuracy(rule)[:2] for rule in RULES])
    place = np.arange(len(RULES))
    right.bar(place - 0.2, 100 * shares[:, 0], 0.4, label="training data")
    right.bar(place + 0.2, 100 * shares[:, 1], 0.4, label="new data")
    right.axhline(100 * accuracy("Adam")[2], color="grey", ls=":", label="always “positive”")
    right.set(
        ylabel="accuracy, %",
        ylim=(0, 120),
        yticks=range(0, 101, 20),
        title="examples of Wilson et al. 2017",
    )
    right.set_xticks(place, list(RULES))
    right.legend(ncol=3, loc="upper center", fontsize=8)
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
