"""Losses and metrics of the user's own: in which order they are called, and whether slopes fit."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# The names of scikit-learn, Keras, PyTorch and MATLAB, without underscores.
_TARGETS = frozenset(
    "ytrue true target targets label labels truth groundtruth expected observed actual".split()  # noqa: SIM905
)
_OUTPUTS = frozenset(
    "ypred pred preds prediction predictions predicted output outputs yhat yscore yscores "  # noqa: SIM905
    "scores yprob yproba probabilities logits input inputs estimate estimates".split()
)

# A slope is wrong where it is off by more than this share: differences of losses in single
# precision are good to about 1e-3, and a forgotten factor is at least 2.
_TOLERANCE = 0.05
# A derivative along a direction that is nearly orthogonal to the gradient is compared with this
# share of the gradient's length, not with itself: rounding of the other terms is in it.
_LEAST_SHARE = 1e-2
_DIRECTIONS = 2  # one may be nearly orthogonal to the gradient


class GradientWarning(UserWarning):
    """The gradient that a loss of the user's own returns is not the slope of its value.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import fastopt
    >>> def half(y_true, y_pred):
    ...     error = y_pred - y_true
    ...     return np.mean(error**2) / 2, 2 * error / error.size  # twice the slope
    >>> net = fastopt.MLP([1, 1], random_state=0)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", fastopt.GradientWarning)
    ...     net.fit([[1.0], [2.0]], [1.0, 4.0], loss=half)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    fastopt.training.user_functions.GradientWarning: ...
    """


def takes_outputs_first(function: Callable[..., Any]) -> bool:
    """Whether a function's parameter names say (outputs, targets); else it is (y_true, y_pred)."""
    first, second = (*_positional(function), "", "")[:2]
    return first in _OUTPUTS or (first not in _TARGETS and second in _TARGETS)


def takes_weights(function: Callable[..., Any]) -> bool:
    """Whether a function has a parameter ``sample_weight``."""
    return "sample_weight" in _parameters(function)


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function is called."""
    return str(getattr(function, "__name__", type(function).__name__))


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some functions written in C
        return {}


def _positional(function: Callable[..., Any]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = _parameters(function).items()
    return [name.lower().replace("_", "") for name, p in parameters if p.kind in kinds]


class OwnLoss:
    """A loss of the user's own as C++ calls it: (outputs, targets) → (value, slopes).

    With ``check`` its slopes are compared with differences of its value at the first call.
    """

    def __init__(self, function: Callable[..., Any], check: bool = False) -> None:
        self.function = function
        self._outputs_first = takes_outputs_first(function)
        self._check = check

    def __call__(self, outputs: Array, targets: Array) -> Any:
        """Return value and slopes; the first call compares them."""
        if not self._check:
            return self._call(outputs, targets)
        self._check = False
        kept = outputs.copy(), targets.copy()  # a function may write to what it is given
        result = self._call(outputs, targets)
        self._compare(result, *kept)
        return result

    def _call(self, outputs: Array, targets: Array) -> Any:
        arrays = (outputs, targets) if self._outputs_first else (targets, outputs)
        return self.function(*arrays)

    def _compare(self, result: Any, outputs: Array, targets: Array) -> None:
        """Warn of slopes that do not fit the value; raise where the arguments are swapped."""
        slope = _slope(result, outputs.shape)
        if slope is None or not slope.any():
            return  # C++ says what is wrong with it; without slopes nothing moves
        if self._fits(slope, self._call, outputs, targets):
            return
        name = name_of(self.function)
        order = ("outputs", "targets") if self._outputs_first else ("y_true", "y_pred")

        def swapped(outputs: Array, targets: Array) -> Any:
            return self._call(targets, outputs)

        other = _slope(_quietly(swapped, outputs, targets), outputs.shape)
        if other is not None and other.any() and self._fits(other, swapped, outputs, targets):
            raise ValueError(
                f"loss: {name!r} was called {name}({', '.join(order)}), and the gradient that it "
                "returns is that by its other argument: name its parameters y_true and y_pred (or "
                "targets and outputs), whose names decide, or exchange them"
            )
        warnings.warn(
            f"loss: the gradient that {name!r} returns is not the slope of its value: along a "
            f"random direction {self._found[0]:.6g}, by differences {self._found[1]:.6g}. It was "
            f"called {name}({', '.join(order)}) and must return (value, ∂value/∂outputs), of a "
            "mean the gradient of the mean",
            GradientWarning,
            stacklevel=2,
        )

    @np.errstate(all="ignore")  # of slopes whose squares overflow nothing can be said
    def _fits(self, slope: Array, loss: Callable[..., Any], outputs: Array, targets: Array) -> bool:
        """Whether slopes agree with central differences of the value, as far as can be told.

        Two step lengths must contradict them alike: kinks and rounding spoil one of them.
        """
        rng = np.random.default_rng(0)
        epsilon = float(np.finfo(outputs.dtype).eps)
        size = max(1.0, float(np.abs(outputs).max()))
        for _ in range(_DIRECTIONS):
            direction = rng.choice([-1.0, 1.0], size=outputs.shape)
            told = float(np.sum(slope * direction))
            # The third root of ε balances rounding and curvature of central differences.
            for step in (size * epsilon ** (1 / 3), 0.1 * size * epsilon ** (1 / 3)):
                apart = (step * direction).astype(outputs.dtype)
                ahead = _value(_quietly(loss, outputs + apart, targets.copy()))
                behind = _value(_quietly(loss, outputs - apart, targets.copy()))
                if ahead is None or behind is None:
                    return True
                found = (ahead - behind) / (2 * step)
                rounding = epsilon * max(abs(ahead), abs(behind)) / step
                scale = max(abs(told), abs(found), _LEAST_SHARE * float(np.linalg.norm(slope)))
                if abs(told - found) <= _TOLERANCE * scale + 4 * rounding:
                    break
            else:
                self._found = told, found
                return False
        return True


def _quietly(loss: Callable[..., Any], outputs: Array, targets: Array) -> Any:
    """Call a loss where it was not asked to work: what it raises there says nothing."""
    try:
        with np.errstate(all="ignore"):
            return loss(outputs, targets)
    except Exception:
        return None


def _value(result: Any) -> float | None:
    try:
        value = float(np.asarray(result[0], dtype=np.float64).reshape(()))
    except Exception:  # whatever a foreign object raises
        return None
    return value if np.isfinite(value) else None


def _slope(result: Any, shape: tuple[int, ...]) -> Array | None:
    """Return the gradient as doubles where it is one."""
    if _value(result) is None:
        return None
    try:
        slope = np.asarray(result[1])
        if slope.dtype.kind not in "fiub":
            return None
        slope = slope.astype(np.float64).reshape(shape)
    except Exception:  # whatever a foreign object raises
        return None
    return slope if np.isfinite(slope).all() else None
