"""Rosenbrock's function Σ 100 (x_{i+1} − x_i²)² + (1 − x_i)², and for two variables as Σ e²."""

import numpy as np

from reference.numerical import complex_step_jacobian

START = np.array([-1.2, 1.0])


def rosenbrock(x):
    return 100 * ((x[1:] - x[:-1] ** 2) ** 2).sum() + ((1 - x[:-1]) ** 2).sum()


def rosenbrock_gradient(x):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def rosenbrock_hessian(x):
    return complex_step_jacobian(rosenbrock_gradient, x)


def rosenbrock_residuals(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def rosenbrock_jacobian(x):
    return np.array([[-20 * x[0], 10.0], [-1.0, 0.0]])
