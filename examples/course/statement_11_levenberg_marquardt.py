"""11. The Levenberg-Marquardt step turns from −g (ν large) to that of Gauss-Newton (ν → 0).

    (JᵀJ + νI) p = −Jᵀe ; w ← w + p

With the residuals e and their derivatives J by the weights.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, save

import fastopt

DAMPINGS = np.logspace(-12, 8, 81)
X = np.linspace(-1, 1, 41).reshape(-1, 1)
Y = np.sin(np.pi * X)


def network() -> fastopt.MLP:
    """Return a small network at weights where JᵀJ is regular."""
    net = fastopt.MLP([1, 2, 1])
    net.parameters = 2 * np.random.default_rng(5).normal(size=net.n_parameters)
    return net


@cache
def model() -> tuple[Array, Array]:
    """Return Jᵀe and JᵀJ of the network on a sine."""
    _, jte, jtj = network().normal_equations(X, Y)
    return jte, jtj


def step(damping: float) -> Array:
    """Return p with (JᵀJ + νI) p = −Jᵀe."""
    jte, jtj = model()
    return np.linalg.solve(jtj + damping * np.eye(len(jte)), -jte)


def cosine(a: Array, b: Array) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def towards_descent(damping: float) -> float:
    """Return the cosine of the angle between the step and −g."""
    return cosine(step(damping), -model()[0])


def towards_gauss_newton(damping: float) -> float:
    """Return that of the angle between the step and Gauss-Newton's."""
    jte, jtj = model()
    return cosine(step(damping), np.linalg.solve(jtj, -jte))


def lengths() -> list[float]:
    return [float(np.linalg.norm(step(damping))) for damping in DAMPINGS]


def taken(damping: float) -> Array:
    """Return the first step that ``fit`` takes from the same weights."""
    net = network()
    before = net.parameters.copy()
    net.fit(X, Y, fastopt.LevenbergMarquardt(damping=damping), epochs=1)
    return net.parameters - before


def draw() -> Figure:
    figure, panels = axes(2)
    panels[0].semilogx(DAMPINGS, [towards_descent(nu) for nu in DAMPINGS], label="with −g")
    panels[0].semilogx(
        DAMPINGS, [towards_gauss_newton(nu) for nu in DAMPINGS], label="with Gauss-Newton"
    )
    panels[0].set(xlabel="damping ν", ylabel="cosine of the angle", title="direction of the step")
    panels[1].loglog(DAMPINGS, lengths(), label="‖p‖")
    panels[1].loglog(DAMPINGS, np.linalg.norm(model()[0]) / DAMPINGS, "--", lw=0.8, label="‖g‖/ν")
    panels[1].set(xlabel="damping ν", ylabel="‖p‖", title="length of the step")
    panels[1].set_ylim(1e-7, 1e3)
    for panel, place in zip(panels, ("center right", "upper right"), strict=True):
        panel.grid(alpha=0.3)
        panel.legend(loc=place)
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
