"""Second derivatives of networks: Jacobian, normal equations, Hessian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._units import UnitsOfTargets
from fastopt.layers import HiddenLayers
from fastopt.memory import check_bytes
from fastopt.training.data import Data
from fastopt.training.scaling import Scalings

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
            f"{what} needs second derivatives, which a loss of your own does not give: use 'mse', "
            "'mae', 'huber', 'binary_cross_entropy' or 'cross_entropy'"
        )


class SecondOrder:
    """What a network offers beyond its gradient. In double precision only."""

    if TYPE_CHECKING:
        _core: Any

        _hidden: HiddenLayers
        _scalings: Scalings

        def _loss_or_trained(self, loss: Any) -> Any: ...
        def _checked_inputs(self, X: Any) -> npt.NDArray[Any]: ...
        def _data(
            self, X: Any, y: Any, loss: Any, sample_weight: Any, missing_targets: str
        ) -> Data: ...
        @property
        def layer_sizes(self) -> tuple[int, ...]: ...
        @property
        def dtype(self) -> np.dtype[Any]: ...
        @property
        def n_parameters(self) -> int: ...
        @property
        def parameters(self) -> Array: ...

    def jacobian(self, X: npt.ArrayLike) -> Array:
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
        self._check("jacobian")
        inputs = self._checked_inputs(X)
        rows = len(inputs) * self.layer_sizes[-1]
        check_bytes(
            f"the Jacobian of {rows:,} × {self.n_parameters:,} numbers",
            8 * rows * self.n_parameters,
            "normal_equations, which never holds it, or fewer samples at a time",
        )
        jacobian: Array = _core.jacobian(self._core, inputs, self._scalings.input_affine)[1]
        if self._scalings.targets is not None:
            jacobian *= np.tile(self._scalings.targets.scale, len(inputs))[:, None]
        return jacobian

    def normal_equations(
        self,
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
        self._check("normal_equations")
        penalty = _validation.number("l2", l2, low=0)
        data = self._data(X, y, "mse", sample_weight, missing_targets)
        self._check_square("JᵀJ")
        if self._scalings.targets is not None:
            return UnitsOfTargets(self).normal_equations(data, penalty)
        squares = _core.NetworkSquares(self._core, data.native, penalty)
        value, jte, jtj = squares.normal_equations(self.parameters)
        return value, jte, jtj

    def hessian(
        self,
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
            "mse", "mae" (whose own second derivative is zero), "huber", "binary_cross_entropy" or
            "cross_entropy". None (default): that of the last ``fit``; before any, "mse".
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
        self._check("hessian")
        loss = self._twice_differentiable("hessian", loss)
        penalty = _validation.number("l2", l2, low=0)
        data = self._data(X, y, loss, sample_weight, missing_targets)
        self._check_square("the Hessian")
        if self._scalings.targets is not None:
            return UnitsOfTargets(self).hessian(data, loss, penalty)
        objective = _core.NetworkObjective(self._core, data.native, loss, penalty)
        hessian: Array = objective.hessian(self.parameters)
        return hessian

    def hessian_vector_product(
        self,
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
        self._check("hessian_vector_product")
        along = _validation.array("v", v, ndim=1).astype(np.float64)
        if along.shape != (self.n_parameters,):
            raise ValueError(f"v must have shape ({self.n_parameters},), got {along.shape}")
        loss = self._twice_differentiable("hessian_vector_product", loss)
        penalty = _validation.number("l2", l2, low=0)
        data = self._data(X, y, loss, sample_weight, missing_targets)
        if self._scalings.targets is not None:
            return UnitsOfTargets(self).hessian_vector(data, loss, penalty, along)
        objective = _core.NetworkObjective(self._core, data.native, loss, penalty)
        product: Array = objective.hessian_vector(self.parameters, np.ascontiguousarray(along))
        return product

    def _check_square(self, what: str) -> None:
        n = self.n_parameters
        check_bytes(
            f"{what} of {n:,} parameters", 8 * n * n, "hessian_vector_product or a smaller network"
        )

    def _check(self, what: str) -> None:
        check_float64(self.dtype, what)
        self._hidden.check_second_order(what)

    def _twice_differentiable(self, what: str, loss: Any) -> Any:
        loss = self._loss_or_trained(loss)
        check_twice_differentiable(loss, what)
        return loss
