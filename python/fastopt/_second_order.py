"""Second derivatives of networks: Jacobian, normal equations, Hessian. In double precision only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._evaluation import checked_inputs, data_of, loss_or_trained
from fastopt._units import UnitsOfTargets
from fastopt.losses import LOSSES
from fastopt.memory import check_bytes

if TYPE_CHECKING:
    from fastopt.network import MLP

Array = npt.NDArray[np.float64]


def check_float64(dtype: np.dtype[Any], what: str) -> None:
    """Refuse a float32 network where rounding would spoil the result."""
    if dtype != np.float64:
        raise ValueError(
            f'{what} needs double precision and this network is float32: use net.astype("float64")'
        )


def check_twice_differentiable(loss: Any, what: str) -> None:
    """Refuse a loss of the caller's own, of which no second derivatives are known."""
    if callable(loss):
        raise ValueError(
            f"{what} needs second derivatives, which a loss of your own does not give: use one of "
            + ", ".join(map(repr, LOSSES))
        )


def jacobian(net: MLP, X: npt.ArrayLike) -> Array:
    """Return J = ∂Y/∂w, the derivatives of all outputs by all parameters.

    Y is what :meth:`predict` returns, in the units of the targets.

    Parameters
    ----------
    X : array (N, d)

    Returns
    -------
    array (N·q, n), float64
        The q outputs of a sample stand together; the columns are in the order of
        ``parameters``.

    Raises
    ------
    ValueError
        For a float32 network, or an X that does not fit.
    MemoryError
        When J would not fit into the memory that is available.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([2, 3, 1], random_state=0)
    >>> net.jacobian(np.eye(2)).shape
    (2, 13)
    """
    _check(net, "jacobian")
    inputs = checked_inputs(net, X)
    rows = len(inputs) * net.layer_sizes[-1]
    check_bytes(
        f"the Jacobian of {rows:,} × {net.n_parameters:,} numbers",
        8 * rows * net.n_parameters,
        "normal_equations, which never holds it, or fewer samples at a time",
    )
    jacobian: Array = _core.jacobian(net._core, inputs, net._scalings.input_affine)[1]
    if net._scalings.targets is not None:
        jacobian *= np.tile(net._scalings.targets.scale, len(inputs))[:, None]
    return jacobian


def normal_equations(
    net: MLP,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    l2: float = 0.0,
    missing_targets: str = "error",
) -> tuple[float, Array, Array]:
    """Return (½Σe², Jᵀe, JᵀJ) with e = Y − y; J is never held as a whole.

    Parameters
    ----------
    X : array (N, d)
    y : array (N, q), or (N,) where q = 1
    sample_weight : array (N,) or (N, q), optional
        v, divided by its mean: ½Σve², JᵀVe and JᵀVJ.
    l2 : float
        Adds λ/2·‖W‖² with λ = l2·N·q/2 to the sum of squares, its gradient and its second
        derivative to the others: 2/(N·q) times the sum is then what ``evaluate`` and ``fit``
        report as "mse" with this ``l2``.
    missing_targets : {"error", "ignore"}
        As for ``fit``.

    Returns
    -------
    float, array (n,), array (n, n)

    Raises
    ------
    ValueError
        For a float32 network, or arrays that do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([1, 3, 1], random_state=0)
    >>> X = np.linspace(-1, 1, 20).reshape(-1, 1)
    >>> half_sum, Jte, JtJ = net.normal_equations(X, X**2)
    >>> J = net.jacobian(X)
    >>> np.allclose(JtJ, J.T @ J, rtol=1e-12)
    True
    """
    _check(net, "normal_equations")
    penalty = _validation.number("l2", l2, low=0)
    data = data_of(net, X, y, "mse", sample_weight, missing_targets)
    _check_square(net, "JᵀJ")
    if net._scalings.targets is not None:
        return UnitsOfTargets(net).normal_equations(data, penalty)
    squares = _core.NetworkSquares(net._core, data.native, penalty)
    value, jte, jtj = squares.normal_equations(net.parameters)
    return value, jte, jtj


def hessian(
    net: MLP,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    loss: str | None = None,
    sample_weight: npt.ArrayLike | None = None,
    l2: float = 0.0,
    missing_targets: str = "error",
) -> Array:
    """Return H = ∂²E/∂w², exact, of the mean loss of the samples.

    Parameters
    ----------
    X : array (N, d)
    y : array
        Targets as for ``fit``.
    loss : str, optional
        A name as for ``fit``; second derivatives of "mae" and "pinball" by the outputs are zero.
        None (default): that of the last ``fit``; before any, "mse".
    sample_weight : array (N,) or (N, q), optional
    l2 : float
        Adds (l2/2)·‖W‖² to E.
    missing_targets : {"error", "ignore"}
        As for ``fit``.

    Returns
    -------
    array (n, n), float64
        Symmetric to the bit.

    Raises
    ------
    ValueError
        For a float32 network, a loss of your own, or arrays that do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([1, 3, 1], random_state=0)
    >>> X = np.linspace(-1, 1, 20).reshape(-1, 1)
    >>> H = net.hessian(X, X**2)
    >>> H.shape, bool((H == H.T).all())
    ((10, 10), True)
    """
    _check(net, "hessian")
    loss = _twice_differentiable(net, "hessian", loss)
    penalty = _validation.number("l2", l2, low=0)
    data = data_of(net, X, y, loss, sample_weight, missing_targets)
    _check_square(net, "the Hessian")
    if net._scalings.targets is not None:
        return UnitsOfTargets(net).hessian(data, loss, penalty)
    objective = _core.NetworkObjective(net._core, data.native, loss, penalty)
    hessian: Array = objective.hessian(net.parameters)
    return hessian


def hessian_vector_product(
    net: MLP,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    v: npt.ArrayLike,
    loss: str | None = None,
    sample_weight: npt.ArrayLike | None = None,
    l2: float = 0.0,
    missing_targets: str = "error",
) -> Array:
    """Return H v without H, at about the cost of two gradients.

    Parameters
    ----------
    v : array (n,)
    X, y, loss, sample_weight, l2, missing_targets
        As for :meth:`hessian`.

    Returns
    -------
    array (n,), float64

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([1, 3, 1], random_state=0)
    >>> X = np.linspace(-1, 1, 20).reshape(-1, 1)
    >>> v = np.ones(net.n_parameters)
    >>> Hv = net.hessian_vector_product(X, X**2, v)
    >>> np.allclose(Hv, net.hessian(X, X**2) @ v)
    True
    """
    _check(net, "hessian_vector_product")
    along = _validation.array("v", v, ndim=1).astype(np.float64)
    if along.shape != (net.n_parameters,):
        raise ValueError(f"v must have shape ({net.n_parameters},), got {along.shape}")
    loss = _twice_differentiable(net, "hessian_vector_product", loss)
    penalty = _validation.number("l2", l2, low=0)
    data = data_of(net, X, y, loss, sample_weight, missing_targets)
    if net._scalings.targets is not None:
        return UnitsOfTargets(net).hessian_vector(data, loss, penalty, along)
    objective = _core.NetworkObjective(net._core, data.native, loss, penalty)
    product: Array = objective.hessian_vector(net.parameters, np.ascontiguousarray(along))
    return product


def _check_square(net: MLP, what: str) -> None:
    n = net.n_parameters
    check_bytes(
        f"{what} of {n:,} parameters", 8 * n * n, "hessian_vector_product or a smaller network"
    )


def _check(net: MLP, what: str) -> None:
    check_float64(net.dtype, what)
    net._hidden.check_second_order(what)


def _twice_differentiable(net: MLP, what: str, loss: Any) -> Any:
    loss = loss_or_trained(net, loss)
    check_twice_differentiable(loss, what)
    return loss
