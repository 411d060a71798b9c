"""Sums of squares on which the tests of ``least_squares`` agree, and its methods."""

import numpy as np

from fastopt import LevenbergMarquardt

T = np.linspace(0, 10, 40)
Y = 3 * np.exp(-0.4 * T) + 0.5 + 0.05 * np.cos(7 * T)
OUTLIERS = Y + np.where(np.arange(40) % 7 == 3, 2.0, 0.0)


def decay(b, y=Y):
    return b[0] * np.exp(-b[1] * T) + b[2] - y


def decay_jacobian(b, y=Y):
    power = np.exp(-b[1] * T)
    return np.stack([power, -b[0] * T * power, np.ones_like(T)], axis=1)


START = [1.0, 1.0, 0.0]
METHODS = ["lm", "trf", LevenbergMarquardt(), LevenbergMarquardt(scaling="diagonal")]
