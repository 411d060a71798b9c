"""How sure a network is: standard errors of its weights, and intervals of its predictions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._evaluation import ForgottenLoss, checked_inputs, data_of, outputs_of
from fastopt._quantiles import check_level, student
from fastopt._trainable import Trainable
from fastopt.functions.squares_rank import Determined, determined
from fastopt.memory import check_bytes
from fastopt.optimizers.bayesian_regularization import BayesianRegularization

if TYPE_CHECKING:
    from fastopt.network import MLP
    from fastopt.training.data import Data

Array = npt.NDArray[np.float64]

KINDS = ("prediction", "confidence")
# Training data of at most so many numbers, 8 MB, are kept for intervals; larger ones are asked for
# again.
KEPT_NUMBERS = 1 << 20
# Of a Jacobian at once: 32 MB.
_NUMBERS_AT_ONCE = 1 << 22


class Trained(NamedTuple):
    """What a network keeps of its training for intervals: copies of small data, and the penalty."""

    inputs: Any
    targets: Any
    weights: Any
    l2: float
    l1: float = 0.0


def kept(data: Data, loss: Any, l2: float, l1: float = 0.0) -> Trained:
    """Return what intervals need of a training; of large data and other losses the penalty alone.

    The numbers are copied, so that what becomes of the user's arrays changes nothing.
    """
    rows = slice(None) if data.rows is None else data.rows
    numbers = len(data) * (data.inputs[:1].size + data.targets[:1].size)
    if loss != "mse" or numbers > KEPT_NUMBERS:
        return Trained(None, None, None, l2, l1)
    weights = data.used_weights
    weights = None if weights is None else np.array(weights[rows])
    return Trained(np.array(data.inputs[rows]), np.array(data.targets[rows]), weights, l2, l1)


@dataclass(frozen=True)
class Uncertainty:
    """The covariance of a network's weights, and the noise of its targets.

    Attributes
    ----------
    standard_errors : array (n,)
        Of the weights, in the order of ``parameters``; infinite where the data leave them open, 0
        of those that are frozen (:attr:`fastopt.MLP.trainable`). Those that are tied have one
        error, and are one parameter.
    effective_parameters : float
        γ = tr(J (JᵀJ + Λ)⁻¹ Jᵀ): how many parameters the data determine.
    noise : array (q,)
        σ of each output, in the units of the targets: √(Σ e² / degrees of freedom).
    degrees_of_freedom : array (q,)
        Of each output: its residuals less its share of γ.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> rng = np.random.default_rng(0)
    >>> X = np.linspace(-1, 1, 80)[:, None]
    >>> y = np.sin(3 * X[:, 0]) + rng.normal(0, 0.1, 80)
    >>> net = fastopt.MLP([1, 4, 1], random_state=0)
    >>> _ = net.fit(X, y, "lm", epochs=100)
    >>> u = net.uncertainty()
    >>> u.standard_errors.shape, round(float(u.degrees_of_freedom[0])), 0.07 < u.noise[0] < 0.13
    ((13,), 67, np.True_)
    """

    parameters: Array
    effective_parameters: float
    noise: Array
    degrees_of_freedom: Array
    _of_weights: Determined  # of those that are free
    _root: Array
    _noise: Array  # of the scaled problem
    _trainable: Trainable

    @property
    def covariance(self) -> Array:
        """The covariance of the weights (n, n)."""
        root = self._root / self._of_weights.size[:, None]
        covariance: Array = root @ root.T
        open_ = self._of_weights.undetermined
        covariance[open_] = np.inf
        covariance[:, open_] = np.inf
        return self._trainable.spread(self._trainable.spread(covariance, 0.0).T, 0.0)

    @property
    def standard_errors(self) -> Array:
        """The standard errors of the weights (n,)."""
        errors: Array = np.sqrt(np.sum((self._root / self._of_weights.size[:, None]) ** 2, axis=1))
        errors[self._of_weights.undetermined] = np.inf
        return self._trainable.spread(errors, 0.0)

    def of_rows(self, jacobian: Array) -> Array:
        """Return the standard errors of outputs with these derivatives, of the scaled problem."""
        scaled = self._trainable.summed(jacobian) / self._of_weights.size
        errors: Array = np.linalg.norm(scaled @ self._root, axis=1)
        lost = np.linalg.norm(scaled @ self._of_weights.null, axis=1)
        errors[lost > self._of_weights.share * np.linalg.norm(scaled, axis=1)] = np.inf
        return errors


def uncertainty(
    net: MLP,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    l2: float | None = None,
    missing_targets: str = "error",
) -> Uncertainty:
    """Return what training data say of the weights and the noise; ``predict(interval=)`` takes it.

    Without arguments it is of the data of the last ``fit``, of which a copy is kept where it is
    of no more than 2²⁰ numbers, for as long as the network is not pickled or saved. What was found
    goes into pickles and files with the network: ask once before saving. Otherwise it is to be
    called with the training data, after training or after loading.

    With Λ = diag(λ), λ = l2·N·q/2 for weights and 0 for biases, after Bayesian regularisation α/β:
    the covariance of the weights is σ² (JᵀJ + Λ)⁻¹, σ² = Σe²/(N − γ), where that of Bayesian
    regularisation is 1/β. Of several outputs each has a σ_k of its own; the covariance is then
    A⁻¹ (Σ σ_k² J_kᵀJ_k + σ̄² Λ) A⁻¹, with A = JᵀJ + Λ.

    It needs n² numbers for n weights, and keeps as many; 3 n³ + 2 N q n² operations.

    Parameters
    ----------
    X : array (N, d), optional
    y : array (N, q) or (N,), optional
    sample_weight : array (N,) or (N, q), optional
        v: the variance of a target is σ²/v, the mean of v being one.
    l2 : float, optional
        That of the training; by default what the last ``fit`` had.
    missing_targets : {"error", "ignore"}
        As for :meth:`fit`.

    Returns
    -------
    Uncertainty
        ``covariance``, ``standard_errors``, ``effective_parameters``, ``noise``,
        ``degrees_of_freedom``.

    Raises
    ------
    ValueError
        The loss is not "mse"; the network has batch normalisation or dropout; the data leave no
        degree of freedom; or there are no data.
    """
    _check(net, "uncertainty")
    if (X is None) != (y is None):
        raise ValueError("uncertainty takes X and y, both or none of them")
    penalty = net._trained.l2 if l2 is None else _validation.number("l2", l2, low=0)
    if X is None:
        if net._trained.inputs is None:
            raise ValueError(_no_data(net))
        inputs, targets, weights = net._trained[:3]
    else:
        data = data_of(net, X, y, "mse", sample_weight, missing_targets)
        rows = slice(None) if data.rows is None else data.rows
        weights = data.used_weights
        inputs, targets = data.inputs[rows], data.targets[rows]
        weights = None if weights is None else weights[rows]
    net._estimated = _estimate(net, inputs, targets, weights, penalty)
    return net._estimated


def interval(net: MLP, X: Any, level: Any, kind: str) -> tuple[Array, Array, Array]:
    """Return outputs (N, q) and the ends of their intervals."""
    level = check_level(level, "interval")
    kind = _validation.choice("kind", kind, KINDS)
    known = net._estimated
    if known is None or not np.array_equal(known.parameters, net.parameters):
        if known is not None and net._trained.inputs is None:
            raise ValueError(
                "the weights have changed since uncertainty(X, y) was asked for: call it again "
                "with the training data"
            )
        known = net.uncertainty()
    inputs = checked_inputs(net, X)
    own = _in_double(net)
    q = net.layer_sizes[-1]
    outputs, errors = outputs_of(net, inputs), np.empty((len(inputs), q))
    for rows, _, jacobian in _jacobians(own, inputs):
        errors[rows] = known.of_rows(jacobian).reshape(-1, q)
    if kind == "prediction":
        errors = np.hypot(errors, known._noise)
    with np.errstate(invalid="ignore"):  # ∞ · 0, of a constant column
        half = np.asarray(student(level, known.degrees_of_freedom)) * errors
    scaling = net._scalings.targets
    if scaling is not None:
        half = np.where(scaling.constant, 0.0, half) * scaling.scale
    return outputs, outputs - half, outputs + half


def _estimate(net: MLP, inputs: Any, targets: Any, weights: Any, l2: float) -> Uncertainty:
    own, trainable = _in_double(net), net._trainable
    n, q = net.n_trainable, net.layer_sizes[-1]
    check_bytes(
        f"the covariance of {n:,} weights", 4 * 8 * n * n, "fastopt.conformal, which needs none"
    )
    t = np.asarray(targets, dtype=np.float64).reshape(len(inputs), q)
    v = np.ones((len(inputs), q))
    if weights is not None:
        v *= np.asarray(weights).reshape(len(inputs), -1)
    scaling = net._scalings.targets
    if scaling is not None:
        t = scaling.transform(t)
        v[:, scaling.constant] = 0.0  # nothing is fitted to them
    counts = (v > 0).sum(axis=0)
    root_v = np.sqrt(v)

    prior = _prior(net, l2 * counts.sum() / 2)
    triangle, squares = np.diag(np.sqrt(prior))[prior > 0], np.zeros(q)
    for rows, y, of_all in _jacobians(own, inputs):
        jacobian = trainable.summed(of_all)
        e = np.where(v[rows] > 0, y - t[rows], 0.0)
        squares += (v[rows] * e**2).sum(axis=0)
        weighted = jacobian * root_v[rows].reshape(-1, 1)
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, weighted]), mode="r"))
    found = determined(triangle, np.zeros(n))

    # What of the data's own information each output brings, in coordinates where A is the unit
    # matrix, and its trace: how many parameters it determines.
    shares = np.zeros((q, found.rank, found.rank))
    if q > 1:
        for rows, _, of_all in _jacobians(own, inputs):
            jacobian = trainable.summed(of_all)
            h = (jacobian * root_v[rows].reshape(-1, 1) / found.size) @ found.root
            h = h.reshape(-1, q, found.rank)
            shares += np.einsum("nki,nkj->kij", h, h)
    else:
        in_prior = np.sqrt(prior)[:, None] * found.root / found.size[:, None]
        shares[0] = np.eye(found.rank) - in_prior.T @ in_prior
    gamma = np.trace(shares, axis1=1, axis2=2)
    degrees = counts - gamma
    if (degrees[counts > 0] < _LEAST_DEGREES).any():
        raise ValueError(
            f"the {int(counts.sum())} residuals leave nothing to tell the noise by beside "
            f"{gamma.sum():.4g} parameters that they determine: take fewer units, l2, or "
            "BayesianRegularization"
        )
    variances = np.divide(squares, degrees, out=np.zeros(q), where=counts > 0)
    mean = float(squares.sum() / degrees[counts > 0].sum())
    middle = mean * np.eye(found.rank) + np.einsum("k,kij->ij", variances - mean, shares)
    values, vectors = np.linalg.eigh(middle)
    root = found.root @ (vectors * np.sqrt(np.maximum(values, 0)))
    noise = np.sqrt(variances)
    in_units = noise if scaling is None else noise * scaling.scale
    return Uncertainty(
        parameters=net.parameters.copy(),
        effective_parameters=float(gamma.sum()),
        noise=in_units,
        degrees_of_freedom=np.where(counts > 0, degrees, math.inf),
        _of_weights=found._replace(covariance=np.empty((0, 0)), root=np.empty((0, 0))),
        _root=root,
        _noise=noise,
        _trainable=trainable,
    )


# Degrees of freedom from which on there is an estimate of noise; γ is known to rounding.
_LEAST_DEGREES = 1e-6


def _prior(net: MLP, decay: float) -> Array:
    """Return λ of each free parameter, so that S = ½ Σe² + ½ Σ λ w².

    After Bayesian regularisation it is α/β. ``decay`` is that of weights; biases, scales and shifts
    have none.
    """
    history = getattr(net, "history_", None)
    prior = np.zeros(net.n_parameters)
    if history is not None and "gamma" in history and "beta" in history and len(history):
        alpha, beta = history["alpha"][-1], history["beta"][-1]
        grouped = isinstance(alpha, dict)
        groups = np.array(
            BayesianRegularization(prior="groups" if grouped else "single").groups_of(net)
        )
        of_group = np.concatenate([*alpha.values()]) if grouped else np.array([alpha])
        groups = net._trainable.gathered(groups)
        return np.where(groups >= 0, of_group[groups] / beta, 0.0)
    for layer in net._hidden.views(prior):
        for name in ("W", "P"):
            if name in layer:
                layer[name][:] = decay
    return net._trainable.summed(prior)


def _jacobians(net: MLP, inputs: Any) -> Iterator[tuple[slice, Array, Array]]:
    """Yield rows, outputs and their derivatives by the weights, of the scaled problem."""
    q = net.layer_sizes[-1]
    step = max(1, _NUMBERS_AT_ONCE // (q * net.n_parameters))
    for start in range(0, len(inputs), step):
        rows = slice(start, start + step)
        yield rows, *_core.jacobian(net._core, inputs[rows], net._scalings.input_affine)


def _in_double(net: MLP) -> MLP:
    return net if net.dtype == np.float64 else net.astype("float64")


def _check(net: MLP, what: str) -> None:
    loss = net._loss
    if loss not in (None, "mse"):
        name = loss.name if isinstance(loss, ForgottenLoss) else getattr(loss, "__name__", loss)
        raise ValueError(
            f"{what} is of numbers and squared errors, loss='mse', and this network was trained "
            f"with {name!r}: fastopt.conformal gives intervals from held-out data for any loss of "
            "numbers"
        )
    if net._trained.l1 > 0:
        raise ValueError(
            f"{what} is of weights that can move either way, and l1={net._trained.l1} holds some "
            "at 0: use fastopt.conformal, or train without l1"
        )
    if net.output_activation == "softmax":
        raise ValueError(f"{what} is of numbers, and softmax outputs are probabilities of classes")
    if net._hidden.uses_batch:
        raise ValueError(
            f"{what} needs samples that do not depend on each other, which normalization='batch' "
            "ties: use net.fold() with uncertainty(X, y), or fastopt.conformal"
        )
    if net._hidden.drops:
        raise ValueError(
            f"{what} is of networks that are trained whole, and dropout={net.dropout} draws masks: "
            "use fastopt.conformal, or predict(mc_dropout=…)"
        )


def _no_data(net: MLP) -> str:
    if not hasattr(net, "history_"):
        return "the network has not been trained: fit it first, or give uncertainty(X, y) its data"
    return (
        "the training data are not there any more (they are kept up to 2^20 numbers, and not in "
        "pickles and files): call net.uncertainty(X, y) with them, then predict(interval=…); "
        "called before the network is saved, its file has what intervals need"
    )
