"""What a worker computes of one part for a network: sums, and what is learned before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._evaluation import evaluation_of, is_signed, outputs_of
from fastopt._units import UnitsOfTargets
from fastopt.parts.scores import Counts, scores_of
from fastopt.parts.survey import Survey, Text, moments_of, survey_of
from fastopt.training.data import Data, check_loss, make_data
from fastopt.training.scaling import Scalings
from fastopt.training.targets import labels

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
    class_weight : dict, optional
        By which weights of samples are multiplied.
    units : Scalings, optional
        By which outputs are in the units of the targets, where data keep theirs.
    """

    token: str
    state: dict[str, Any]
    loss: Any
    missing_targets: str
    keep: bool
    scalings: Scalings = field(default_factory=Scalings)
    ready: bool = False
    class_weight: dict[float, float] | None = None
    units: Scalings | None = None

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
        if what == "classes":
            present = np.unique(labels(data.targets_of_rows(), "class_weight"), return_counts=True)
            return (Counts(dict(zip(*(part.tolist() for part in present), strict=True))),)
        if what == "scores":
            return self._scores(data, *vectors)
        return self._sums(data, what, *vectors)

    def _scores(self, data: Data, w: Array, functions: dict[str, Any]) -> tuple[Any, ...]:
        """Return what a part gives for metrics, in the units of the targets."""
        return scores_of(functions, data, outputs_of(self._with(w), data.inputs, data.rows))

    def _with(self, w: Array) -> Any:
        """Return a network of these weights; threads must not share them."""
        net = _like(self)
        net.parameters[:] = w
        net._scalings = self.units or self.scalings
        return net

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
            net = self._with(w)
            if net._scalings.targets is not None and self.units is not None:
                return (weight * UnitsOfTargets(net).value(data, _loss(self)),)
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
    key = number, task.ready, task.class_weight is not None
    data: Data | None = shelf.get(key)
    if data is not None:
        return data
    data, net = shelf.pop((number, False, False), None), _network(task)
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
    if task.class_weight is not None:
        data = data.weighted_by(task.class_weight)
    if task.keep or source.stays_open:
        shelf[key] = data
    return data
