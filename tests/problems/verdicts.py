"""Problems seen through changes of their numbers alone, and the truth at a point.

A verdict must not depend on them: jitter of one rounding, the order of the variables, their units,
a rotation, the unit of f, a constant in f. The truth is taken from the gradient and the exact
Hessian at the point, computed in extended precision (``numpy.longdouble``).
"""

from dataclasses import dataclass, field

import numpy as np

EPS = np.finfo(float).eps


@dataclass
class View:
    """f(y) = 2^power · problem(x) + constant, x = S Q y[order]; ``jitter`` in roundings."""

    problem: object
    order: np.ndarray
    units: np.ndarray  # powers of two: S
    rotation: np.ndarray  # Q, orthogonal
    power: int = 0
    constant: float = 0.0
    jitter: float = 0.0
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    calls: int = 0

    def x(self, y):
        return self.units * (self.rotation @ y[self.order])

    def y(self, x):
        y = np.empty_like(x)
        y[self.order] = self.rotation.T @ (x / self.units)
        return y

    def _shaken(self, values):
        noise = self.jitter * EPS * self.random.uniform(-1, 1, np.shape(values))
        return values * (1 + noise)

    def value(self, y):
        self.calls += 1
        return float(self._shaken(2.0**self.power * self.problem.value(self.x(y)) + self.constant))

    def gradient(self, y):
        g = 2.0**self.power * self.problem.gradient(self.x(y))
        back = np.empty_like(y)
        back[self.order] = self.rotation.T @ (self.units * g)
        return self._shaken(back)

    def hessian(self, y):
        T = self.units[:, None] * self.rotation
        H = 2.0**self.power * T.T @ self.problem.hessian(self.x(y)) @ T
        back = np.empty_like(H)
        back[np.ix_(self.order, self.order)] = H
        return back

    def start(self, factor=1):
        return self.y(np.array(self.problem.start(factor)))


def plain(problem):
    return View(problem, np.arange(problem.n), np.ones(problem.n), np.eye(problem.n))


def views(problem, seed=0):
    """The problem itself and its six views."""
    random = np.random.default_rng([seed, problem.number, problem.n])
    n, identity = problem.n, np.eye(problem.n)
    order, one = np.arange(n), np.ones(n)
    q, r = np.linalg.qr(random.standard_normal((n, n)))
    units = 2.0 ** random.integers(-10, 11, n)
    power = int(random.integers(-10, 11))
    return {
        "plain": View(problem, order, one, identity),
        "jitter": View(problem, order, one, identity, jitter=1.0, random=random),
        "order": View(problem, random.permutation(n), one, identity),
        "units": View(problem, order, units, identity),
        "rotation": View(problem, order, one, q * np.sign(np.diag(r))),
        "unit of f": View(problem, order, one, identity, power=power),
        "constant": View(problem, order, one, identity, constant=1.0),
    }


@dataclass
class SquaresView(View):
    """The same of residuals: 2^power · e(x), and one more residual, ``constant``, if it is any."""

    def residuals(self, y):
        self.calls += 1
        e = self._shaken(2.0**self.power * self.problem.residuals(self.x(y)))
        return np.append(e, self.constant) if self.constant else e

    def jacobian(self, y):
        j = (
            2.0**self.power
            * self.problem.jacobian(self.x(y))
            @ (self.units[:, None] * self.rotation)
        )
        back = np.empty_like(j)
        back[:, self.order] = j
        if self.constant:
            back = np.vstack([back, np.zeros(len(y))])
        return self._shaken(back)


def squares_views(problem, seed=0):
    """The residuals of a problem and their six views."""
    return {name: SquaresView(**vars(view)) for name, view in views(problem, seed).items()}


class Fit:
    """A problem of NIST as one of Moré, Garbow and Hillstrom's; x0 is the start that is nearer."""

    def __init__(self, nist):
        self.nist, self.number, self.n = nist, len(nist.x), len(nist.certified)
        self.x0, self.residuals, self.jacobian = nist.starts[1], nist.residuals, nist.jacobian

    def __str__(self):
        return self.nist.name

    def start(self, factor=1):
        """The second start; the first one for 10; farther ones are beyond the finite numbers."""
        return self.nist.starts[0] if factor == 10 else factor * self.x0

    def value(self, x):
        e = self.residuals(x)
        return e @ e

    def gradient(self, x):
        """Of real x in its own precision, by a complex step."""
        columns = []
        for i in range(self.n):
            shifted = x.astype(np.result_type(x, 1j))
            shifted[i] += shifted.dtype.type(1e-30j)
            columns.append(np.imag(self.nist.model(self.nist.x, *shifted)) / x.dtype.type(1e-30))
        return 2 * (self.residuals(x) @ np.stack(columns, axis=1))

    def curvature(self, x):
        """H by central differences, whose errors are far below those of double precision."""
        H = np.empty((self.n, self.n), dtype=x.dtype)
        for j in range(self.n):
            up, down = x.copy(), x.copy()
            up[j] += x.dtype.type(1e-6) * (np.abs(x[j]) or 1)
            down[j] -= x.dtype.type(1e-6) * (np.abs(x[j]) or 1)
            H[:, j] = (self.gradient(up) - self.gradient(down)) / (up[j] - down[j])
        return H

    def is_minimum(self, f, relative=1e-4):
        return f <= (1 + relative) * self.nist.sum_of_squares


def derivatives(problem, x):
    """The gradient and the Hessian in extended precision."""
    x = np.asarray(x, dtype=np.longdouble)
    g = problem.gradient(x)
    if isinstance(problem, Fit):
        H = problem.curvature(x)
        return g.astype(float), ((H + H.T) / 2).astype(float)
    H = np.empty((problem.n, problem.n), dtype=np.longdouble)
    for j in range(problem.n):
        shifted = x.astype(np.clongdouble)
        shifted[j] += np.clongdouble(1e-30j)
        H[:, j] = np.imag(problem.gradient(shifted)) / np.longdouble(1e-30)
    return g.astype(float), ((H + H.T) / 2).astype(float)


def attainable(problem, x):
    """What f can fall by from x by its quadratic model, the variables moving by their own size at
    most, and the ratio of the smallest to the largest eigenvalue of H in scaled variables.
    """
    with np.errstate(all="ignore"):
        g, H = derivatives(problem, x)
    if not (np.isfinite(g).all() and np.isfinite(H).all()):
        return np.inf, -1.0
    size = np.abs(x).max() or 1.0
    s = np.where(x == 0, min(size, 1.0), np.maximum(np.abs(x), 1e-8 * size))
    values, vectors = np.linalg.eigh(H * np.outer(s, s))
    largest = np.abs(values).max()
    if largest == 0:
        return float(np.abs(g * s).sum()), 0.0
    c = vectors.T @ (g * s)
    flat = np.abs(values) <= 1e-15 * largest
    with np.errstate(all="ignore"):
        a = np.where(flat, -np.sign(c), np.clip(-c / np.abs(values), -1, 1))
    gains = -(c * a + 0.5 * np.where(flat, 0, np.abs(values)) * a * a)
    negative = values < -1e-9 * largest
    return float(gains.sum() - 0.5 * values[negative].sum()), float(values[0] / largest)


def truth(problem, x):
    """Return "minimum", "none" or, in between, "unclear"; and whether a minimum is a strict one."""
    f = float(problem.value(x))
    gain, ratio = attainable(problem, x)
    if problem.is_minimum(f, relative=1e-6) or gain <= 1e-6 * abs(f) + 1e-12:
        return "minimum", gain <= 1e-11 * abs(f) and ratio > 1e-12
    if problem.is_minimum(f) or gain <= 1e-4 * abs(f) + 1e-10:
        return "unclear", False
    return "none", False
