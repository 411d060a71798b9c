"""Matrices that are given by what they do: derivatives as SciPy's LinearOperator, made dense."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np


def densely(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``function`` with operators that it returns made dense."""

    @wraps(function, assigned=("__name__", "__doc__"), updated=())
    def dense(*arguments: Any, **keywords: Any) -> Any:
        return as_dense(function(*arguments, **keywords))

    return dense


def as_dense(matrix: Any) -> Any:
    """Return an operator, an object with ``matvec`` and ``shape``, as an array; else ``matrix``."""
    if isinstance(matrix, np.ndarray) or not hasattr(matrix, "matvec"):
        return matrix
    rows, columns = matrix.shape
    units = np.eye(columns)
    if rows < columns and hasattr(matrix, "rmatvec"):  # fewer products from the left
        return np.stack([np.ravel(matrix.rmatvec(unit)) for unit in np.eye(rows)]).conj()
    return np.stack([np.ravel(matrix.matvec(unit)) for unit in units], axis=1)
