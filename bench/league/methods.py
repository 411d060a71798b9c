"""The contenders: each trains one network from one start, and says how far it came."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

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


def _sklearn(solver: str, times: int, **settings: Any) -> Train:
    def train(problem: Problem, seed: int) -> Outcome:
        from sklearn.neural_network import MLPRegressor

        # Its own Glorot start. tol: until the iterations are spent; the goal is looked for after.
        net = MLPRegressor(
            problem.layers[1:-1],
            activation="tanh",
            solver=solver,
            alpha=0.0,
            max_iter=times * problem.iterations,
            random_state=seed,
            tol=0.0,
            n_iter_no_change=10**9,
            max_fun=10**9,
            **settings,
        )
        y = problem.y.ravel() if problem.y.shape[1] == 1 else problem.y
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(problem.X, y)
        curve = np.array(
            getattr(net, "loss_curve_", [])
        )  # ½ of the mean over samples, summed over q
        met = np.flatnonzero(2 * curve / problem.y.shape[1] <= problem.goal)
        loss = float(np.mean((net.predict(problem.X).reshape(problem.y.shape) - problem.y) ** 2))
        return (min(loss, problem.goal), int(met[0]) + 1) if met.size else (loss, net.n_iter_)

    return train


def _torch(make: Callable[[Any], Any], times: int) -> Train:
    def train(problem: Problem, seed: int) -> Outcome:
        import torch

        import fastopt

        torch.set_num_threads(1)
        start = fastopt.MLP(problem.layers, activation="tanh", random_state=seed)
        layers: list[Any] = []
        for W, b in zip(start.coefs_, start.intercepts_, strict=True):
            layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
            layer.weight.data[:] = torch.tensor(W.T.copy())
            layer.bias.data[:] = torch.tensor(np.array(b))
            layers += [layer, torch.nn.Tanh()]
        net = torch.nn.Sequential(*layers[:-1])
        X, y = torch.tensor(problem.X), torch.tensor(problem.y)
        optimizer = make(net.parameters())
        value = float("inf")

        def closure() -> Any:
            optimizer.zero_grad()
            loss = torch.mean((net(X) - y) ** 2)
            loss.backward()
            return loss

        for iteration in range(times * problem.iterations):
            value = float(optimizer.step(closure))  # of the weights before the step
            if value <= problem.goal:
                return value, iteration
            if not np.isfinite(value):
                break
        return float(closure()), times * problem.iterations

    return train


def _torch_adam(parameters: Any) -> Any:
    import torch

    return torch.optim.Adam(parameters, lr=0.01)


def _torch_lbfgs(parameters: Any) -> Any:
    import torch

    return torch.optim.LBFGS(parameters, max_iter=1, line_search_fn="strong_wolfe")


def _torch_lm(problem: Problem, seed: int) -> Outcome:
    import torch
    from torch_levenberg_marquardt import training

    import fastopt

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    start = fastopt.MLP(problem.layers, activation="tanh", random_state=seed)
    layers: list[Any] = []
    for W, b in zip(start.coefs_, start.intercepts_, strict=True):
        layer = torch.nn.Linear(*W.shape)
        layer.weight.data[:] = torch.tensor(W.T.copy())
        layer.bias.data[:] = torch.tensor(np.array(b))
        layers += [layer, torch.nn.Tanh()]
    net = torch.nn.Sequential(*layers[:-1])
    X, y = torch.tensor(problem.X), torch.tensor(problem.y)
    module = training.LevenbergMarquardtModule(model=net, loss_fn=training.MSELoss())
    for iteration in range(problem.iterations):
        module.training_step(X, y)
        value = float(torch.mean((net(X) - y) ** 2))
        if value <= problem.goal:
            return value, iteration + 1
    return value, problem.iterations


def _pyrenn(problem: Problem, seed: int) -> Outcome:
    import pyrenn

    np.random.seed(seed)  # noqa: NPY002 - it draws its start from there
    net = pyrenn.CreateNN(list(problem.layers))
    X, y = problem.X.T.copy(), problem.y.T.copy()
    net = pyrenn.train_LM(X, y, net, k_max=problem.iterations, E_stop=0.0, verbose=False)
    error = (pyrenn.NNOut(X, net).reshape(y.shape) - y) ** 2
    return float(error.mean()), len(net["ErrorHistory"])


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
    "scikit-learn adam": _sklearn("adam", GRADIENT, learning_rate_init=0.01, batch_size=32),
    "scikit-learn lbfgs": _sklearn("lbfgs", LINE_SEARCH),
    "PyTorch adam": _torch(_torch_adam, GRADIENT),
    "PyTorch lbfgs": _torch(_torch_lbfgs, LINE_SEARCH),
    "torch-levenberg-marquardt": _torch_lm,
    "pyrenn": _pyrenn,
}


def run(method: str, problem: Problem, seed: int) -> tuple[bool, int, float, float]:
    """Return whether the goal was met, the iterations, seconds, and the loss at the end."""
    began = time.perf_counter()
    loss, iterations = METHODS[method](problem, seed)
    seconds = time.perf_counter() - began
    return bool(loss <= problem.goal * (1 + 1e-9)), iterations, seconds, float(loss)
