"""The contenders: each trains one network from one start, and says how far it came."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

from bench.league import peers
from bench.league.problems import Problem

# Epochs that methods with cheaper iterations are given for one of Levenberg-Marquardt's.
LINE_SEARCH, GRADIENT = 4, 10

# The mean squared error at the end, and how many iterations there were.
Outcome = tuple[float, int]
Train = Callable[[Problem, int], Outcome]


def _fastopt(make: Callable[[], Any], times: int = 1, **settings: Any) -> Train:
    def train(problem: Problem, seed: int) -> Outcome:
        import fastopt

        net = fastopt.MLP(problem.layers, activation="tanh", random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fastopt.ScalingWarning)
            history = net.fit(
                *(problem.X, problem.y, make()),
                epochs=times * problem.iterations,
                stopping=fastopt.Stopping(loss=problem.goal),
                **settings,
            )
        loss = net.evaluate(problem.X, problem.y)
        # In mini-batches the goal is met by the mean of their losses over an epoch.
        return (min(loss, problem.goal) if history.stop_reason == "loss" else loss), len(history)

    return train


def _lm(**settings: Any) -> Train:
    def make() -> Any:
        import fastopt

        return fastopt.LevenbergMarquardt(**settings)

    return _fastopt(make)


def _named(name: str, *arguments: float, times: int, **settings: Any) -> Train:
    def make() -> Any:
        import fastopt

        return getattr(fastopt, name)(*arguments)

    return _fastopt(make, times, **settings)


METHODS: dict[str, Train] = {
    "lm nielsen": _lm(),
    "lm marquardt": _lm(damping_rule="marquardt"),
    "lm matlab": _lm(damping_rule="matlab"),
    "lm separable": _lm(separable=True),
    "bayesian": _named("BayesianRegularization", times=1),
    "bfgs": _named("BFGS", times=LINE_SEARCH),
    "lbfgs": _named("LBFGS", times=LINE_SEARCH),
    "cg": _named("ConjugateGradient", times=LINE_SEARCH),
    "scg": _named("ScaledConjugateGradient", times=LINE_SEARCH),
    "oss": _named("OneStepSecant", times=LINE_SEARCH),
    "adam": _named("Adam", 0.01, times=GRADIENT, batch_size=32),
    "rprop": _named("Rprop", times=GRADIENT),
    "scikit-learn adam": peers.scikit_learn(
        "adam", GRADIENT, learning_rate_init=0.01, batch_size=32
    ),
    "scikit-learn lbfgs": peers.scikit_learn("lbfgs", LINE_SEARCH),
    "PyTorch adam": peers.pytorch_adam(GRADIENT, 0.01),
    "PyTorch lbfgs": peers.pytorch_lbfgs(LINE_SEARCH),
    "torch-levenberg-marquardt": peers.torch_levenberg_marquardt,
    "pyrenn": peers.pyrenn,
}


def run(method: str, problem: Problem, seed: int) -> tuple[bool, int, float, float]:
    """Return whether the goal was met, iterations, processor seconds, and the loss at the end."""
    began = time.process_time()
    loss, iterations = METHODS[method](problem, seed)
    seconds = time.process_time() - began
    return bool(loss <= problem.goal * (1 + 1e-9)), iterations, seconds, float(loss)
