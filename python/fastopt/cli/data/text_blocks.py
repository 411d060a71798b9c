"""Tables in text files, read a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt.cli.data.blocks import Blocks, rows_of_a_block
from fastopt.cli.data.tables import Reading, text_chunks, told_as_failures

if TYPE_CHECKING:
    import pandas as pd


class TextBlocks(Blocks):
    """A first pass finds the types that the columns have in the whole file, which blocks then have.

    Raises
    ------
    Unlike
        A column's type cannot be told from those of its blocks.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        n = 0
        found: dict[str, set[str]] = {}
        with told_as_failures(path, "text"):
            with closing(text_chunks(path, reading, 1)) as chunks:
                first = next(chunks, None)
            stored = [] if first is None else list(first.columns)
            for chunk in text_chunks(path, reading, rows_of_a_block(len(stored))):
                n += len(chunk)
                for name in stored:
                    found.setdefault(name, set()).add(_type_of(chunk[name]))
        self._reading, self._stored = reading, stored
        types = {name: _of_whole(kinds) for name, kinds in found.items()}
        self._types = {name: type_ for name, type_ in types.items() if type_ is not None}
        super().__init__(path, [str(name).strip() for name in stored], n, path.stat().st_size)

    def _frames(self, names: list[str]) -> Iterator[pd.DataFrame]:
        at = [self._stored[self.names.index(name)] for name in names]
        types: dict[Any, Any] = dict(self._types)
        if not self._reading.header:  # then pandas counts columns from 0
            types = {int(name) - 1: type_ for name, type_ in types.items()}
        with told_as_failures(self.path, "text"):
            for chunk in text_chunks(self.path, self._reading, self.rows_of_a_block, types):
                frame = chunk[at]
                frame.columns = names
                yield frame


class Unlike(Exception):
    """A column's type cannot be told from those of its blocks."""


def _type_of(column: pd.Series) -> str:
    import pandas as pd

    if column.isna().all():
        return "none"
    if pd.api.types.infer_dtype(column, skipna=True) == "boolean":
        return "bool"
    return str(column.dtype) if pd.api.types.is_numeric_dtype(column.dtype) else "text"


def _of_whole(types: set[str]) -> Any:
    """Return the type of a column whose blocks have these, or None where each finds it itself."""
    known = types - {"none"}
    if known <= {"int64", "float64"} and len(types) > 1 and known:
        return np.float64
    if len(known) <= 1 and known != {"text"}:
        return None
    if "text" in known or "bool" in known:
        return str
    raise Unlike
