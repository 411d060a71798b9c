"""16. These methods are not only for networks: the same classes minimise any function.

    f(x) = (x₁² + x₂ − 11)² + (x₁ + x₂² − 7)²

Every method on Himmelblau's function; ``examples/functions.py`` draws more of them.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, save

import fastopt

START = np.array([-0.5, -1.0])
MINIMA = np.array([[3, 2], [-2.805118, 3.131312], [-3.779310, -3.283186], [3.584428, -1.848126]])
METHODS = {
    "SGD": fastopt.SGD(0.01),
    "momentum": fastopt.SGD(0.002, momentum=0.9),
    "Adam": fastopt.Adam(0.1),
    "steepest descent": fastopt.SteepestDescent(),
    "BFGS": fastopt.BFGS(),
    "Newton": fastopt.Newton(),
}


def himmelblau(x: Array) -> Array:
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


@cache
def run(name: str) -> fastopt.OptimizeResult:
    return fastopt.minimize(
        himmelblau, START, method=METHODS[name], options={"maxiter": 2000}, record_path=True
    )


def draw() -> Figure:
    figure, (left, right) = axes(2)
    x, y = np.meshgrid(np.linspace(-5, 5, 300), np.linspace(-5, 5, 300))
    left.contour(x, y, himmelblau((x, y)), levels=np.geomspace(1, 800, 16), colors="0.8")
    left.plot(*MINIMA.T, "k*")
    for name in METHODS:
        result = run(name)
        left.plot(*result.path.T, ".-", ms=3, lw=1, label=name)
        right.loglog(np.arange(1, result.nit + 1), np.maximum(result.history.loss, 1e-20))
    left.set(xlabel="x₁", ylabel="x₂", title="one function, six methods")
    left.legend(fontsize=7)
    right.set(xlabel="iteration", ylabel="f", title="the same runs", ylim=(1e-20, 1e3))
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
