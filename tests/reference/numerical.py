"""Numerical derivatives that do not depend on any formula under test."""

import numpy as np

COMPLEX_STEP = 1e-30


def complex_step_jacobian(fun, x):
    """Jacobian of ``fun`` at ``x``: column j is Im f(x + i h e_j) / h, exact to rounding.

    The derivatives stand along the last axis: shape ``fun(x).shape + (x.size,)``.
    """
    columns = []
    for j in range(x.size):
        shifted = x.astype(complex)
        shifted.flat[j] += 1j * COMPLEX_STEP
        columns.append(np.imag(fun(shifted)) / COMPLEX_STEP)
    return np.stack(columns, axis=-1)


def central_difference_jacobian(fun, x, step=1e-6):
    """Jacobian of ``fun`` at ``x`` by central differences, error about ``step**2``."""
    columns = []
    for j in range(x.size):
        shift = np.zeros_like(x)
        shift.flat[j] = step
        columns.append((fun(x + shift) - fun(x - shift)) / (2 * step))
    return np.stack(columns, axis=-1)
