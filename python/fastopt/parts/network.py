"""What a worker computes of one part for a network: sums, and what is learned before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._evaluation import evaluation_of, is_signed
from fastopt.parts.survey import Survey, Text, moments_of, survey_of
from fastopt.training.data import Data, check_loss, make_data
from fastopt.training.scaling import Scalings

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OfNetwork:
    """The function of the parts for one network; small, as it travels with each piece of work.

    Attributes
    ----------
    token : str
        Of this training: what a worker keeps is found by it.
    state : dict
        What the network is made of, without its parameters.
    loss : str or callable
    keep : bool
        Whether parts stay in memory that are read from files.
    scalings : Scalings
        By which the data are scaled, once they are ``ready`` to be.
    """

    token: str
    state: dict[str, Any]
    loss: Any
    missing_targets: str
    keep: bool
    scalings: Scalings = field(default_factory=Scalings)
    ready: bool = False

    def with_scalings(self, scalings: Scalings) -> OfNetwork:
        """Return the same for data that are scaled."""
        return replace(self, scalings=scalings, ready=True)

    def __call__(self, number: int, source: Any, what: str, *vectors: Any) -> tuple[Any, ...]:
        """Return the terms of one part."""
        if what == "survey":
            return (self._survey(number, source),)
        data = _opened(self, number, source)
        if what == "checksums":
            return (Text(tuple(data.checksums().values())),)
        if what == "moments":
            return (moments_of(data, *vectors),)
        return self._sums(data, what, *vectors)

    def _survey(self, number: int, source: Any) -> Survey:
        data = _opened(self, number, source)
        squares = None
        if self.loss == "mse":
            squares = _core.NetworkSquares(_network(self)._core, data.native, 0.0)
        return survey_of(data, squares, is_signed(data.targets_of_rows()))

    def _sums(self, data: Data, what: str, w: Array, v: Any = None) -> tuple[Any, ...]:
        """Return sums over the part, of residuals or of losses, each by its own weight.

        Data divide weights by their mean over the part: here they are multiplied by it again.
        """
        core, native, weight = _network(self)._core, data.native, data.mean_weight
        if what in ("normal_equations", "squares"):
            squares = _core.NetworkSquares(core, native, 0.0)
            if what == "squares":
                return (weight * squares.value(w),)
            return tuple(weight * part for part in squares.normal_equations(w))
        weight *= len(data)
        if what == "value":
            net = _like(self)  # threads must not share its weights
            net.parameters[:] = w
            return (weight * evaluation_of(net, data, _loss(self)).value(),)
        objective = _core.NetworkObjective(core, native, _loss(self), 0.0)
        if what == "gradient":
            value, gradient = objective.value_and_gradient(w)
            return weight * value, weight * gradient
        if what == "hessian":
            return (weight * objective.hessian(w),)
        return (weight * objective.hessian_vector(w, v),)


# What this process keeps of the trainings that it works for, the latest of them.
_MOST_KEPT = 4
_lock = threading.Lock()
_kept: OrderedDict[str, dict[Any, Any]] = OrderedDict()


def forget(task: OfNetwork) -> None:
    """Let go of what this process keeps for a training."""
    with _lock:
        _kept.pop(task.token, None)


def _shelf(task: OfNetwork) -> dict[Any, Any]:
    with _lock:
        shelf = _kept.setdefault(task.token, {})
        _kept.move_to_end(task.token)
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
        return shelf


def _network(task: OfNetwork) -> Any:
    """Return a network like the one that is trained; its parameters play no part."""
    shelf = _shelf(task)
    if "network" not in shelf:
        shelf["network"] = _like(task)
    return shelf["network"]


def _like(task: OfNetwork) -> Any:
    from fastopt.network import MLP

    net = MLP.__new__(MLP)
    net.__setstate__(task.state)
    return net


def _loss(task: OfNetwork) -> Any:
    return check_loss(task.loss) if callable(task.loss) else task.loss


def _opened(task: OfNetwork, number: int, source: Any) -> Data:
    """Return the data of a part, checked, as the network sees them."""
    shelf = _shelf(task)
    data: Data | None = shelf.get((number, task.ready))
    if data is not None:
        return data
    data, net = shelf.pop((number, False), None), _network(task)
    if data is None:
        X, y, *weights = source.load()
        sizes = net._layer_sizes
        data = make_data(
            *(X, y, _loss(task), sizes, net._dtype),
            weights[0] if weights else None,
            ("X", "y", "sample_weight"),
            task.missing_targets,
            net._scalings,
        )
    if task.ready:
        data = data.scaled(task.scalings, net._dtype)
    if task.keep or source.stays_open:
        shelf[number, task.ready] = data
    return data
