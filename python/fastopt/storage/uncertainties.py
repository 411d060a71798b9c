"""The covariance of a network's weights, as a part of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt._uncertainty import Uncertainty
from fastopt.functions.squares_rank import Determined
from fastopt.storage.values import Reader, entry, packed, refuse

if TYPE_CHECKING:
    from fastopt.network import MLP

_NAME = "uncertainty"


def packed_uncertainty(known: Uncertainty, arrays: dict[str, Any]) -> Any:
    """Return what JSON holds of it; a root of the covariance goes to ``arrays``."""
    of_weights = known._of_weights
    fields = {
        "root": known._root,
        "null": of_weights.null,
        "size": of_weights.size,
        "undetermined": np.asarray(of_weights.undetermined, dtype=np.int64),
        "noise": known.noise,
        "scaled_noise": known._noise,
        "degrees_of_freedom": known.degrees_of_freedom,
        "share": float(of_weights.share),
        "effective_parameters": float(known.effective_parameters),
    }
    return packed(_NAME, fields, arrays)


def read_uncertainty(document: Any, reader: Reader, net: MLP) -> Uncertainty:
    """Return it as it was, of a network that is whole but for it."""
    n, q = net.n_trainable, net.layer_sizes[-1]
    fields = reader.value(_NAME, document)

    def array(name: str, *shape: int) -> Any:
        value = entry(_NAME, fields, name, np.ndarray)
        if value.dtype != np.float64 or value.shape != shape:
            refuse(
                f"{_NAME}.{name}",
                f"it must be {shape} numbers of float64, got {value.shape} of {value.dtype}",
            )
        if np.isnan(value).any() or (name in _FINITE and np.isinf(value).any()):
            refuse(f"{_NAME}.{name}", "it holds what is no finite number")
        if name in _POSITIVE and not (value > 0).all():
            refuse(f"{_NAME}.{name}", "its numbers must be more than 0")
        if name in _NOT_NEGATIVE and not (value >= 0).all():
            refuse(f"{_NAME}.{name}", "its numbers must be 0 or more")
        return value

    def number(name: str) -> float:
        value: float = entry(_NAME, fields, name, float)
        if not 0 <= value < np.inf:
            refuse(f"{_NAME}.{name}", f"it must be a number from 0 on, got {value}")
        return value

    root = entry(_NAME, fields, "root", np.ndarray)
    rank = root.shape[1] if root.ndim == 2 else -1
    if not 0 <= rank <= n:
        refuse(f"{_NAME}.root", f"it must have {n} rows and at most as many columns")
    undetermined = entry(_NAME, fields, "undetermined", np.ndarray)
    is_index = undetermined.dtype == np.int64 and undetermined.ndim == 1
    if not is_index or not ((undetermined >= 0) & (undetermined < n)).all():
        refuse(f"{_NAME}.undetermined", f"it must be numbers of parameters, 0 … {n - 1}")
    return Uncertainty(
        parameters=net.parameters.copy(),
        effective_parameters=number("effective_parameters"),
        noise=array("noise", q),
        degrees_of_freedom=array("degrees_of_freedom", q),
        _of_weights=Determined(
            rank=rank,
            undetermined=undetermined.astype(np.intp),
            covariance=np.empty((0, 0)),
            root=np.empty((0, 0)),
            null=array("null", n, n - rank),
            size=array("size", n),
            share=number("share"),
        ),
        _root=array("root", n, rank),
        _noise=array("scaled_noise", q),
        _trainable=net._trainable,
    )


_FINITE = ("root", "null", "size", "noise", "scaled_noise")
_POSITIVE = ("size", "degrees_of_freedom")
_NOT_NEGATIVE = ("noise", "scaled_noise")
