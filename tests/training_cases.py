"""A small data set and networks for tests of what surrounds the training."""

import numpy as np

import fastopt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.sin(X @ RNG.normal(size=(3, 1)))
CLASSES = (X[:, 0] > 0).astype(int)


def make_net(outputs=1, output="identity", dtype="float64"):
    return fastopt.MLP([3, 8, outputs], "tanh", output, dtype=dtype, random_state=0)


class Weights(fastopt.Callback):
    """The weights after each epoch."""

    def __init__(self):
        self.after = []

    def on_epoch_end(self, epoch, logs):
        self.after.append(self.network.parameters.copy())


def bits(net):
    return net.parameters.tobytes()
