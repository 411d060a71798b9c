"""The rows of a run: columns of numbers are arrays, the others JSON."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from fastopt.storage.values import Reader, entry, packed, refuse
from fastopt.training.history import History

_LARGEST = 2**63


def packed_history(history: History | None, arrays: dict[str, Any]) -> dict[str, Any] | None:
    """Return what JSON holds of the rows; their numbers go to ``arrays``."""
    if history is None:
        return None
    columns = [[name, _packed(f"history.{name}", history[name], arrays)] for name in history]
    rows = history.validation_rows
    if rows is not None:
        rows = packed("history.validation_rows", np.asarray(rows, dtype=np.uint32), arrays)
    return {"stop_reason": history.stop_reason, "columns": columns, "validation_rows": rows}


def read_history(document: dict[str, Any] | None, reader: Reader) -> History | None:
    """Return the rows, which are whole and in order."""
    if document is None:
        return None
    history = History()
    history.stop_reason = entry("history", document, "stop_reason", str, type(None))
    rows = entry("history", document, "validation_rows", dict, type(None))
    if rows is not None:
        rows = reader.value("history.validation_rows", rows)
        if not isinstance(rows, np.ndarray) or rows.dtype != np.uint32 or rows.ndim != 1:
            refuse("history.validation_rows", "it must be numbers of rows")
    history.validation_rows = rows
    columns: dict[str, list[Any]] = {}
    for pair in entry("history", document, "columns", list):
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            refuse("history.columns", f"it must hold pairs of a name and a column, got {pair!r}")
        name, column = pair
        if name in columns:
            refuse(f"history.{name}", "it stands there twice")
        columns[name] = _read(f"history.{name}", column, reader)
    epochs = columns.pop("epoch", None)
    if epochs is None or not all(type(e) is int and 0 <= e < 2**53 for e in epochs):
        refuse("history.epoch", "it must be there, and hold integers >= 0")
    if any(later <= earlier for earlier, later in pairwise(epochs)):
        refuse("history.epoch", "it must rise")
    for name, column in columns.items():
        if len(column) != len(epochs):
            refuse(f"history.{name}", f"it must have {len(epochs)} rows, got {len(column)}")
    history.epoch, history._columns = epochs, columns
    return history


def _packed(name: str, column: list[Any], arrays: dict[str, Any]) -> Any:
    kinds = set(map(type, column))
    if kinds <= {int} and all(-_LARGEST <= value < _LARGEST for value in column):
        return packed(name, np.array(column, dtype=np.int64), arrays)
    if kinds == {float}:
        return packed(name, np.array(column, dtype=np.float64), arrays)
    if all(isinstance(value, dict) for value in column):  # gradient norms by layer
        keys = list(column[0])
        rows = {key: np.array([value[key] for value in column], dtype=float) for key in keys}
        return {"rows": packed(name, rows, arrays)}
    return packed(name, column, arrays)


def _read(name: str, column: Any, reader: Reader) -> list[Any]:
    if isinstance(column, dict) and list(column) == ["rows"]:
        parts = reader.value(name, column["rows"])
        arrays = list(parts.values()) if isinstance(parts, dict) else []
        if not arrays or not all(isinstance(a, np.ndarray) and a.ndim == 2 for a in arrays):
            refuse(name, "its rows must be arrays by name")
        if len({len(array) for array in arrays}) != 1:
            refuse(name, "its arrays must have as many rows as each other")
        lists = {key: part.tolist() for key, part in parts.items()}
        rows = len(next(iter(lists.values())))
        return [{key: part[i] for key, part in lists.items()} for i in range(rows)]
    values = reader.value(name, column)
    if isinstance(values, np.ndarray) and values.ndim == 1:
        values = values.tolist()
    if not isinstance(values, list):
        refuse(name, "it must be a column of values")
    return values
