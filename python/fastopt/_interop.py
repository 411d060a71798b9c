"""Data of other libraries as NumPy arrays: frames column by column, tensors by DLPack.

Nothing is imported here: what a library's object is can only be asked where somebody has it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_PLAIN = "fiub"  # the kinds of dtypes that are real numbers
_MISSING = ("NAType", "NaTType", "NoneType")  # of pandas, and polars' null


class Frame(NamedTuple):
    """What an error tells of a frame: its columns' names, the rows' labels, and what it holds."""

    columns: list[Any]
    value: Callable[[int, int], Any]
    label: Callable[[int], Any]

    def place(self, row: int, column: int = 0) -> str:
        """Return where something stands, in the frame's own words."""
        label = self.label(row)
        where = f"row {row}" if label is None or label == row else f"row {row} (index {label!r})"
        name = self.columns[column]
        return where if name is None else f"{where} of column {name!r}"


def as_array(name: str, value: Any) -> tuple[Array, Frame | None]:
    """Return ``value`` as an array, and its frame where it is one.

    An array, or a frame of one dtype, is not copied. A missing value of a frame becomes NaN.

    Raises
    ------
    TypeError
        A column that does not hold numbers, a sparse matrix, a tensor that is not in memory.
    """
    _refuse_sparse(name, value)
    if _is_a(value, "pandas", "DataFrame", "Series"):
        return _of_pandas(name, value)
    if _is_a(value, "polars", "DataFrame", "Series"):
        return _of_polars(name, value)
    if _is_a(value, "polars", "LazyFrame"):
        raise TypeError(f"{name} is a LazyFrame, which holds no data yet: give {name}.collect()")
    if hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray | np.generic):
        return _of_tensor(name, value), None
    return np.asarray(value), None


def first_that_is_no_number(x: Array) -> tuple[tuple[int, ...], Any] | None:
    """Return where an array of objects holds something else than real numbers, and what."""
    for at in np.ndindex(x.shape):
        if not isinstance(x[at], Real):
            return at, x[at]
    return None


def _is_a(value: Any, module: str, *names: str) -> bool:
    library = sys.modules.get(module)
    return library is not None and isinstance(
        value, tuple(getattr(library, name, ()) for name in names)
    )


def _refuse_sparse(name: str, value: Any) -> None:
    dense = None
    if hasattr(value, "toarray") and hasattr(value, "nnz"):  # scipy.sparse, CuPy
        dense = "toarray()"
    elif hasattr(value, "todense") and hasattr(value, "nnz"):  # pydata/sparse, JAX's BCOO
        dense = "todense()"
    elif _is_a(value, "torch", "Tensor") and str(value.layout) != "torch.strided":
        dense = "to_dense()"
    if dense is not None:
        megabytes = 8 * math.prod(value.shape) / 1e6
        raise TypeError(
            f"{name} is a sparse matrix ({type(value).__name__} of shape {tuple(value.shape)}), "
            f"and networks read every number of it: give {name}.{dense} ({megabytes:.3g} MB)"
        )


def _of_tensor(name: str, value: Any) -> Array:
    if getattr(value, "requires_grad", False):
        value = value.detach()  # the numbers are wanted, not the tape
    try:
        return np.from_dlpack(value)
    except Exception:  # read-only memory for an old NumPy, a dtype or device that DLPack lacks
        pass
    try:
        return np.asarray(value)
    except Exception as error:  # whatever a foreign library raises
        device = str(getattr(value, "device", "cpu"))
        cure = f"{name} in float32 or float64" if device == "cpu" else f"{name}.cpu()"
        raise TypeError(
            f"{name} is a {type(value).__module__}.{type(value).__name__} that NumPy cannot read: "
            f"give {cure} ({error})"
        ) from None


def _of_pandas(name: str, value: Any) -> tuple[Array, Frame]:
    rows = value.index

    def label(row: int) -> Any:
        at = rows[row]
        return at.item() if isinstance(at, np.generic) else at

    if value.ndim == 1:
        frame = Frame([value.name], lambda row, column: value.iloc[row], label)
        return _pandas_column(name, value, frame, 0), frame
    frame = Frame(list(value.columns), lambda row, column: value.iloc[row, column], label)
    dtypes = list(value.dtypes)
    if all(isinstance(d, np.dtype) for d in dtypes):
        kinds = {d.kind for d in dtypes}
        if kinds <= set("fiu") or kinds == {"b"}:
            return np.asarray(value), frame
    columns = [_pandas_column(name, value.iloc[:, j], frame, j) for j in range(len(frame.columns))]
    return _side_by_side(columns, len(value)), frame


def _pandas_column(name: str, column: Any, frame: Frame, j: int) -> Array:
    dtype = column.dtype
    if hasattr(dtype, "categories"):
        categories = dtype.categories.to_numpy(dtype=object)
        codes = column.cat.codes.to_numpy()
        numbers = np.array([_number(category) for category in categories], dtype=object)
        wrong = np.array([number is None for number in [*numbers, 0.0]])[codes]
        _refuse_first(name, wrong, frame, j)
        values = [np.nan if number is None else number for number in [*numbers, np.nan]]
        of_rows: Array = np.array(values)[codes]
        return of_rows
    if isinstance(dtype, np.dtype) and dtype.kind in _PLAIN:
        return np.asarray(column)
    if not isinstance(dtype, np.dtype) and getattr(dtype, "kind", "O") in _PLAIN:
        # Nullable, of Arrow, sparse: all of them can be doubles with NaN.
        doubles: Array = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return doubles
    return _of_objects(name, column.to_numpy(dtype=object), frame, j)


def _of_polars(name: str, value: Any) -> tuple[Array, Frame]:
    def no_label(row: int) -> None:
        return None

    if not hasattr(value, "get_columns"):
        frame = Frame([value.name or None], lambda row, column: value[row], no_label)
        return _polars_column(name, value, frame, 0), frame
    columns = value.get_columns()
    frame = Frame(list(value.columns), lambda row, column: columns[column][row], no_label)
    one = len({str(column.dtype) for column in columns}) == 1
    if one and _is_plain(columns[0]) and not any(column.null_count() for column in columns):
        return value.to_numpy(), frame
    arrays = [_polars_column(name, column, frame, j) for j, column in enumerate(columns)]
    return _side_by_side(arrays, value.height), frame


def _is_plain(column: Any) -> bool:
    """Whether a column of polars has a dtype that NumPy has."""
    kind = str(column.dtype)
    return kind == "Boolean" or (kind.startswith(("Int", "UInt", "Float")) and "128" not in kind)


def _polars_column(name: str, column: Any, frame: Frame, j: int) -> Array:
    if _is_plain(column) and not column.null_count():
        return np.asarray(column.to_numpy())
    kind = column.dtype
    if kind.is_numeric() or str(kind) in ("Boolean", "Null"):
        doubles = column.cast(sys.modules["polars"].Float64)
        return np.asarray(doubles.to_numpy(), dtype=np.float64)
    values = np.empty(len(column), dtype=object)
    values[:] = column.to_list()
    return _of_objects(name, values, frame, j)


def _side_by_side(columns: list[Array], rows: int) -> Array:
    return np.stack(columns, axis=1) if columns else np.empty((rows, 0))


def _of_objects(name: str, values: Array, frame: Frame, j: int) -> Array:
    """Return objects that are numbers as doubles, missing ones as NaN."""
    if all(issubclass(kind, Real) for kind in set(map(type, values))):
        try:
            return values.astype(np.float64)
        except OverflowError:  # an int beyond the range
            pass
    numbers = [_number(value) for value in values]
    _refuse_first(name, np.array([number is None for number in numbers], dtype=bool), frame, j)
    return np.array(numbers, dtype=np.float64)


def _number(value: Any) -> float | None:
    """Return an object as a double, missing ones as NaN, and None for what is no number."""
    if type(value).__name__ in _MISSING:
        return math.nan
    if not isinstance(value, Real | Decimal | np.bool_):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _refuse_first(name: str, wrong: Array, frame: Frame, j: int) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        value = frame.value(row, j)
        raise TypeError(
            f"{name} must hold real numbers, got {value!r} at {frame.place(row, j)}"
            f"{cure_of_text(name, value)}"
        )


def cure_of_text(name: str, value: Any) -> str:
    """Return what makes numbers of text."""
    if not isinstance(value, str):
        return ""
    try:
        float(value)
    except ValueError:
        pass
    else:
        return "; it is text: read it as a number (pandas.to_numeric, .astype(float))"
    if name == "y":
        return "; number the classes: classes, y = np.unique(y, return_inverse=True)"
    return "; leave the column out, or make a column of 0 and 1 of each category (get_dummies)"
