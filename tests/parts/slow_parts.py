"""Parts that other processes read, slowly enough to be killed at it."""

import os
import signal
import time

import numpy as np

RANDOM = np.random.default_rng(4)
X = RANDOM.uniform(-1, 1, (800, 3))
Y = np.sin(2 * X[:, 0]) * X[:, 1]


class SlowPart:
    def __init__(self, start):
        self.start = start

    def __call__(self):
        time.sleep(0.01)
        return X[self.start : self.start + 50], Y[self.start : self.start + 50]


class Deadly:
    """A part that ends whoever reads it."""

    def __call__(self):
        os.kill(os.getpid(), signal.SIGKILL)
