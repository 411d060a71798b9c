"""Why deep sigmoid networks did not learn, and three remedies: the vanishing gradient made visible.

Twenty hidden layers of width 64 on the handwritten digits. The left picture shows how large the
gradient is at each layer before training, the right one what that does to learning.

    python examples/vanishing_gradient.py

The pictures go to ``pictures/vanishing_gradient.png``. Needs fastopt[plot,sklearn].
"""

from pathlib import Path

import matplotlib
from sklearn.datasets import load_digits

import fastopt

matplotlib.use("Agg")
from matplotlib import pyplot as plt

PICTURE = Path(__file__).resolve().parents[1] / "pictures" / "vanishing_gradient.png"
SIZES = [64, *[64] * 20, 10]
EPOCHS, BATCH = 30, 64
NETWORKS = {
    "sigmoid, Glorot": {"activation": "sigmoid"},
    "relu, He": {"activation": "relu"},
    "sigmoid, batch normalisation": {"activation": "sigmoid", "normalization": "batch"},
    "sigmoid, residual": {"activation": "sigmoid", "residual": True},
}


def main(picture=PICTURE):
    X, y = load_digits(return_X_y=True)
    X = X / 16
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for name, settings in NETWORKS.items():
        net = fastopt.MLP(SIZES, output_activation="softmax", random_state=0, **settings)
        norms = net.gradient_norms(X, y, loss="cross_entropy")["activations"]
        left.semilogy(range(1, 21), norms, marker="o", markersize=3, label=name)

        iterations = EPOCHS * -(-len(X) // BATCH)
        optimizer = fastopt.Adam(fastopt.CosineDecay(3e-3, iterations))
        history = net.fit(
            X, y, optimizer, "cross_entropy", EPOCHS, BATCH, metrics=["accuracy"], random_state=0
        )
        right.plot(range(1, EPOCHS + 1), history.accuracy, label=name)
        print(
            f"{name:<30} ‖∂E/∂a₁‖/‖∂E/∂a₂₀‖ = {norms[0] / norms[-1]:.1e}, "
            f"accuracy after {EPOCHS} epochs {history.accuracy[-1]:.1%}"
        )
    left.set(
        title="Before training", xlabel="hidden layer l", ylabel=r"$\|\partial E/\partial a_l\|$"
    )
    left.set_xticks(range(2, 21, 2))
    left.legend()
    right.axhline(0.1, color="gray", linestyle=":", label="chance")
    right.set(title="Training", xlabel="epoch", ylabel="accuracy on the training data", ylim=(0, 1))
    right.legend()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)
    print(f"wrote {picture}")


if __name__ == "__main__":
    main()
