"""What a network computes: outputs, losses, metrics, gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._names import friendly
from fastopt._units import UnitsOfTargets
from fastopt.parts.parts import is_parts
from fastopt.training.data import Data, check_inputs, check_loss, make_data
from fastopt.training.metrics import Metrics

if TYPE_CHECKING:
    from fastopt.network import MLP

Array = npt.NDArray[Any]

_ROWS_AT_ONCE = 1 << 16  # so that looking through targets needs little memory


class Targets(NamedTuple):
    """What a network remembers of the targets of its last ``fit``."""

    one_dimensional: bool = False  # y was (N,) for one output: so is predict's answer
    signed: bool = False  # some are below 0: "accuracy" of one output judges by sign


class ForgottenLoss(NamedTuple):
    """The name of a loss of the user's own that did not go along with a pickle."""

    name: str


@overload
def predict(
    net: MLP, X: Any, mc_dropout: None = None, random_state: Any = None, *, rng: Any = None
) -> Array: ...


@overload
def predict(
    net: MLP, X: Any, mc_dropout: int, random_state: Any = None, *, rng: Any = None
) -> tuple[Array, Array]: ...


@overload
def predict(
    net: MLP, X: Any, *, interval: float, kind: str = "prediction"
) -> tuple[Array, Array, Array]: ...


@friendly
def predict(
    net: MLP,
    X: Any,
    mc_dropout: int | None = None,
    random_state: Any = None,
    *,
    rng: Any = None,
    interval: float | None = None,
    kind: str = "prediction",
) -> Array | tuple[Array, ...]:
    """Return the outputs for inputs (N, d), in the network's dtype, of the shape of ``y``.

    (N, q); but (N,) where ``fit`` was last given targets (N,) for one output, as scikit-learn
    does. Copies, pickles and files remember it. With ``scale_targets`` they are in the units of
    ``y``, and float64: single precision could not hold 1e6 + small.

    Any real dtype and layout is read as it is. With "sigmoid" and "softmax" outputs these are
    probabilities. Nothing is dropped, and batch normalisation is by the running statistics.

    Parameters
    ----------
    X : array (N, d)
    mc_dropout : int, optional
        k ≥ 1: Monte-Carlo dropout (Gal & Ghahramani 2016). Returns mean and standard deviation
        (÷ k) of the outputs over k masks, each of the shape above.
    random_state : None, int, numpy Generator or RandomState
        For the masks. None: the network's own. ``rng`` is another name of it.
    interval : float, optional
        The probability of an interval, 0.95 say. Returns outputs, lower and upper ends, each of the
        shape above: ŷ ± t √(jᵀ C j + σ²), with j = ∂ŷ/∂w, C the covariance of the weights and σ the
        noise, which :meth:`uncertainty` finds from the training data. It needs the extra
        ``fastopt[intervals]``.
    kind : {"prediction", "confidence"}
        Whether the interval is that of a new observation (default), or of the mean at this input,
        without + σ².

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([2, 8, 1], dropout=0.5, random_state=0)
    >>> mean, sd = net.predict([[1.0, 2.0]], mc_dropout=100)
    >>> mean.shape, sd.shape
    ((1, 1), (1, 1))
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> y = X[:, 0] ** 2 + np.random.default_rng(0).normal(0, 0.1, 50)
    >>> net = fastopt.MLP([1, 6, 1], random_state=0)
    >>> _ = net.fit(X, y, "bayesian_regularization")
    >>> y_new, lower, upper = net.predict([[0.0], [0.5]], interval=0.95)
    >>> bool((lower < [0.0, 0.25]).all() and (upper > [0.0, 0.25]).all())
    True
    """
    if interval is not None:
        if mc_dropout is not None:
            raise ValueError("give interval or mc_dropout, not both")
        from fastopt import _uncertainty  # it evaluates networks, too

        return tuple(_shaped(net, part) for part in _uncertainty.interval(net, X, interval, kind))
    X = checked_inputs(net, X)
    random_state = _validation.one_seed(random_state, rng)
    seed = net._seed if random_state is None else _validation.seed(random_state)
    if mc_dropout is None:
        return _shaped(net, outputs_of(net, X))
    k = _validation.integer("mc_dropout", mc_dropout, low=1)
    if not net._hidden.drops:
        raise ValueError(f"mc_dropout={k} needs a network with dropout, and this one has none")
    # Welford's sums: stable, and no more than two arrays however many masks there are.
    mean: Array = np.zeros((len(X), net._layer_sizes[-1]))
    squares: Array = np.zeros_like(mean)
    for i in range(k):
        outputs = net._core.predict(X, seed=seed, mask=i, scaling=net._scalings.input_affine)
        apart = outputs - mean
        mean += apart / (i + 1)
        squares += apart * (outputs - mean)
    deviation = np.sqrt(squares / k)
    scaling = net._scalings.targets
    if scaling is not None:
        return (
            _shaped(net, scaling.inverse_transform(mean)),
            _shaped(net, deviation * scaling.scale),
        )
    return _shaped(net, mean.astype(net._dtype)), _shaped(net, deviation.astype(net._dtype))


def checked_inputs(net: MLP, X: Any) -> Array:
    """Return X as an array (N, d) of which the network can compute outputs."""
    net._scalings.check_learned()
    dtype = net._scalings.dtype_of_inputs(net._dtype)
    inputs = check_inputs(X, net._layer_sizes[0], dtype)
    if net._scalings.inputs is not None:
        net._scalings.inputs.check_finite("X", inputs, net._dtype)
    return inputs


def outputs_of(net: MLP, X: Array, rows: Any = None) -> Array:
    """Return the outputs (N, q) in the units of the targets."""
    outputs = net._core.predict(X, rows, scaling=net._scalings.input_affine)
    return net._scalings.outputs_in_units(outputs)


def _shaped(net: MLP, outputs: Array) -> Array:
    """Return outputs (N, q) in the shape that the targets had."""
    return outputs.reshape(-1) if net._targets.one_dimensional else outputs


@overload
def evaluate(
    net: MLP,
    X: Any,
    y: Any = None,
    loss: Any = None,
    metrics: tuple[()] | None = (),
    sample_weight: Any = None,
) -> float: ...


@overload
def evaluate(
    net: MLP,
    X: Any,
    y: Any = None,
    loss: Any = None,
    *,
    metrics: Any,
    sample_weight: Any = None,
) -> dict[str, float]: ...


@overload
def evaluate(
    net: MLP, X: Any, y: Any, loss: Any, metrics: Any, sample_weight: Any = None
) -> dict[str, float]: ...


@friendly
def evaluate(
    net: MLP,
    X: Any,
    y: Any = None,
    loss: Any = None,
    metrics: Any = (),
    sample_weight: Any = None,
    missing_targets: str = "error",
) -> float | dict[str, float]:
    """Return the loss on data, without penalty; with ``metrics``, a dict of it and of them.

    All are in the units of ``y``, also with ``scale_targets``.

    Parameters
    ----------
    X : array (N, d), or Parts
        :class:`~fastopt.Parts` hold y and the weights, too.
    y : array (N, q), or (N,) where q = 1 or for class numbers
    loss : str or callable, optional
        As for :meth:`fit`. None (default): that of the last ``fit``; before any, "mse".
    metrics : sequence of str or callable
        As for :meth:`fit`.
    sample_weight : array (N,) or (N, q), optional
        For the loss and the metrics: weighted means. Rows of weight 0 are left out.
    missing_targets : {"error", "ignore"}
        As for :meth:`fit`.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([2, 3, 1], initializer="zeros")
    >>> net.evaluate([[1, 2], [3, 4]], [1, 2])
    2.5
    >>> net.evaluate([[1, 2], [3, 4]], [1, 2], metrics=["mae"])
    {'loss': 2.5, 'mae': 1.5}
    """
    loss = loss_or_trained(net, loss)
    if is_parts(X):
        from fastopt.parts.data import evaluated  # which evaluates by functions of this module

        return evaluated(net, X, y, loss, metrics, sample_weight, missing_targets)
    if y is None:
        raise TypeError("y must hold real numbers, got dtype object (None): only Parts hold them")
    data = data_of(net, X, y, loss, sample_weight, missing_targets)
    signed = net._targets.signed or is_signed(data.targets_of_rows())
    chosen = metrics_by_name(net, metrics, loss, signed=signed)
    if net._scalings.targets is not None:
        value = UnitsOfTargets(net).value(data, loss)
        return {"loss": value, **metrics_of(net, chosen, data)} if chosen else value
    values = judge(net, data, loss, chosen)()
    return values if chosen else values["loss"]


def judge(net: MLP, data: Data, loss: Any, metrics: Metrics) -> Callable[[], dict[str, float]]:
    """Return a function that finds loss and metrics by one pass, as the network then is."""
    evaluation = evaluation_of(net, data, loss)
    if not metrics:
        return lambda: {"loss": float(evaluation.value())}

    def judge() -> dict[str, float]:
        value, outputs = evaluation.value_and_predictions()
        outputs = net._scalings.outputs_in_units(outputs)
        return {"loss": float(value), **_measured(net, metrics, data, outputs)}

    return judge


def metrics_of(net: MLP, metrics: Metrics, data: Data) -> dict[str, float]:
    return _measured(net, metrics, data, outputs_of(net, data.inputs, data.rows))


def _measured(net: MLP, metrics: Metrics, data: Data, outputs: Array) -> dict[str, float]:
    weights, missing = data.sample_weight_of_rows(), data.missing_of_rows()
    return metrics(outputs, data.targets_of_rows(), data.classes, weights, missing)


def loss_or_trained(net: MLP, loss: Any) -> Any:
    """Return a loss that was given, or the one that the network was trained with."""
    if loss is None:
        loss = "mse" if net._loss is None else net._loss
    if isinstance(loss, ForgottenLoss):
        raise ValueError(
            f"the network was trained with a loss of your own, {loss.name!r}, which pickles do "
            "not hold: give it as loss="
        )
    return check_loss(loss)


def loss_and_gradient(
    net: MLP,
    X: Any,
    y: Any,
    loss: Any = None,
    l2: float = 0.0,
    sample_weight: Any = None,
    missing_targets: str = "error",
    l1: float = 0.0,
) -> tuple[float, Array]:
    """Return E and ∂E/∂w (n,), in the order of ``parameters``.

    E is the (weighted) mean loss (None: as for :meth:`evaluate`), in the units of ``y``, plus
    (l2/2)·‖W‖² + l1·Σ|W|, weights only; with ``l1`` the gradient is the subgradient of least norm,
    as in training. Batch normalisation is by the statistics of these data, as in training; nothing
    is dropped.
    """
    loss = loss_or_trained(net, loss)
    data = data_of(net, X, y, loss, sample_weight, missing_targets)
    l2, l1 = _validation.number("l2", l2, low=0), _validation.number("l1", l1, low=0)
    if net._scalings.targets is not None:
        net._hidden.check_batch(len(data), len(data))
        value, gradient = UnitsOfTargets(net).value_and_gradient(data, loss, l2, l1)
        return value, gradient.astype(net._dtype)
    value, gradient = _training_evaluation(net, data, loss, l2, l1).value_and_gradient()
    return float(value), gradient


def gradient_norms(
    net: MLP,
    X: Any,
    y: Any,
    loss: Any = None,
    l2: float = 0.0,
    sample_weight: Any = None,
    missing_targets: str = "error",
    l1: float = 0.0,
) -> dict[str, list[float]]:
    """Return the norms of the gradient, layer by layer: where it vanishes or explodes.

    As :meth:`loss_and_gradient`, on all of the data.

    Returns
    -------
    dict
        "weights": ‖∂E/∂W_l‖ of each layer; "activations": ‖∂E/∂a_l‖ of each hidden layer, over
        all samples.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([3, *[16] * 10, 1], activation="sigmoid", random_state=0)
    >>> X = np.random.default_rng(0).normal(size=(20, 3))
    >>> norms = net.gradient_norms(X, X[:, 0])
    >>> len(norms["weights"]), len(norms["activations"])
    (11, 10)
    >>> norms["activations"][0] < 1e-4 * norms["activations"][-1]
    True
    """
    loss = loss_or_trained(net, loss)
    data = data_of(net, X, y, loss, sample_weight, missing_targets)
    l2, l1 = _validation.number("l2", l2, low=0), _validation.number("l1", l1, low=0)
    if net._scalings.targets is not None:
        net._hidden.check_batch(len(data), len(data))
        return UnitsOfTargets(net).gradient_norms(data, loss, l2, l1)
    evaluation = flow_evaluation(net, data, loss, l2, l1)
    return norms_of(evaluation)


def data_of(net: MLP, X: Any, y: Any, loss: Any, sample_weight: Any, missing_targets: str) -> Data:
    """Return data with inputs as the network sees them, and targets in their own units."""
    net._scalings.check_learned()
    net._scalings.check_loss(loss)
    data = make_data(
        X,
        y,
        loss,
        net._layer_sizes,
        net._dtype,
        sample_weight,
        missing_targets=missing_targets,
        scalings=net._scalings,
    )
    return data.scaled(net._scalings.of_inputs, net._dtype)


def _training_evaluation(net: MLP, data: Data, loss: Any, l2: float, l1: float) -> Any:
    net._hidden.check_batch(len(data), len(data))
    evaluation = evaluation_of(net, data, loss, l2, l1)
    evaluation.as_in_training()
    return evaluation


def flow_evaluation(net: MLP, data: Data, loss: Any, l2: float, l1: float) -> Any:
    evaluation = _training_evaluation(net, data, loss, l2, l1)
    evaluation.watch_flows()
    return evaluation


def norms_of(evaluation: Any) -> dict[str, list[float]]:
    evaluation.value_and_gradient()
    return {"weights": evaluation.weight_norms, "activations": evaluation.flow_norms}


def evaluation_of(net: MLP, data: Data, loss: Any, l2: float = 0.0, l1: float = 0.0) -> Any:
    kind = _core.EvaluationF32 if net._dtype == np.float32 else _core.EvaluationF64
    return kind(net._core, data.native, loss, l2, l1)


def metrics_by_name(
    net: MLP, metrics: Any, loss: Any, recorded: tuple[str, ...] = (), signed: bool = False
) -> Metrics:
    threshold = None
    if loss == "binary_cross_entropy":
        threshold = 0.0 if net._output_activation == "identity" else 0.5
    return Metrics(metrics, threshold, recorded, signed)


def is_signed(targets: Array) -> bool:
    """Whether targets of one output, for which it counts, are −1 and +1."""
    if targets.size != len(targets):
        return False
    # Of a memory map as of a small array: no more than a piece at a time.
    pieces = range(0, len(targets), _ROWS_AT_ONCE)
    return any(bool((targets[i : i + _ROWS_AT_ONCE] < 0).any()) for i in pieces)
