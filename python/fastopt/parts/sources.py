"""Parts of the data, each of which whoever computes it reads for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt.parts.arrays import AnyArray, InMemory, as_stored

Loaded = tuple[Any, ...]

# Numbers of a part of an array, by default: 32 MB in double precision, some 20 ms of work for
# a small network; what a part costs beside that is below a millisecond.
NUMBERS_OF_A_PART = 1 << 22


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of arrays: X, y and, where there are some, weights of samples."""

    arrays: tuple[AnyArray, ...]
    start: int
    stop: int

    @property
    def stays_open(self) -> bool:
        """Whether it costs no memory to keep what ``load`` returns."""
        return all(array.is_mapped for array in self.arrays)

    def load(self) -> Loaded:
        """Return the arrays of the part."""
        return tuple(_rows(array.open(), self.start, self.stop) for array in self.arrays)

    def __str__(self) -> str:
        n = self.arrays[0].shape[0]
        if isinstance(self.arrays[0], InMemory) and (self.start, self.stop) == (0, n):
            return f"arrays of {n} rows"
        return f"rows {self.start} to {self.stop} of {self.arrays[0]}"


def _rows(array: Any, start: int, stop: int) -> Any:
    part = array[start:stop]
    return part if isinstance(part, np.ndarray) else np.asarray(part)


@dataclass(frozen=True, eq=False)
class Given:
    """A function of the user's that returns the part."""

    function: Callable[[], Any]
    number: int
    stays_open = False

    def load(self) -> Loaded:
        """Return the arrays of the part."""
        loaded = self.function()
        if not isinstance(loaded, tuple | list) or len(loaded) not in (2, 3):
            raise TypeError(
                "a function that loads a part must return (X, y) or (X, y, sample_weight), got "
                f"{type(loaded).__name__}"
            )
        return tuple(loaded)

    def __str__(self) -> str:
        return str(getattr(self.function, "__qualname__", None) or repr(self.function))


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are what."""

    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    weight: str | None
    one_target: bool  # given as a text alone: y is (N,)

    @property
    def names(self) -> list[str]:
        """All that are read."""
        return [*self.inputs, *self.targets, *([self.weight] if self.weight else [])]

    def arrays(self, table: Any) -> Loaded:
        """Return X, y and the weights of a table of Arrow's."""
        X = _matrix(table, self.inputs)
        y = _matrix(table, self.targets)
        y = y[:, 0] if self.one_target else y
        return (X, y) if self.weight is None else (X, y, _numbers(table, self.weight))


def _matrix(table: Any, names: tuple[str, ...]) -> npt.NDArray[Any]:
    columns = [_numbers(table, name) for name in names]
    made = np.empty((len(table), len(names)), np.result_type(*columns))
    for i, column in enumerate(columns):
        made[:, i] = column
    return made


def _numbers(table: Any, name: str) -> npt.NDArray[Any]:
    column = table.column(name).combine_chunks()
    values: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind not in "fiub":
        raise ValueError(
            f"column {name!r} holds {column.type}, and numbers are wanted: leave it out of inputs, "
            "or encode it before"
        )
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise ValueError(f"column {name!r} has no value in row {row}")
    return values


@dataclass(frozen=True)
class RowGroup:
    """A group of rows of a Parquet file."""

    path: str
    group: int
    columns: Columns
    stays_open = False

    def load(self) -> Loaded:
        """Return the arrays of the part."""
        from pyarrow.parquet import ParquetFile

        with ParquetFile(self.path) as file:
            names = self.columns.names
            return self.columns.arrays(
                file.read_row_group(self.group, columns=names, use_threads=False)
            )

    def __str__(self) -> str:
        return f"row group {self.group} of {self.path}"


@dataclass(frozen=True)
class RecordBatch:
    """A batch of records of an Arrow file (Feather)."""

    path: str
    group: int
    columns: Columns
    stays_open = False

    def load(self) -> Loaded:
        """Return the arrays of the part."""
        import pyarrow as pa

        with pa.memory_map(self.path) as file, pa.ipc.open_file(file) as reader:
            batch = reader.get_batch(self.group)
            return self.columns.arrays(pa.Table.from_batches([batch]))

    def __str__(self) -> str:
        return f"record batch {self.group} of {self.path}"


@dataclass(frozen=True, eq=False)
class DaskBlock:
    """A block of rows of Dask's collections; on a cluster, where it lies."""

    delayed: tuple[Any, ...] | None
    number: int
    blocks: Any = None  # futures, in a list; on a worker what they have become
    stays_open = False

    def filled(self, blocks: Any) -> DaskBlock:
        """Return the same with what has become of its blocks, and without the way to make them."""
        return DaskBlock(None, self.number, blocks)

    def load(self) -> Loaded:
        """Return the arrays of the part."""
        found = self.blocks
        if found is None:
            import dask

            found = dask.compute(*(self.delayed or ()), scheduler="synchronous")
        return tuple(np.asarray(block) for block in found)

    def __str__(self) -> str:
        return f"block {self.number} of Dask's collections"


def of_arrays(X: Any, y: Any, sample_weight: Any, rows: Any) -> list[Rows]:
    """Return arrays cut into parts of so many rows."""
    names = ("X", "y", "sample_weight")
    given = (X, y) if sample_weight is None else (X, y, sample_weight)
    arrays = tuple(as_stored(name, a) for name, a in zip(names, given, strict=False))
    for name, array in zip(names, arrays, strict=False):
        if not array.shape:
            raise ValueError(f"{name} must have rows, got a single number")
        if array.shape[0] != arrays[0].shape[0]:
            raise ValueError(
                f"X and {name} must have the same number of rows, got {arrays[0].shape[0]} and "
                f"{array.shape[0]}"
            )
    n, width = arrays[0].shape[0], max(1, int(np.prod(arrays[0].shape[1:])))
    if n == 0:
        raise ValueError("X has no rows")
    if rows is None:
        rows = max(1, NUMBERS_OF_A_PART // width)
        chunks = getattr(arrays[0].open(), "chunks", None)  # of Zarr: whole ones are read
        if chunks:
            rows = max(1, rows // int(chunks[0])) * int(chunks[0])
    rows = _validation.integer("rows", rows, low=1)
    return [Rows(arrays, start, min(start + rows, n)) for start in range(0, n, rows)]


def of_tables(paths: Any, targets: Any, inputs: Any, weight: Any) -> list[Any]:
    """Return the groups of rows of files, in the order of the files."""
    single = isinstance(paths, str) or not hasattr(paths, "__iter__")
    files = [Path(path) for path in ([paths] if single else paths)]
    if not files:
        raise ValueError("paths must name at least one file")
    sources: list[Any] = []
    columns: Columns | None = None
    for path in files:
        kind, names, count = _opened(path)
        if columns is None:
            columns = _chosen(names, targets, inputs, weight)
        missing = [name for name in columns.names if name not in names]
        if missing:
            raise ValueError(f"{path} has no column {missing[0]!r}; it has {', '.join(names)}")
        sources += [kind(str(path), group, columns) for group in range(count)]
    if not sources:
        raise ValueError(f"{files[0]} has no rows")
    return sources


def _opened(path: Path) -> tuple[Any, list[str], int]:
    """Return which kind of part a file has, its columns, and how many parts."""
    suffix = path.suffix.casefold()
    if suffix in (".parquet", ".pq"):
        from pyarrow.parquet import ParquetFile

        with ParquetFile(path) as file:
            return RowGroup, list(file.schema_arrow.names), int(file.num_row_groups)
    if suffix in (".arrow", ".feather", ".ipc"):
        import pyarrow as pa

        with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as reader:
            return RecordBatch, list(reader.schema.names), int(reader.num_record_batches)
    raise ValueError(
        f"{path}: tables are read from .parquet, .pq, .arrow and .feather: arrays are for "
        "Parts.from_arrays, whatever else for functions that load a part"
    )


def _chosen(names: list[str], targets: Any, inputs: Any, weight: Any) -> Columns:
    one = isinstance(targets, str)
    wanted = (targets,) if one else tuple(targets)
    if not wanted:
        raise ValueError("targets must name at least one column")
    others = {*wanted, *([weight] if weight else [])}
    chosen = tuple(n for n in names if n not in others) if inputs is None else tuple(inputs)
    if not chosen:
        raise ValueError("inputs must name at least one column")
    return Columns(chosen, wanted, weight, one)


def of_dask(X: Any, y: Any, sample_weight: Any) -> list[DaskBlock]:
    """Return the blocks of rows of Dask's collections."""
    given = {"X": X, "y": y, "sample_weight": sample_weight}
    blocks = [_delayed(name, value, X) for name, value in given.items() if value is not None]
    if len({len(each) for each in blocks}) != 1:
        counts = ", ".join(f"{n} {len(b)}" for n, b in zip(given, blocks, strict=False))
        raise ValueError(f"the collections have different numbers of blocks of rows: {counts}")
    return [DaskBlock(tuple(block), i) for i, block in enumerate(zip(*blocks, strict=True))]


def _delayed(name: str, value: Any, X: Any) -> list[Any]:
    if not hasattr(value, "to_delayed"):
        raise TypeError(
            f"{name} must be a dask.array or a dask.dataframe, got {type(value).__name__}"
        )
    if hasattr(value, "chunks"):
        if value.ndim == 2:
            value = value.rechunk({1: -1})
        if hasattr(X, "chunks") and value.chunks[0] != X.chunks[0]:
            value = value.rechunk({0: X.chunks[0]})
        return list(value.to_delayed().ravel())
    return list(value.to_delayed())


def of_part(part: Any) -> Rows:
    """Return a part that was given as its arrays."""
    names = ("X", "y", "sample_weight")
    arrays = tuple(as_stored(name, array) for name, array in zip(names, part, strict=False))
    return Rows(arrays, 0, max(array.shape[0] if array.shape else 0 for array in arrays))
