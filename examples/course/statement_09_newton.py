"""9. Newton: one step on a quadratic, quadratic convergence near a minimum, indefinite H far away.

    w ← w − H⁻¹ g

Near a minimum the number of correct digits doubles in each iteration. Far from it H can be
indefinite: the pure step then runs to the saddle, the safe one away from it.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, save

import fastopt

SLOPES = np.array([2.0, 5.0])
SOLUTION = np.log(SLOPES)
START = np.array([0.3, 1.0])


@cache
def errors() -> Array:
    """Return ‖w − w*‖ along the iterations on Σ eʷ − bᵀw, from near the minimum."""
    result = fastopt.minimize(
        lambda w: np.exp(w).sum() - SLOPES @ w,
        SOLUTION + [0.4, -0.3],
        method="newton",
        jac=lambda w: np.exp(w) - SLOPES,
        hess=lambda w: np.diag(np.exp(w)),
        options={"gtol": 1e-15},
        record_path=True,
    )
    return np.linalg.norm(result.path - SOLUTION, axis=1)


def two_minima(w: Array) -> Array:
    """Return (w₁² − 1)² + w₂²: minima at ±1, a saddle at the origin."""
    return (w[0] ** 2 - 1) ** 2 + w[1] ** 2


@cache
def run(line_search: str | None) -> fastopt.OptimizeResult:
    """Return Newton's run from where H is indefinite, pure (None) or with a line search."""
    return fastopt.minimize(
        two_minima,
        START,
        method=fastopt.Newton(line_search=line_search),
        jac=lambda w: np.array([4 * w[0] * (w[0] ** 2 - 1), 2 * w[1]]),
        hess=lambda w: np.diag([12 * w[0] ** 2 - 4, 2]),
        record_path=True,
    )


def draw() -> Figure:
    figure, (left, right) = axes(2)
    found = errors()
    left.semilogy(found, "o-")  # an exact zero has no place on this axis
    rounding = np.finfo(float).eps * np.linalg.norm(SOLUTION)
    left.axhline(rounding, color="grey", ls=":")
    left.text(0, rounding, "one unit of rounding", color="grey", va="bottom", fontsize="small")
    left.set(xlabel="iteration", ylabel="‖w − w*‖", title="the digits double")
    left.set(xlim=(-0.3, len(found) - 0.7), ylim=(rounding / 10, 10))
    if found[-1] == 0:
        left.annotate("exact", (len(found) - 1, rounding / 10), ha="center", va="bottom")
    x, y = np.meshgrid(np.linspace(-1.5, 1.5, 200), np.linspace(-1.2, 1.2, 200))
    right.contour(x, y, two_minima((x, y)), levels=np.geomspace(0.02, 3, 14), colors="0.8")
    for line_search, label in ((None, "pure: to the saddle"), ("wolfe", "safe: to a minimum")):
        right.plot(*run(line_search).path.T, "o-", label=label)
    right.plot(*START, "ks", label="start")
    right.plot([-1, 1], [0, 0], "k*", ms=10, label="minima")
    right.plot(0, 0, "kx", ms=8, label="saddle")
    right.set(ylim=(-1.2, 1.8), xlabel="w₁", ylabel="w₂", title="H indefinite at the start")
    right.legend(ncol=2, loc="upper center", fontsize="small")
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
