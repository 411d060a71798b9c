"""15. A falling or adaptive learning rate ends closer to the minimum than a constant one.

    w ← w − η(i) g
    η(i) = η₀ / (1 + i/c) ; η₀ rⁱ ; ½ η₀ (1 + cos(π i/s)) ; …

Each schedule with the same first η as the constant, on one problem: schedules that fall, on linear
regression by SGD; MATLAB's adaptive rule, on a ravine in full batches; the warm-up, from a steep
start, from which the constant η leaps over the best minimum into a poor one.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, descend, save

import fastopt

RATE, EPOCHS, N = 0.05, 40, 200
ITERATIONS = N * EPOCHS
# For SGD on linear regression: a learning rate and the callbacks that go with it.
FALLING = {
    "constant": (RATE, ()),
    "PowerSchedule": (fastopt.PowerSchedule(RATE, c1=200), ()),
    "PiecewiseConstant": (fastopt.PiecewiseConstant([10, 25], [RATE, RATE / 10, RATE / 100]), ()),
    "ExponentialDecay": (fastopt.ExponentialDecay(RATE, ITERATIONS, 1e-3), ()),
    "CosineDecay": (fastopt.CosineDecay(RATE, ITERATIONS), ()),
    "LearningRateScheduler": (
        RATE,
        fastopt.LearningRateScheduler(lambda epoch: RATE * 0.85**epoch),
    ),
    "ReduceLROnPlateau": (RATE, fastopt.ReduceLROnPlateau("loss", factor=0.3, patience=2)),
}


class Distance(fastopt.Callback):
    """Records ‖w − w*‖ after each epoch."""

    def __init__(self, minimum: Array) -> None:
        self.minimum, self.values = minimum, []

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        self.values.append(float(np.linalg.norm(self.network.parameters - self.minimum)))


def regression(curvatures: tuple[float, ...], noise: float) -> tuple[Array, Array, Array]:
    """Return X, y and the weights of least squares; E's second derivatives go as the curvatures."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, len(curvatures))) * np.sqrt(curvatures)
    y = X @ np.arange(1.0, len(curvatures) + 1) + rng.normal(0, noise, N)
    with_one = np.column_stack([X, np.ones(N)])
    return X, y, np.linalg.lstsq(with_one, y, rcond=None)[0]


@cache
def stochastic(name: str) -> Array:
    """Return the distance to the minimum after each epoch of SGD, one example at a time."""
    learning_rate, callbacks = FALLING[name]
    X, y, minimum = regression((1, 1, 1), noise=1)
    distance = Distance(minimum)
    others = [callbacks] if callbacks else []
    fastopt.MLP([3, 1], initializer="zeros", random_state=0).fit(
        X, y, fastopt.SGD(learning_rate), epochs=EPOCHS, batch_size=1, callbacks=[*others, distance]
    )
    return np.array(distance.values)


@cache
def full_batch(adaptive: bool, undo: bool = True) -> Array:
    """Return the same for full batches in a ravine, from η = 0.01."""
    rate: float | fastopt.AdaptiveLearningRate = 0.01
    if adaptive and undo:
        rate = fastopt.AdaptiveLearningRate(0.01)
    elif adaptive:
        rate = fastopt.AdaptiveLearningRate(0.01, max_increase=1.0, undo=False)
    X, y, minimum = regression((1, 3, 0.1), noise=0.1)
    distance = Distance(minimum)
    fastopt.MLP([3, 1], initializer="zeros").fit(
        X, y, fastopt.SGD(rate), epochs=400, batch_size=None, callbacks=distance
    )
    return np.array(distance.values)


def well_minimum() -> float:
    """Return where (w² − 1)² + 0.3 w is smallest."""
    return float(np.roots([4, 0, -4, 0.3]).real.min())


@cache
def steep_start(warm_up: bool) -> Array:
    """Return |w − w*| on (w² − 1)² + 0.3 w from w = −2.5, where it is steep, with η = 0.05."""
    rate = fastopt.WarmUp(0.05, steps=20) if warm_up else 0.05
    start = np.full(1, -2.5)
    path = descend(fastopt.SGD(rate), lambda w: 4 * w * (w**2 - 1) + 0.3, start, 100)
    return np.abs(path[:, 0] - well_minimum())


def draw() -> Figure:
    figure, panels = axes(3)
    for name in FALLING:
        style = {"color": "black", "lw": 2} if name == "constant" else {}
        panels[0].semilogy(np.arange(1, EPOCHS + 1), stochastic(name), label=name, **style)
    panels[0].set(
        xlabel="epoch", ylabel="‖w − w*‖", title=f"linear regression, SGD, first η = {RATE}"
    )
    panels[1].semilogy(full_batch(False), color="black", lw=2, label="constant")
    panels[1].semilogy(full_batch(True), label="AdaptiveLearningRate")
    panels[1].semilogy(full_batch(True, undo=False), label="plain: +5 % / −30 %")
    panels[1].set(xlabel="epoch", ylabel="‖w − w*‖", title="ravine, full batch, first η = 0.01")
    panels[2].semilogy(steep_start(False), color="black", lw=2, label="constant")
    panels[2].semilogy(steep_start(True), label="WarmUp over 20 iterations")
    panels[2].set(xlabel="iteration", ylabel="|w − w*|")
    panels[2].set_title("(w² − 1)² + 0.3 w from w = −2.5, η = 0.05")
    for panel in panels:
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
