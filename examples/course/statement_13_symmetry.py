"""13. Neurons that start alike stay alike, unless dropout parts them.

    equal weights of two neurons ⇒ equal gradients ⇒ equal weights after w ← w − η g

First-order rules, steepest descent and L-BFGS do the same to each of them, to the last bit; Newton,
BFGS and DFP solve systems in which rounding parts them a little, until they have come to the saddle
where neurons that are alike end: the verdict on it sees a negative curvature, and leads away. With
Levenberg-Marquardt they do not stay alike either: neurons that are alike make JᵀJ singular in the
directions that would part them, ν alone is left there, and while ν falls, rounding grows by 1/ν
until it helps to lower the error.
"""

import numpy as np
from common import Array, Figure, axes, save

import fastopt

WIDTH, EPOCHS = 8, 200
X = np.random.default_rng(0).standard_normal((200, 3))
Y = np.sin(X @ [1.0, -0.5, 0.25])


RUNS = {
    "no dropout": {},
    "dropout 0.2": {"dropout": 0.2},
    "no dropout, Levenberg-Marquardt": {"optimizer": "lm"},
}


def spread(dropout: float = 0.0, optimizer: str = "adam") -> Array:
    """Return, at the start and after each epoch, how far the neurons' weights lie apart.

    The largest difference between the incoming or outgoing weights of two neurons of the hidden
    layer, all of which start with the same.
    """
    net = fastopt.MLP([3, WIDTH, 1], dropout=dropout, random_state=0)
    incoming, outgoing = net.coefs_
    incoming[:] = incoming[:, :1]
    outgoing[:] = outgoing[:1]
    apart = []

    class Watch(fastopt.Callback):
        def on_train_begin(self, logs):
            self.on_epoch_end(-1, logs)

        def on_epoch_end(self, epoch, logs):
            apart.append(max(np.ptp(incoming, axis=1).max(), np.ptp(outgoing, axis=0).max()))

    net.fit(X, Y, optimizer, epochs=EPOCHS, callbacks=Watch(), random_state=0)
    return np.array(apart)


def draw() -> Figure:
    figure, (panel,) = axes(1, width=7)
    for name, settings in RUNS.items():
        panel.plot(spread(**settings), label=name, lw=2)
    panel.set_yscale("symlog", linthresh=1e-12)
    panel.set_ylim(-1e-12, 100)  # zero has a line of its own
    panel.set_yticks([0, *10.0 ** np.arange(-12, 3, 2)])
    panel.set(
        xlabel="epoch",
        ylabel="largest difference of two neurons' weights",
        title=f"{WIDTH} neurons that start alike",
    )
    panel.grid(alpha=0.3)
    panel.legend(loc="center right")
    return figure


if __name__ == "__main__":
    for name, settings in RUNS.items():
        print(f"{name}: the neurons end {spread(**settings)[-1]:.2g} apart")
    save(draw(), __file__)
