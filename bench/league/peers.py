"""Other packages' methods, from fastopt's starts: the same weights, no biases.

Each needs its package; `python -m bench.league` in an environment that has it, fastopt beside it:
pip install torch==2.13.0 torch-levenberg-marquardt==1.2.3 pyrenn==0.1 scikit-learn==1.9.1
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.league.problems import Problem

Train = Callable[[Problem, int], tuple[float, int]]

# Processor seconds for a start, several times what fastopt takes for its longest. pyrenn looks for
# a step for ever where none lowers its error. What has not met the goal by then is not at it.
SECONDS = 6


class _Met(Exception):
    """The goal is met: a run need not go on."""


class _Spent(Exception):
    """The processor seconds are spent."""


def within_seconds(package: str) -> Callable[[Train], Train]:
    """Return what ends a training after SECONDS with what is no goal, if it did not end before."""

    def decorate(train: Train) -> Train:
        if not hasattr(signal, "setitimer"):
            return train  # as on Windows

        def limited(problem: Problem, seed: int) -> tuple[float, int]:
            def stop(*_: Any) -> None:
                raise _Spent

            importlib.import_module(package)  # which takes seconds, and is not to be broken off
            before = signal.signal(signal.SIGPROF, stop)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                return train(problem, seed)
            except _Spent:
                return np.inf, 0
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.signal(signal.SIGPROF, before)

        return limited

    return decorate


def scikit_learn(solver: str, times: int, **settings: Any) -> Train:
    """Return MLPRegressor's training without penalty; iterations of "lbfgs" are evaluations."""

    @within_seconds("sklearn.neural_network")
    def train(problem: Problem, seed: int) -> tuple[float, int]:
        from sklearn.neural_network import MLPRegressor

        given = iter(_start(problem, seed))

        class Watched(MLPRegressor):
            evaluations = 0

            def _init_coef(self, *_: Any) -> Any:
                return next(given)

            def _loss_grad_lbfgs(self, *arguments: Any) -> Any:
                loss, gradient = super()._loss_grad_lbfgs(*arguments)
                self.evaluations += 1
                if 2 * loss <= problem.goal:  # half of a mean squared error
                    raise _Met
                return loss, gradient

            def _update_no_improvement_count(self, *_: Any) -> None:
                if 2 * self.loss_curve_[-1] <= problem.goal:  # the mean over an epoch
                    raise _Met

        net = Watched(
            hidden_layer_sizes=problem.layers[1:-1],
            activation="tanh",
            solver=solver,
            alpha=0.0,
            max_iter=times * problem.iterations,
            random_state=seed,
            tol=0.0,
            max_fun=10**9,
            **settings,
        )
        y = problem.y.ravel() if problem.y.shape[1] == 1 else problem.y
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                net.fit(problem.X, y)
            except _Met:
                return problem.goal, net.evaluations or len(net.loss_curve_)
        return _mse(net.predict(problem.X), problem), net.n_iter_

    return train


def pytorch_adam(times: int, learning_rate: float) -> Train:
    """Return training by torch.optim.Adam, with all data in each step."""

    @within_seconds("torch")
    def train(problem: Problem, seed: int) -> tuple[float, int]:
        import torch

        net, X, y = _in_torch(problem, seed)
        optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)
        for iteration in range(times * problem.iterations):
            optimizer.zero_grad()
            loss = torch.mean((net(X) - y) ** 2)
            loss.backward()
            value = float(loss.detach())
            if value <= problem.goal or not np.isfinite(value):
                return value, iteration
            optimizer.step()
        with torch.no_grad():
            return float(torch.mean((net(X) - y) ** 2)), times * problem.iterations

    return train


def pytorch_lbfgs(times: int) -> Train:
    """Return training by torch.optim.LBFGS with its line search, which goes on until it stalls."""

    @within_seconds("torch")
    def train(problem: Problem, seed: int) -> tuple[float, int]:
        import torch

        net, X, y = _in_torch(problem, seed)
        best = np.inf

        def closure() -> Any:
            nonlocal best
            optimizer.zero_grad()
            loss = torch.mean((net(X) - y) ** 2)
            loss.backward()
            best = min(best, float(loss.detach()))
            if best <= problem.goal:
                raise _Met
            return loss

        iterations = times * problem.iterations
        optimizer = torch.optim.LBFGS(
            net.parameters(),
            max_iter=iterations,
            max_eval=10**9,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            history_size=10,
            line_search_fn="strong_wolfe",
        )
        with contextlib.suppress(_Met):
            optimizer.step(closure)
        return best, next(iter(optimizer.state.values()))["n_iter"]

    return train


@within_seconds("torch_levenberg_marquardt")
def torch_levenberg_marquardt(problem: Problem, seed: int) -> tuple[float, int]:
    """Train with its defaults: (JᵀJ + ν I), QR, ten attempts in a step."""
    import torch
    from torch_levenberg_marquardt import training

    net, X, y = _in_torch(problem, seed)
    module = training.LevenbergMarquardtModule(model=net, loss_fn=training.MSELoss())
    value = np.inf
    for iteration in range(problem.iterations):
        module.training_step(X, y)
        with torch.no_grad():
            value = float(torch.mean((net(X) - y) ** 2))
        if value <= problem.goal:
            return value, iteration + 1
        if not np.isfinite(value):
            return value, iteration + 1
    return value, problem.iterations


@within_seconds("pyrenn")
def pyrenn(problem: Problem, seed: int) -> tuple[float, int]:
    """Train with its defaults; it divides inputs and targets by their largest numbers itself."""
    import pyrenn as package

    X, y = problem.X.T.copy(), problem.y.T.copy()
    net = package.CreateNN(list(problem.layers))
    net["w"] = np.concatenate(
        [part.ravel() for W, b in _start(problem, seed) for part in (W, b)]
    )  # columns of (units, inputs), then biases
    largest = np.maximum(np.abs(y).max(axis=1), 1.0)
    # Of a sum of squares of divided targets; exact where there is one output, or all are alike.
    enough = problem.goal * y.size / float(np.max(largest)) ** 2
    with np.errstate(all="ignore"), contextlib.redirect_stdout(None):
        net = package.train_LM(X, y, net, k_max=problem.iterations, E_stop=enough)
        outputs = package.NNOut(X, net).reshape(y.shape)
    return _mse(outputs.T, problem), len(net["ErrorHistory"])


def _start(problem: Problem, seed: int) -> list[tuple[Any, Any]]:
    import fastopt

    net = fastopt.MLP(problem.layers, activation="tanh", random_state=seed)
    return [(np.array(W), np.array(b)) for W, b in zip(net.coefs_, net.intercepts_, strict=True)]


def _in_torch(problem: Problem, seed: int) -> tuple[Any, Any, Any]:
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    layers: list[Any] = []
    for W, b in _start(problem, seed):
        layer = torch.nn.Linear(*W.shape)
        layer.weight.data[:] = torch.tensor(W.T.copy())
        layer.bias.data[:] = torch.tensor(b)
        layers += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1]), torch.tensor(problem.X), torch.tensor(problem.y)


def _mse(outputs: Any, problem: Problem) -> float:
    return float(np.mean((outputs.reshape(problem.y.shape) - problem.y) ** 2))
