"""13. Neurons that start alike stay alike, unless dropout parts them."""

import numpy as np
from common import Array, Figure, axes, save

import fastopt

WIDTH, EPOCHS = 8, 200
X = np.random.default_rng(0).standard_normal((200, 3))
Y = np.sin(X @ [1.0, -0.5, 0.25])


def spread(dropout: float) -> Array:
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

    net.fit(X, Y, epochs=EPOCHS, callbacks=Watch(), random_state=0)
    return np.array(apart)


def draw() -> Figure:
    figure, (panel,) = axes(1, width=7)
    for dropout in (0.0, 0.2):
        panel.plot(spread(dropout), label=f"dropout {dropout:g}" if dropout else "no dropout")
    panel.set_yscale("symlog", linthresh=1e-12)
    panel.set_ylim(bottom=0)
    panel.set(
        xlabel="epoch",
        ylabel="largest difference of two neurons' weights",
        title=f"{WIDTH} neurons that start alike",
    )
    panel.grid(alpha=0.3)
    panel.legend(loc="center right")
    return figure


if __name__ == "__main__":
    for rate in (0.0, 0.2):
        print(
            f"dropout {rate:g}: the neurons lie {spread(rate)[-1]:.2g} apart after {EPOCHS} epochs"
        )
    save(draw(), __file__)
