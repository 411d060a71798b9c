"""Tables that are read a block of rows at a time: Parquet, and arrays of NumPy's in NPY."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt.cli.failure import Failure

if TYPE_CHECKING:
    import pandas as pd

# So many numbers are in memory at once: 8 MB in double precision, and a few times that while a
# block is decoded.
NUMBERS_OF_A_BLOCK = 1 << 20


def rows_of_a_block(columns: int) -> int:
    """Return how many rows of so many columns are in memory at a time."""
    return max(256, NUMBERS_OF_A_BLOCK // max(1, columns))


class Blocks:
    """A table in a file, of which a block of rows is in memory at a time.

    Attributes
    ----------
    names : list of str
    n_rows : int
    size : int
        In bytes, as an array of doubles or, of an NPY, as the file is.
    """

    def __init__(self, path: Path, names: list[str], n_rows: int, size: int) -> None:
        self.path, self.names, self.n_rows, self.size = path, names, n_rows, size
        if n_rows == 0:
            raise Failure(f"{path} has no rows: a line for each sample is wanted")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise Failure(f"{path} has two columns named {twice!r}: rename one of them")
        self.rows_of_a_block = rows_of_a_block(len(names))

    def read(self, names: list[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the columns block by block; the index counts rows through the whole file."""
        import pandas as pd

        start = 0
        for frame in self._frames(self.names if names is None else names):
            frame.index = pd.RangeIndex(start, start + len(frame))
            start += len(frame)
            yield frame

    def alike(self) -> bool:
        """Whether a block written as text is as its rows of the whole table are."""
        return True

    def _frames(self, names: list[str]) -> Iterator[pd.DataFrame]:
        raise NotImplementedError


class InMemory(Blocks):
    """A table that is in memory, as one block."""

    def __init__(self, path: Path, frame: pd.DataFrame) -> None:
        self.frame = frame
        super().__init__(path, list(frame.columns), len(frame), frame.size * 8)
        self.rows_of_a_block = len(frame)

    def _frames(self, names: list[str]) -> Iterator[pd.DataFrame]:
        yield self.frame[names]


class _Parquet(Blocks):
    """A group of rows is decoded at a time: who wrote the file chose how many they are."""

    def __init__(self, path: Path) -> None:
        from pyarrow.parquet import ParquetFile

        with ParquetFile(path) as file:
            self._stored, names = _columns_of(file)
            n = file.metadata.num_rows
            self._alike = _looks_the_same(file)
        super().__init__(path, names, n, 8 * n * len(names))

    def alike(self) -> bool:
        return self._alike

    def _frames(self, names: list[str]) -> Iterator[pd.DataFrame]:
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile

        stored = [self._stored[self.names.index(name)] for name in names]
        with ParquetFile(self.path) as file:
            # Group by group: over all of them pyarrow holds what it has decoded.
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(
                    self.rows_of_a_block, row_groups=[group], columns=stored, use_threads=False
                ):
                    frame = pa.Table.from_batches([batch]).select(stored)
                    frame = frame.to_pandas(ignore_metadata=True)
                    frame.columns = names
                    yield frame


# What pyarrow calls the levels of an index that have no name.
_UNNAMED_LEVEL = re.compile(r"__index_level_(\d+)__")


def _columns_of(file: Any) -> tuple[list[str], list[str]]:
    """Return how the columns are stored and what they are called, as in a table in memory.

    The index of pandas comes first; one that has no name counts rows and is left out.
    """
    schema = file.schema_arrow
    levels = (schema.pandas_metadata or {}).get("index_columns", [])
    index = [level for level in levels if level in schema.names]
    stored = [*index, *(name for name in schema.names if name not in index)]
    if index and len(levels) == 1 and _UNNAMED_LEVEL.fullmatch(stored[0]):
        del stored[0]
    # Beside levels that have names, pandas numbers the others.
    return stored, [_UNNAMED_LEVEL.sub(r"level_\1", name).strip() for name in stored]


def _looks_the_same(file: Any) -> bool:
    """Whether columns of a group of rows are of the types that pandas gives whole ones.

    A whole number beside missing ones is one of floating point, and a column of dates is written
    with times where one of them has one.
    """
    from pyarrow import types

    schema, groups = file.schema_arrow, file.metadata
    for i, field in enumerate(schema):
        if types.is_integer(field.type):
            for group in range(groups.num_row_groups):
                statistics = groups.row_group(group).column(i).statistics
                if statistics is None or not statistics.has_null_count or statistics.null_count:
                    return False
        elif not (
            types.is_floating(field.type)
            or types.is_boolean(field.type)
            or types.is_string(field.type)
            or types.is_large_string(field.type)
        ):
            return False
    return True


class _Npy(Blocks):
    """Arrays (N, d) have the columns "1" … "d"; those with fields have their names."""

    def __init__(self, path: Path) -> None:
        array = self._mapped(path)
        fields = array.dtype.names
        if fields is None and array.ndim != 2:
            raise Failure(
                f"{path}: the array has the shape {array.shape}: arrays (N, d) become the columns "
                "'1' … 'd'"
            )
        if fields is not None and (array.ndim != 1 or any(array.dtype[f].shape for f in fields)):
            raise Failure(f"{path}: an array with fields must have one number in each, and (N,)")
        names = [str(i + 1) for i in range(array.shape[1])] if fields is None else list(fields)
        super().__init__(path, names, len(array), array.nbytes)

    @staticmethod
    def _mapped(path: Path) -> Any:
        return np.lib.format.open_memmap(path, mode="r")

    def _frames(self, names: list[str]) -> Iterator[pd.DataFrame]:
        import pandas as pd

        at = [self.names.index(name) for name in names]
        for start in range(0, self.n_rows, self.rows_of_a_block):
            # Mapped anew, so that pages of earlier blocks are not held.
            array = self._mapped(self.path)[start : start + self.rows_of_a_block]
            if array.dtype.names is None:
                columns = dict(zip(names, np.asarray(array[:, at]).T, strict=True))
            else:
                columns = {name: np.array(array[name]) for name in names}
            yield pd.DataFrame({n: c.astype(c.dtype.newbyteorder("=")) for n, c in columns.items()})


_KINDS: dict[str, type[Any]] = {".npy": _Npy, ".parquet": _Parquet, ".pq": _Parquet}


def blocks_of(path: Path) -> Blocks | None:
    """Return the table in a file as blocks, or None where it is of no kind that has them."""
    kind = _KINDS.get(path.suffix.casefold())
    if kind is None or not path.is_file() or path.stat().st_size == 0:
        return None
    try:
        made: Blocks = kind(path)
    except ImportError as error:
        raise Failure(
            f"{path.name}: reading parquet files needs a further package, pip install "
            f"'fastopt[tables]' ({str(error).splitlines()[0]})"
        ) from error
    except Failure:
        raise
    except Exception as error:  # of whichever library reads it
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise Failure(f"{path} cannot be read as {path.suffix[1:]}: {said}") from error
    return made
