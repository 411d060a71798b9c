"""Data in parts as ``fit`` sees them: what is learned of them, and sums over them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._evaluation import metrics_by_name
from fastopt._second_order import check_float64
from fastopt.parts.network import OfNetwork, forget
from fastopt.parts.parts import Parts
from fastopt.parts.scores import check_metrics, values_of
from fastopt.parts.survey import Survey
from fastopt.training.data import weights_by_class
from fastopt.training.metrics import Metrics
from fastopt.training.scaling import Scaling, Scalings, ranges_of, standard
from fastopt.training.user_functions import OwnLoss

Array = npt.NDArray[np.float64]


class PartsData:
    """In place of `Data`, where the arrays are in parts: counts and ranges of all of them."""

    in_parts = True
    rows = None
    missing = None
    sample_weight = None

    def __init__(self, parts: Parts, task: OfNetwork, survey: Survey) -> None:
        self.parts, self.task, self.survey = parts, task, survey
        self.classes = int(survey.classes)
        self._latest: tuple[Any, tuple[Any, ...]] | None = None

    def __len__(self) -> int:
        return self.survey.rows

    @property
    def one_dimensional(self) -> bool:
        """Whether y is (N,)."""
        return self.survey.one_dimensional

    @property
    def signed(self) -> bool:
        """Whether targets of one output are −1 and +1."""
        return self.survey.signed

    def checksums(self) -> dict[str, str | None]:
        """Return inputs, targets and weights of all parts in a few words each."""
        (found,) = self.parts._total(self.task, "checksums")
        return dict(zip(("X", "y", "sample_weight"), found.words, strict=True))

    def sizes(self, of: str) -> tuple[Array, Array]:
        """Return Σ x² and max |x| of each column of "inputs" or "targets"."""
        columns = getattr(self.survey, of)
        return columns.squares, columns.largest

    def learned(self, of: str, kind: str) -> Scaling:
        """Return the scaling of "inputs" or "targets": of two passes, the first is the survey."""
        columns = getattr(self.survey, of)
        ranges = ranges_of(columns.low, columns.high)
        if kind == "minmax":
            return ranges
        (found,) = self.parts._total(self.task, "moments", of, ranges)
        return standard(ranges, found)

    def weighted(self, class_weight: Any, n_outputs: int) -> PartsData:
        """Return the same samples, their weights multiplied by those of their classes."""
        if class_weight is None:
            return self
        (found,) = self.parts._total(self.task, "classes")
        present, counts = np.array([*found.of]), np.array([*found.of.values()])
        known = {*found.of, *range(max(2, n_outputs))}
        by_class = weights_by_class(class_weight, present, counts, known)
        task = replace(self.task, class_weight=by_class)
        (survey,) = self.parts._total(task, "survey")
        return PartsData(self.parts, task, survey)

    def measured(self, w: Array, metrics: Metrics) -> dict[str, float]:
        """Return metrics of the network with these weights."""
        functions = metrics.functions
        found = self.parts._total(self.task, "scores", np.array(w, dtype=np.float64), functions)
        return values_of(functions, found)

    def scaled(self, scalings: Scalings, dtype: Any, name: str = "X") -> PartsData:
        """Return the same samples as a network sees them."""
        return PartsData(self.parts, self.task.with_scalings(scalings), self.survey)

    def forget(self) -> None:
        """Let go of what this process keeps of the parts."""
        self._latest = None
        forget(self.task)

    def value(self, w: Array) -> float:
        """Return the mean loss, without a penalty."""
        (value,) = self.parts._total(self.task, "value", np.array(w, dtype=np.float64))
        return float(value / self.survey.weight)

    def total(self, what: str, w: Array, *vectors: Array) -> tuple[Any, ...]:
        """Return sums over all parts; those that were asked for last are kept."""
        asked = what, w.tobytes(), *(v.tobytes() for v in vectors)
        if self._latest is None or self._latest[0] != asked:
            self._latest = asked, self.parts._total(self.task, what, w, *vectors)
        return self._latest[1]


class _Sums:
    """Sums over the parts as a solver wants them: weights of mean 1, and with the penalty."""

    def __init__(self, data: PartsData, shrinks: Array, l2: float, outputs: int) -> None:
        self._data, survey = data, data.survey
        self._penalty = l2 * shrinks
        self._of_loss, self._of_squares = 1 / survey.weight, survey.rows / survey.weight
        # ½Σe² is N q / 2 times E, and so is the penalty.
        self._halves = survey.rows * outputs / 2

    def normal_equations(self, w: Array) -> tuple[float, Array, Array]:
        """Return (½Σe², Jᵀe, JᵀJ), each with the penalty."""
        value, jte, jtj = self._data.total("normal_equations", w)
        penalty, factor = self._halves * self._penalty, self._of_squares
        return (
            float(factor * value + 0.5 * penalty @ (w * w)),
            factor * jte + penalty * w,
            factor * jtj + np.diag(penalty),
        )

    def squares(self, w: Array) -> float:
        """Return ½Σe² alone, with the penalty: what tells whether a step is kept."""
        (value,) = self._data.total("squares", w)
        return float(self._of_squares * value + 0.5 * self._halves * self._penalty @ (w * w))

    def value_and_gradient(self, w: Array) -> tuple[float, Array]:
        """Return E and its gradient."""
        value, gradient = self._data.total("gradient", w)
        return (
            float(self._of_loss * value + 0.5 * self._penalty @ (w * w)),
            self._of_loss * gradient + self._penalty * w,
        )

    def hessian(self, w: Array) -> Array:
        """Return H."""
        (hessian,) = self._data.total("hessian", w)
        made: Array = self._of_loss * hessian + np.diag(self._penalty)
        return made

    def product(self, w: Array, v: Array) -> Array:
        """Return H v."""
        (product,) = self._data.total("product", w, v)
        made: Array = self._of_loss * product + self._penalty * v
        return made


class _SumsOfFree:
    """The same as functions of the variables that training moves, where some are frozen or tied."""

    def __init__(self, sums: _Sums, network: Any) -> None:
        self._sums, self._network, self._map = sums, network, network._trainable

    def _parameters(self, u: Array) -> Array:
        parameters: Array = self._map.scattered(u, self._network.parameters)
        return parameters

    def _squeezed(self, matrix: Array) -> Array:
        by_columns = self._map.summed(matrix)
        squeezed: Array = self._map.summed(by_columns.T)  # of a matrix that is symmetric
        return squeezed

    def normal_equations(self, u: Array) -> tuple[float, Array, Array]:
        """Return (½Σe², Jᵀe, JᵀJ) by u."""
        value, jte, jtj = self._sums.normal_equations(self._parameters(u))
        return value, self._map.summed(jte), self._squeezed(jtj)

    def squares(self, u: Array) -> float:
        """Return ½Σe² alone."""
        return self._sums.squares(self._parameters(u))

    def value_and_gradient(self, u: Array) -> tuple[float, Array]:
        """Return E and its gradient by u."""
        value, gradient = self._sums.value_and_gradient(self._parameters(u))
        return value, self._map.summed(gradient)

    def hessian(self, u: Array) -> Array:
        """Return ∂²E/∂u²."""
        return self._squeezed(self._sums.hessian(self._parameters(u)))

    def product(self, u: Array, v: Array) -> Array:
        """Return ∂²E/∂u² v."""
        along = self._map.scattered(v, np.zeros(self._network.n_parameters))
        product: Array = self._map.summed(self._sums.product(self._parameters(u), along))
        return product


def _sums(
    network: Any, data: PartsData, l2: float, free: bool
) -> tuple[_Sums | _SumsOfFree, Array]:
    """Return the sums, and the variables that they start from: all parameters, or what is free."""
    sums = _Sums(data, _shrinking(network), l2, network.layer_sizes[-1])
    if not free:
        return sums, np.array(network.parameters)
    return _SumsOfFree(sums, network), network._trainable.gathered(network.parameters)


class SquaresOfParts(_core.PythonNormalEquations):
    """The sum of squares of a network on data in parts, of all parameters or of the free ones."""

    def __init__(self, network: Any, data: PartsData, l2: float, free: bool = False) -> None:
        self._sums, w = _sums(network, data, l2, free)
        if not np.isfinite(self._sums.normal_equations(w)[0]):
            raise ValueError("the loss of the data in parts is not finite at the present weights")
        super().__init__(self._sums.normal_equations, (), {}, w, self._sums.squares)
        survey = data.survey
        self.n_residuals = survey.rows * network.layer_sizes[-1]
        self.scale = 2 / self.n_residuals
        self.linear_from = survey.linear_from
        logarithm = float(np.log(survey.weight / survey.rows))
        self.weighted_residuals = (
            survey.residuals,
            survey.log_weights - survey.residuals * logarithm,
        )

    def value(self, w: Array) -> float:
        """Return ½Σe² and the penalty."""
        return self._sums.squares(w)


class ObjectiveOfParts(_core.PythonObjective):
    """The loss of a network on data in parts, of all parameters or of the free ones."""

    def __init__(self, network: Any, data: PartsData, l2: float, free: bool = False) -> None:
        sums, w = _sums(network, data, l2, free)
        super().__init__(sums.value_and_gradient, True, sums.hessian, sums.product, (), w)


def _shrinking(network: Any) -> Array:
    """Return 1 for the weights that a penalty shrinks, 0 for biases."""
    mask = np.zeros(network.n_parameters)
    for layer in network._hidden.views(mask):
        for part in layer.values():
            if part.ndim == 2:
                part[...] = 1
    return mask


def check_of_parts(network: Any, optimizer: Any, metrics: Any, validation_split: Any) -> None:
    """Refuse what does not go with training data in parts, before they are looked through."""
    if optimizer.kind == "first_order":
        raise ValueError(
            f"{type(optimizer).__name__} takes many small steps, and data in parts give one for "
            "each pass over all of them: use a full-batch method such as 'lm' or 'lbfgs', or take "
            "mini-batches from parts.batches(...)"
        )
    name = type(optimizer).__name__
    network._hidden.check_second_order(name)
    check_float64(network.dtype, name)
    check_metrics(metrics)
    if validation_split:
        raise ValueError(
            f"validation_split={validation_split!r} draws rows, and the data are in parts: give "
            "some of the parts, or arrays, as validation_data"
        )


def data_in_parts(
    network: Any,
    loss: Any,
    parts: Parts,
    y: Any = None,
    sample_weight: Any = None,
    *,
    missing_targets: str,
    scalings: Scalings,
    names: tuple[str, str, str] = ("X", "y", "sample_weight"),
) -> PartsData:
    """Return data in parts, looked through once."""
    for name, value in zip(names[1:], (y, sample_weight), strict=True):
        if value is not None:
            raise ValueError(f"{name} belongs to the parts: each holds (X, y, sample_weight)")
    if network._hidden.uses_batch or network._hidden.drops:
        raise ValueError(
            f"{names[0]}: data in parts are for networks without batch normalisation and dropout, "
            "whose samples do not depend on each other"
        )
    state = network.__getstate__() | {
        "dtype": "float64",
        "parameters": 0.0,
        "statistics": 0.0,
        "history": None,
        "uncertainty": None,
        "metadata": None,
        "loss": None,
        "initializer": None,
        "scalings": scalings.state(),
    }
    function = loss.function if isinstance(loss, OwnLoss) else loss
    task = OfNetwork(os.urandom(16).hex(), state, function, missing_targets, parts._keep)
    (survey,) = parts._total(task, "survey")
    return PartsData(parts, task, survey)


def evaluated(
    net: Any,
    parts: Parts,
    y: Any,
    loss: Any,
    metrics: Any,
    sample_weight: Any,
    missing_targets: str,
) -> float | dict[str, float]:
    """Return the loss of a network on data in parts; with metrics a dict of it and of them."""
    check_metrics(metrics)
    net._scalings.check_learned()
    net._scalings.check_loss(loss)
    given = {"missing_targets": missing_targets, "scalings": net._scalings}
    data = data_in_parts(net, loss, parts, y, sample_weight, **given)
    task = data.task.with_scalings(net._scalings.of_inputs)
    data = PartsData(parts, replace(task, units=net._scalings), data.survey)
    try:
        value = data.value(net.parameters)
        chosen = metrics_by_name(net, metrics, loss, signed=net._targets.signed or data.signed)
        return {"loss": value, **data.measured(net.parameters, chosen)} if chosen else value
    finally:
        data.forget()
