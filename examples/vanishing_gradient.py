"""Why deep sigmoid networks did not learn, and three remedies: the vanishing gradient made visible.

    g_{l−1} = (g_l ⊗ φ′(z_l)) W_lᵀ, and the sigmoid's φ′ ≤ ¼

Twenty hidden layers of width 64 on the handwritten digits. The left picture shows how large the
gradient is at each layer before training, the middle one what that does to learning. In the right
one the gradient explodes, since all weights are too large: without clipping the run ends in a
DivergenceError after a few updates, with clipping the same network learns.

    python examples/vanishing_gradient.py [FOLDER]

The pictures go to ``vanishing_gradient.png`` in the folder, or in ``pictures``. Needs
fastopt[plot,sklearn].
"""

import sys
from pathlib import Path

import matplotlib
from sklearn.datasets import load_digits

import fastopt

matplotlib.use("Agg")
from matplotlib import pyplot as plt

PICTURES = Path(__file__).resolve().parents[1] / "pictures"
SIZES = [64, *[64] * 20, 10]
EPOCHS, BATCH = 30, 64
NETWORKS = {
    "sigmoid, Glorot": {"activation": "sigmoid"},
    "relu, He": {"activation": "relu"},
    "sigmoid, batch normalisation": {"activation": "sigmoid", "normalization": "batch"},
    "sigmoid, residual": {"activation": "sigmoid", "residual": True},
}
CLIPS = {"not clipped": None, "clipped to norm 1": fastopt.ClipByGlobalNorm(1.0)}
UPDATES = 100


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def network(**settings):
    return fastopt.MLP(SIZES, output_activation="softmax", random_state=0, **settings)


def gradient_norms(name):
    """‖∂E/∂a_l‖ of each hidden layer before training."""
    return network(**NETWORKS[name]).gradient_norms(*digits(), loss="cross_entropy")["activations"]


def train(name, epochs=EPOCHS):
    """The History of a training with Adam, with η falling to zero."""
    X, y = digits()
    optimizer = fastopt.Adam(fastopt.CosineDecay(3e-3, epochs * -(-len(X) // BATCH)))
    settings = {"metrics": ["accuracy"], "random_state": 0}
    return network(**NETWORKS[name]).fit(
        X, y, optimizer, "cross_entropy", epochs, BATCH, **settings
    )


def explode(clip):
    """The network, the losses before and after each update, and the error or None.

    The hidden layers start with 1.2 times He's weights: outputs and gradients grow by 1.2²⁰ = 38.
    """
    X, y = digits()
    net = network(activation="relu")
    for W in net.coefs_[:-1]:
        W *= 1.2
    losses, error = [net.evaluate(X, y, loss="cross_entropy")], None
    optimizer = fastopt.SGD(0.02, momentum=0.9)
    try:
        net.fit(X, y, optimizer, "cross_entropy", UPDATES, batch_size=None, clip=clip)
    except fastopt.DivergenceError as diverged:
        error = diverged
    return net, losses + net.history_.loss, error


def draw_vanishing(left, middle):
    for name in NETWORKS:
        norms, accuracy = gradient_norms(name), train(name).accuracy
        left.semilogy(range(1, 21), norms, marker="o", markersize=3, label=name)
        middle.plot(range(1, EPOCHS + 1), accuracy, label=name)
        print(
            f"{name:<30} ‖∂E/∂a₁‖/‖∂E/∂a₂₀‖ = {norms[0] / norms[-1]:.1e}, "
            f"accuracy after {EPOCHS} epochs {accuracy[-1]:.1%}"
        )
    left.set(
        title="Before training", xlabel="hidden layer l", ylabel=r"$\|\partial E/\partial a_l\|$"
    )
    left.set_xticks(range(2, 21, 2))
    left.legend()
    middle.axhline(0.1, color="gray", linestyle=":", label="chance")
    middle.set(
        title="Training", xlabel="epoch", ylabel="accuracy on the training data", ylim=(0, 1)
    )
    middle.legend()


def draw_explosion(panel):
    for (name, clip), color in zip(CLIPS.items(), ("black", "tab:purple"), strict=True):
        net, losses, error = explode(clip)
        panel.semilogy(losses, marker="o", markersize=3, color=color, label=name)
        if error is None:
            accuracy = net.evaluate(*digits(), loss="cross_entropy", metrics=["accuracy"])
            print(f"{name:<30} accuracy after {UPDATES} updates {accuracy['accuracy']:.1%}")
            continue
        print(f"{name:<30} {error}")
        updates = len(losses) - 1
        panel.text(
            updates + 3, 1e7, f"{losses[-1]:.0e} after {updates} updates,\nthen DivergenceError"
        )
    panel.set(title="Weights of He times 1.2", xlabel="update", ylabel="loss", ylim=(0.05, 1e8))
    panel.legend()


def main(folder):
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
    draw_vanishing(left, middle)
    draw_explosion(right)
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "vanishing_gradient.png"
    figure.savefig(picture, dpi=120)
    print(f"wrote {picture}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
