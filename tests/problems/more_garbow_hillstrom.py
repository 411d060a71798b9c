"""The test set of Moré, Garbow & Hillstrom (1981), "Testing unconstrained optimization software".

35 sums of squares in 43 instances (n, m), each with its standard start, its residuals r (m), its
Jacobian J (m × n) and the known local minima of

    f(x) = Σ r_i(x)²

(the paper's f; least squares in this package minimise ½ f). ``problem.value`` is f,
``problem.gradient`` is 2 Jᵀr. All functions also take complex x, so that a complex step gives exact
second derivatives: ``problem.hessian``.

``start(factor)`` is the standard start times 1, 10 or 100, as in the paper.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

COMPLEX_STEP = 1e-30


@dataclass(frozen=True)
class Problem:
    """One instance; ``minima`` are the values of f at its known local minima, also at infinity."""

    number: int
    name: str
    n: int
    m: int
    x0: np.ndarray
    residuals: Callable
    jacobian: Callable
    minima: tuple

    def __str__(self):
        return f"{self.number}-{self.name.replace(' ', '_')}-{self.n}-{self.m}"

    def start(self, factor=1):
        """The standard start times ``factor``; where that is the origin, ``factor`` everywhere."""
        if factor != 1 and not self.x0.any():
            return np.full(self.n, float(factor))
        return factor * self.x0

    def value(self, x):
        r = self.residuals(x)
        return r @ r

    def gradient(self, x):
        return 2 * (self.residuals(x) @ self.jacobian(x))

    def hessian(self, x):
        H = np.empty((self.n, self.n))
        for j in range(self.n):
            shifted = np.array(x, dtype=complex)
            shifted[j] += 1j * COMPLEX_STEP
            H[:, j] = np.imag(self.gradient(shifted)) / COMPLEX_STEP
        return (H + H.T) / 2

    def is_minimum(self, f, relative=1e-4, absolute=1e-10):
        """Whether f is the value at a known minimum, to the digits that are known."""
        return any(abs(f - known) <= relative * known + absolute for known in self.minima)


PROBLEMS = []


def problem(number, name, sizes, start, minima):
    """Register r and J, the two functions that ``make(n, m)`` returns, in all their sizes.

    ``start(n)`` gives x0 and ``minima(n, m)`` the known values of f; constants do too.
    """

    def register(make):
        for n, m in sizes:
            x0 = np.array(start(n) if callable(start) else start, dtype=float)
            known = minima(n, m) if callable(minima) else minima
            PROBLEMS.append(Problem(number, name, n, m, x0, *make(n, m), known))
        return make

    return register


def _columns(*columns):
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def _rows(rows):
    return np.array(rows)


@problem(1, "Rosenbrock", [(2, 2)], [-1.2, 1], (0.0,))
def _rosenbrock(n, m):
    return (
        lambda x: np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]),
        lambda x: np.array([[-20 * x[0], 10], [-1, 0]]),
    )


@problem(2, "Freudenstein and Roth", [(2, 2)], [0.5, -2], (0.0, 48.984253679))
def _freudenstein_roth(n, m):
    def r(x):
        a, b = x
        return np.array([a - 13 + ((5 - b) * b - 2) * b, a - 29 + ((b + 1) * b - 14) * b])

    def jacobian(x):
        b = x[1]
        return np.array([[1, 10 * b - 3 * b**2 - 2], [1, 3 * b**2 + 2 * b - 14]])

    return r, jacobian


@problem(3, "Powell badly scaled", [(2, 2)], [0, 1], (0.0,))
def _powell_badly_scaled(n, m):
    return (
        lambda x: np.array([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]),
        lambda x: np.array([[1e4 * x[1], 1e4 * x[0]], [-np.exp(-x[0]), -np.exp(-x[1])]]),
    )


@problem(4, "Brown badly scaled", [(2, 3)], [1, 1], (0.0,))
def _brown_badly_scaled(n, m):
    return (
        lambda x: np.array([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]),
        lambda x: np.array([[1, 0], [0, 1], [x[1], x[0]]]),
    )


@problem(5, "Beale", [(2, 3)], [1, 1], (0.0, 0.452009268))
def _beale(n, m):
    y, i = np.array([1.5, 2.25, 2.625]), np.arange(1, 4)
    return (
        lambda x: y - x[0] * (1 - x[1] ** i),
        lambda x: _columns(x[1] ** i - 1, x[0] * i * x[1] ** (i - 1)),
    )


@problem(6, "Jennrich and Sampson", [(2, 10)], [0.3, 0.4], (124.362182356, 259.58019013))
def _jennrich_sampson(n, m):
    i = np.arange(1, m + 1)
    return (
        lambda x: 2 + 2 * i - np.exp(i * x[0]) - np.exp(i * x[1]),
        lambda x: _columns(-i * np.exp(i * x[0]), -i * np.exp(i * x[1])),
    )


@problem(7, "helical valley", [(3, 3)], [-1, 0, 0], (0.0,))
def _helical_valley(n, m):
    def r(x):
        theta = np.arctan(x[1] / x[0]) / (2 * np.pi) + (0.5 if x[0].real < 0 else 0)
        radius = np.sqrt(x[0] ** 2 + x[1] ** 2)
        return np.array([10 * (x[2] - 10 * theta), 10 * (radius - 1), x[2]])

    def jacobian(x):
        squared = x[0] ** 2 + x[1] ** 2
        turn, radius = 50 / (np.pi * squared), np.sqrt(squared)
        return np.array(
            [
                [turn * x[1], -turn * x[0], 10],
                [10 * x[0] / radius, 10 * x[1] / radius, 0],
                [0, 0, 1],
            ]
        )

    return r, jacobian


@problem(8, "Bard", [(3, 15)], [1, 1, 1], (8.214877306579e-3, 17.4286933))
def _bard(n, m):
    y = np.array(
        [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
    )
    u = np.arange(1, 16)
    v = 16 - u
    w = np.minimum(u, v)

    def jacobian(x):
        slope = u / (v * x[1] + w * x[2]) ** 2
        return _columns(-1, slope * v, slope * w)

    return lambda x: y - (x[0] + u / (v * x[1] + w * x[2])), jacobian


@problem(9, "Gaussian", [(3, 15)], [0.4, 1, 0], (1.127932769619e-8,))
def _gaussian(n, m):
    half = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521]
    y = np.array([*half, 0.3989, *half[::-1]])
    t = (8 - np.arange(1, 16)) / 2

    def jacobian(x):
        bell = np.exp(-x[1] * (t - x[2]) ** 2 / 2)
        return _columns(bell, -x[0] * bell * (t - x[2]) ** 2 / 2, x[0] * bell * x[1] * (t - x[2]))

    return lambda x: x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - y, jacobian


@problem(10, "Meyer", [(3, 16)], [0.02, 4000, 250], (87.945855171,))
def _meyer(n, m):
    y = np.array(
        [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744]
        + [8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]
    )
    t = 45 + 5 * np.arange(1, 17)

    def jacobian(x):
        e = np.exp(x[1] / (t + x[2]))
        return _columns(e, x[0] * e / (t + x[2]), -x[0] * e * x[1] / (t + x[2]) ** 2)

    return lambda x: x[0] * np.exp(x[1] / (t + x[2])) - y, jacobian


@problem(11, "Gulf research and development", [(3, 99)], [5, 2.5, 0.15], (0.0,))
def _gulf(n, m):
    t = np.arange(1, m + 1) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)

    def parts(x):
        distance = y - x[1]
        distance = np.where(distance.real < 0, -distance, distance)
        return distance, distance ** x[2] / x[0]

    def jacobian(x):
        distance, power = parts(x)
        slope = -np.exp(-power) * power
        sign = np.where((y - x[1]).real < 0, -1.0, 1.0)
        return _columns(-slope / x[0], -slope * x[2] * sign / distance, slope * np.log(distance))

    return lambda x: np.exp(-parts(x)[1]) - t, jacobian


@problem(12, "Box three-dimensional", [(3, 10)], [0, 10, 20], (0.0, 0.0755887407))
def _box(n, m):
    t = np.arange(1, m + 1) / 10
    c = np.exp(-t) - np.exp(-10 * t)
    return (
        lambda x: np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * c,
        lambda x: _columns(-t * np.exp(-t * x[0]), t * np.exp(-t * x[1]), -c),
    )


@problem(14, "Wood", [(4, 6)], [-3, -1, -3, -1], (0.0, 7.8769659))
def _wood(n, m):
    a, b, c = np.sqrt(90), np.sqrt(10), np.sqrt(0.1)

    def r(x):
        return np.array(
            [10 * (x[1] - x[0] ** 2), 1 - x[0], a * (x[3] - x[2] ** 2), 1 - x[2]]
            + [b * (x[1] + x[3] - 2), c * (x[1] - x[3])]
        )

    def jacobian(x):
        return np.array(
            [[-20 * x[0], 10, 0, 0], [-1, 0, 0, 0], [0, 0, -2 * a * x[2], a], [0, 0, -1, 0]]
            + [[0, b, 0, b], [0, c, 0, -c]]
        )

    return r, jacobian


@problem(
    15, "Kowalik and Osborne", [(4, 11)], [0.25, 0.39, 0.415, 0.39], (3.07505603849e-4, 1.02734e-3)
)
def _kowalik_osborne(n, m):
    y = np.array(
        [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
    )
    u = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])

    def jacobian(x):
        above, below = u**2 + u * x[1], u**2 + u * x[2] + x[3]
        slope = x[0] * above / below**2
        return _columns(-above / below, -x[0] * u / below, slope * u, slope)

    return lambda x: y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3]), jacobian


@problem(16, "Brown and Dennis", [(4, 20)], [25, 5, -5, -1], (85822.2016263,))
def _brown_dennis(n, m):
    t = np.arange(1, m + 1) / 5

    def parts(x):
        return x[0] + t * x[1] - np.exp(t), x[2] + x[3] * np.sin(t) - np.cos(t)

    def jacobian(x):
        a, b = parts(x)
        return 2 * _columns(a, a * t, b, b * np.sin(t))

    def r(x):
        a, b = parts(x)
        return a**2 + b**2

    return r, jacobian


@problem(17, "Osborne 1", [(5, 33)], [0.5, 1.5, -1, 0.01, 0.02], (5.46489469748e-5,))
def _osborne_1(n, m):
    y = np.array(
        [0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718]
        + [0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467]
        + [0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406]
    )
    t = 10.0 * np.arange(m)

    def jacobian(x):
        a, b = np.exp(-t * x[3]), np.exp(-t * x[4])
        return _columns(-1, -a, -b, x[1] * t * a, x[2] * t * b)

    return lambda x: y - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4])), jacobian


@problem(18, "Biggs EXP6", [(6, 13)], [1, 2, 1, 1, 1, 1], (0.0, 5.65564992e-3, 0.30636677))
def _biggs(n, m):
    t = np.arange(1, m + 1) / 10
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)

    def jacobian(x):
        a, b, c = np.exp(-t * x[0]), np.exp(-t * x[1]), np.exp(-t * x[4])
        return _columns(-t * x[2] * a, t * x[3] * b, a, -b, -t * x[5] * c, c)

    return (
        lambda x: (
            x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y
        ),
        jacobian,
    )


OSBORNE_2_START = [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5]


@problem(19, "Osborne 2", [(11, 65)], OSBORNE_2_START, (4.01377362935e-2, 1.78981358688))
def _osborne_2(n, m):
    y = np.array(
        [1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679]
        + [0.608, 0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644]
        + [0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391]
        + [0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668]
        + [0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581]
        + [0.428, 0.292, 0.162, 0.098, 0.054]
    )
    t = np.arange(m) / 10

    def parts(x):
        decay = np.exp(-t * x[4])
        distance = [t - x[8 + k] for k in range(3)]
        return decay, distance, [np.exp(-(d**2) * x[5 + k]) for k, d in enumerate(distance)]

    def r(x):
        decay, _, bells = parts(x)
        return y - x[0] * decay - sum(x[1 + k] * bell for k, bell in enumerate(bells))

    def jacobian(x):
        decay, distance, bells = parts(x)
        return _columns(
            -decay,
            *(-bell for bell in bells),
            x[0] * t * decay,
            *(x[1 + k] * distance[k] ** 2 * bells[k] for k in range(3)),
            *(-2 * x[1 + k] * x[5 + k] * distance[k] * bells[k] for k in range(3)),
        )

    return r, jacobian


WATSON = {6: 2.28767005355e-3, 9: 1.399760138e-6, 12: 4.72238e-10}


@problem(20, "Watson", [(6, 31), (9, 31), (12, 31)], np.zeros, lambda n, m: (WATSON[n],))
def _watson(n, m):
    t = np.arange(1, 30)[:, None] / 29
    j = np.arange(n)
    powers = t**j
    slopes = np.zeros_like(powers)
    slopes[:, 1:] = j[1:] * powers[:, :-1]

    def r(x):
        return np.concatenate([slopes @ x - (powers @ x) ** 2 - 1, [x[0], x[1] - x[0] ** 2 - 1]])

    def jacobian(x):
        last = np.zeros((2, n), dtype=x.dtype)
        last[0, 0], last[1, 0], last[1, 1] = 1, -2 * x[0], 1
        return np.vstack([slopes - 2 * (powers @ x)[:, None] * powers, last])

    return r, jacobian


@problem(21, "extended Rosenbrock", [(10, 10)], lambda n: [-1.2, 1] * (n // 2), (0.0,))
def _extended_rosenbrock(n, m):
    def r(x):
        return _columns(10 * (x[1::2] - x[::2] ** 2), 1 - x[::2]).ravel()

    def jacobian(x):
        J = np.zeros((n, n), dtype=x.dtype)
        odd = np.arange(0, n, 2)
        J[odd, odd], J[odd, odd + 1], J[odd + 1, odd] = -20 * x[::2], 10, -1
        return J

    return r, jacobian


def _powell_singular(n, m):
    a, b = np.sqrt(5), np.sqrt(10)

    def r(x):
        p, q, s, t = x[::4], x[1::4], x[2::4], x[3::4]
        return _columns(p + 10 * q, a * (s - t), (q - 2 * s) ** 2, b * (p - t) ** 2).ravel()

    def jacobian(x):
        J = np.zeros((n, n), dtype=x.dtype)
        for k in range(0, n, 4):
            u, v = 2 * (x[k + 1] - 2 * x[k + 2]), 2 * b * (x[k] - x[k + 3])
            J[k : k + 4, k : k + 4] = _rows(
                [[1, 10, 0, 0], [0, 0, a, -a], [0, u, -2 * u, 0], [v, 0, 0, -v]]
            )
        return J

    return r, jacobian


problem(13, "Powell singular", [(4, 4)], [3, -1, 0, 1], (0.0,))(_powell_singular)
problem(22, "extended Powell singular", [(12, 12)], lambda n: [3, -1, 0, 1] * (n // 4), (0.0,))(
    _powell_singular
)

PENALTY_1 = {4: 2.249977500e-5, 10: 7.087651467e-5}


@problem(
    23, "penalty I", [(4, 5), (10, 11)], lambda n: np.arange(1, n + 1), lambda n, m: (PENALTY_1[n],)
)
def _penalty_1(n, m):
    a = np.sqrt(1e-5)
    return (
        lambda x: np.append(a * (x - 1), x @ x - 0.25),
        lambda x: np.vstack([a * np.eye(n), 2 * x]),
    )


PENALTY_2 = {4: 9.37629e-6, 10: 2.936605374e-4}


@problem(
    24, "penalty II", [(4, 8), (10, 20)], lambda n: np.full(n, 0.5), lambda n, m: (PENALTY_2[n],)
)
def _penalty_2(n, m):
    a = np.sqrt(1e-5)
    i = np.arange(2, n + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    weights = np.arange(n, 0, -1)

    def r(x):
        e = np.exp(x / 10)
        return np.concatenate(
            [[x[0] - 0.2], a * (e[1:] + e[:-1] - y), a * (e[1:] - np.exp(-0.1))]
            + [[weights @ x**2 - 1]]
        )

    def jacobian(x):
        e = np.diag(a * np.exp(x / 10) / 10)
        first = np.zeros((1, n))
        first[0, 0] = 1
        return np.vstack([first, e[1:] + e[:-1], e[1:], 2 * weights * x])

    return r, jacobian


@problem(25, "variably dimensioned", [(10, 12)], lambda n: 1 - np.arange(1, n + 1) / n, (0.0,))
def _variably_dimensioned(n, m):
    j = np.arange(1, n + 1)

    def r(x):
        total = j @ (x - 1)
        return np.concatenate([x - 1, [total, total**2]])

    return r, lambda x: np.vstack([np.eye(n), j, 2 * (j @ (x - 1)) * j])


@problem(26, "trigonometric", [(10, 10)], lambda n: np.full(n, 1 / n), (0.0, 2.795056122e-5))
def _trigonometric(n, m):
    i = np.arange(1, n + 1)
    return (
        lambda x: n - np.cos(x).sum() + i * (1 - np.cos(x)) - np.sin(x),
        lambda x: np.sin(x)[None, :] + np.diag(i * np.sin(x) - np.cos(x)),
    )


@problem(27, "Brown almost-linear", [(10, 10)], lambda n: np.full(n, 0.5), (0.0, 1.0))
def _brown_almost_linear(n, m):
    def jacobian(x):
        J = np.ones((n, n), dtype=x.dtype) + np.eye(n)
        J[-1] = [np.prod(np.delete(x, k)) for k in range(n)]
        return J

    return lambda x: np.append(x[:-1] + x.sum() - (n + 1), np.prod(x) - 1), jacobian


def _grid(n):
    return np.arange(1, n + 1) / (n + 1)


def _parabola(n):
    return _grid(n) * (_grid(n) - 1)


@problem(28, "discrete boundary value", [(10, 10)], _parabola, (0.0,))
def _boundary_value(n, m):
    t, h = _grid(n), 1 / (n + 1)
    stiffness = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    return (
        lambda x: stiffness @ x + h**2 * (x + t + 1) ** 3 / 2,
        lambda x: stiffness + np.diag(1.5 * h**2 * (x + t + 1) ** 2),
    )


@problem(29, "discrete integral equation", [(10, 10)], _parabola, (0.0,))
def _integral_equation(n, m):
    t, h = _grid(n), 1 / (n + 1)
    kernel = h / 2 * np.minimum.outer(t, t) * (1 - np.maximum.outer(t, t))
    return (
        lambda x: x + kernel @ (x + t + 1) ** 3,
        lambda x: np.eye(n) + 3 * kernel * (x + t + 1) ** 2,
    )


@problem(30, "Broyden tridiagonal", [(10, 10)], lambda n: -np.ones(n), (0.0,))
def _broyden_tridiagonal(n, m):
    neighbours = np.eye(n, k=-1) + 2 * np.eye(n, k=1)
    return (
        lambda x: (3 - 2 * x) * x - neighbours @ x + 1,
        lambda x: np.diag(3 - 4 * x) - neighbours,
    )


@problem(31, "Broyden banded", [(10, 10)], lambda n: -np.ones(n), (0.0,))
def _broyden_banded(n, m):
    band = np.tril(np.triu(np.ones((n, n)), -5), 1) - np.eye(n)
    return (
        lambda x: x * (2 + 5 * x**2) + 1 - band @ (x * (1 + x)),
        lambda x: np.diag(2 + 15 * x**2) - band * (1 + 2 * x),
    )


@problem(32, "linear full rank", [(5, 10), (5, 50)], np.ones, lambda n, m: (float(m - n),))
def _linear_full_rank(n, m):
    J = np.eye(m, n) - 2 / m
    return lambda x: J @ x - 1, lambda x: J


@problem(33, "linear rank 1", [(5, 10)], np.ones, lambda n, m: (m * (m - 1) / (2 * (2 * m + 1)),))
def _linear_rank_1(n, m):
    J = np.outer(np.arange(1, m + 1), np.arange(1, n + 1)).astype(float)
    return lambda x: J @ x - 1, lambda x: J


@problem(
    34,
    "linear rank 1 with zero columns and rows",
    [(5, 10)],
    np.ones,
    lambda n, m: ((m**2 + 3 * m - 6) / (2 * (2 * m - 3)),),
)
def _linear_rank_1_zeros(n, m):
    J = np.outer(np.arange(m), np.arange(1, n + 1)).astype(float)
    J[-1], J[:, 0], J[:, -1] = 0, 0, 0
    return lambda x: J @ x - 1, lambda x: J


CHEBYQUAD = {7: 0.0, 8: 3.51687372568e-3, 9: 0.0, 10: 6.50395480e-3}


@problem(35, "Chebyquad", [(7, 7), (8, 8), (9, 9), (10, 10)], _grid, lambda n, m: (CHEBYQUAD[n],))
def _chebyquad(n, m):
    i = np.arange(1, m + 1)
    integrals = np.where(i % 2 == 0, -1 / np.maximum(i**2 - 1, 1), 0.0)

    def polynomials(x):
        y = 2 * x - 1
        T, slopes = [np.ones_like(y), y], [np.zeros_like(y), np.full_like(y, 2)]
        for _ in range(1, m):
            T.append(2 * y * T[-1] - T[-2])
            slopes.append(4 * T[-2] + 2 * y * slopes[-1] - slopes[-2])
        return np.array(T[1:]), np.array(slopes[1:])

    return (
        lambda x: polynomials(x)[0].mean(axis=1) - integrals,
        lambda x: polynomials(x)[1] / n,
    )


PROBLEMS.sort(key=lambda p: (p.number, p.n, p.m))
