"""What a column of a table is: numbers, categories, or nothing that a network can take."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt.cli.failure import Failure, listed

if TYPE_CHECKING:
    import pandas as pd

Numbers = npt.NDArray[np.float64]

# 2024-05-31, 31.5.2024, 5/31/2024, with or without a time behind it.
_DATE = re.compile(r"\s*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})([T ].*)?\s*")
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")

# A column of texts of which this share are numbers is one of numbers with slips in it.
_MOSTLY = 0.5
# More different texts than this, more than half of the rows, are names or numbers of rows.
_MOST_CATEGORIES = 50

ROWS = "rows count from 1 below the names"


def kind_of(column: pd.Series, categorical: bool = False) -> str:
    """Return "number" or "category"; refuse what is neither.

    Raises
    ------
    Failure
        Dates, texts among numbers, complex numbers, objects, texts that differ in every row.
    """
    import pandas as pd

    name, types = column.name, pd.api.types
    there = column.dropna()
    if categorical:
        return "category"
    if len(there) == 0:
        raise Failure(f"column {name!r} is empty: leave it out with --ignore {quote(name)}")
    if types.is_bool_dtype(column.dtype):
        return "number"
    if types.is_complex_dtype(column.dtype):
        raise Failure(f"column {name!r} holds complex numbers: give real and imaginary parts")
    if types.is_numeric_dtype(column.dtype):
        return "number"
    if types.is_datetime64_any_dtype(column.dtype) or _are_spans(column):
        _refuse_dates(name, there.iloc[0])
    texts = there.map(str)
    strange = next((v for v in there if isinstance(v, list | dict | tuple | np.ndarray)), None)
    if strange is not None:
        raise Failure(
            f"column {name!r} holds a {type(strange).__name__} in each row: a column has one "
            f"number or text; leave it out with --ignore {quote(name)}"
        )
    numbers = pd.to_numeric(texts, errors="coerce")
    share = float(numbers.notna().mean())
    if share == 1.0:
        return "number"
    if share >= _MOSTLY:
        row, text = first(texts, np.asarray(numbers.isna()))
        raise Failure(
            f"column {name!r} holds the text {text!r} in row {row} among numbers ({ROWS}): correct "
            f"it, or take the column as categories with --categorical {quote(name)}"
        )
    if texts.map(lambda t: bool(_DATE.fullmatch(t))).mean() > _MOSTLY:
        _refuse_dates(name, texts.iloc[0])
    if texts.map(lambda t: bool(_DECIMAL_COMMA.fullmatch(t))).mean() > _MOSTLY:
        raise Failure(
            f"column {name!r} holds numbers with a decimal comma ({texts.iloc[0]!r}): give "
            "--decimal ,"
        )
    different = texts.nunique()
    if different > _MOST_CATEGORIES and different > len(texts) / 2:
        raise Failure(
            f"column {name!r} has {different} different texts in {len(texts)} rows, as names have "
            f"({texts.iloc[0]!r} …): leave it out with --ignore {quote(name)}, or insist with "
            f"--categorical {quote(name)}"
        )
    return "category"


def text_of(value: Any) -> str:
    """Return the name of a category; 1 and 1.0 are one, as a missing value turns one into other."""
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)


def _are_spans(column: pd.Series) -> bool:
    import pandas as pd

    inferred = pd.api.types.infer_dtype(column, skipna=True)
    return inferred in ("datetime", "date", "time", "timedelta", "period", "timedelta64")


def _refuse_dates(name: Any, example: Any) -> None:
    raise Failure(
        f"column {name!r} holds dates ({str(example)!r}): make numbers of them (days since the "
        f"first one, month, hour), or leave it out with --ignore {quote(name)}"
    )


def first(column: pd.Series, where: npt.NDArray[np.bool_]) -> tuple[int, Any]:
    """Return the row, counted from 1, and the value of the first place that is marked."""
    place = int(np.argmax(where))
    return int(column.index[place]) + 1, column.iloc[place]


def check_there(column: pd.Series, cure: str) -> None:
    """Refuse missing values, with row and column."""
    gone = np.asarray(column.isna())
    if gone.any():
        row, _ = first(column, gone)
        more = f", and in {gone.sum() - 1} more" if gone.sum() > 1 else ""
        raise Failure(
            f"the value of column {column.name!r} is missing in row {row}{more} ({ROWS}): {cure}"
        )


def numbers_of(column: pd.Series) -> Numbers:
    """Return a column as doubles, NaN where a value is missing.

    Raises
    ------
    Failure
        For a text, an infinite number, or a date.
    """
    import pandas as pd

    types = pd.api.types
    if types.is_datetime64_any_dtype(column.dtype) or _are_spans(column):
        _refuse_dates(column.name, column.dropna().iloc[0])
    if types.is_numeric_dtype(column.dtype) or types.is_bool_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        numbers = pd.to_numeric(column.map(str, na_action="ignore"), errors="coerce")
        wrong = np.asarray(numbers.isna() & column.notna())
        if wrong.any():
            row, text = first(column, wrong)
            comma = ": give --decimal ," if _DECIMAL_COMMA.fullmatch(str(text)) else ""
            raise Failure(
                f"column {column.name!r} must hold numbers, and row {row} has {str(text)!r} "
                f"({ROWS}){comma}"
            )
        values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        row, value = first(column, infinite)
        raise Failure(f"column {column.name!r} holds {value} in row {row} ({ROWS}): correct it")
    return np.asarray(values, dtype=np.float64)


def places_of(column: pd.Series, categories: list[str], unknown: str) -> npt.NDArray[np.intp]:
    """Return which category each row has, −1 where it is missing or unknown."""
    gone = column.isna()
    texts = [None if g else text_of(v) for v, g in zip(column, gone, strict=True)]
    number = {category: i for i, category in enumerate(categories)}
    places = np.array([-1 if t is None else number.get(t, -1) for t in texts], dtype=np.intp)
    strange = np.array([t is not None and t not in number for t in texts])
    if unknown == "error" and strange.any():
        row, value = first(column, strange)
        raise Failure(
            f"column {column.name!r} has the category {str(value)!r} in row {row}, which the "
            f"training did not know ({ROWS}): there were {listed(categories, 6)}; "
            "--unknown zero takes it as none of them"
        )
    return places
