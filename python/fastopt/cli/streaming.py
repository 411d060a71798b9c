"""Data that need not fit into memory: read in blocks, mapped from a file while they are used.

A first pass learns what the columns hold, a second one writes what the network is given into files
beside the model, one for each part, which have no name and are gone with the process. ``fit`` maps
them: batches and blocks are gathered from the disk's pages, which the system drops when it needs
them. In memory stay a block, and the targets and a few numbers of each row. The rows and their
numbers are those that a table in memory brings, and so are the bits of the training.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from shlex import quote
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt.cli.data.blocks import NUMBERS_OF_A_BLOCK, Blocks, InMemory, blocks_of
from fastopt.cli.data.columns import kind_of, text_of
from fastopt.cli.data.preprocessing import (
    Input,
    Preprocessing,
    chosen_inputs,
    learn_input,
    learn_targets,
)
from fastopt.cli.data.tables import Reading, kind_of_file, read
from fastopt.cli.data.text_blocks import TextBlocks, Unlike
from fastopt.cli.failure import Failure, Misuse

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]

# A table of more bytes is streamed where nothing else is asked for.
LARGE = 1 << 28
# A column with more categories would make the network's inputs as wide.
_MOST_CATEGORIES = 1000
# Of files at the same time, while rows are put into random order.
_MOST_BUCKETS = 200
_SMALL = (np.float32, np.float16, np.int16, np.int8, np.uint16, np.uint8, np.bool_)


def learn_streamed(
    blocks: Blocks, settings: dict[str, Any], ignored: list[str]
) -> tuple[Preprocessing, pd.DataFrame, npt.DTypeLike]:
    """Return what becomes of the columns, those of targets and weights, and the inputs' dtype.

    Inputs are numbers or categories as the first block has them; categories are those of all rows.
    """
    import pandas as pd

    if settings["impute"]:
        raise Misuse(
            "--impute needs all values of a column at once, and the table is streamed: fill them "
            "in, or give --no-stream where it fits into memory"
        )
    targets, weights = settings["target"], settings["weights"]
    of_user = (settings["inputs"] or None, ignored, settings["categorical"])
    names = chosen_inputs(blocks.names, targets, *of_user)
    reading = blocks.read([*names, *targets, *([weights] if weights else [])])
    first = next(reading)
    reading.close()  # type: ignore[attr-defined]
    inputs = [learn_input(first[n], n in settings["categorical"], False, first[n]) for n in names]
    dtype = np.float32 if all(_is_small(i, first[i.name]) for i in inputs) else np.float64
    kept = [*targets, *([weights] if weights else [])]
    known = {column.name: set(column.categories) for column in inputs if column.categories}
    pieces = []
    for block in blocks.read([*kept, *known]):
        pieces.append(block[kept])
        for name, found in known.items():
            found |= {text_of(v) for v in block[name].dropna().unique()}
            if len(found) > _MOST_CATEGORIES:
                raise Failure(
                    f"column {name!r} has more than {_MOST_CATEGORIES} different texts: leave it "
                    f"out with --ignore {quote(name)}"
                )
    whole = pd.concat(pieces)
    task = settings["task"]
    if task == "auto" and any(pd.api.types.is_string_dtype(first[t].dtype) for t in targets):
        task = "regression" if kind_of(first[targets[0]]) == "number" else "classification"
    columns = tuple(Input(c.name, c.kind, tuple(sorted(known.get(c.name, ())))) for c in inputs)
    return Preprocessing(columns, learn_targets(whole, targets, task)), whole, dtype


def _is_small(column: Input, values: pd.Series) -> bool:
    """Whether single precision holds what a column does."""
    return bool(column.categories) or values.dtype in _SMALL


def targets_of(made: Preprocessing, whole: pd.DataFrame) -> Array:
    """Return the targets, block by block: texts of a block alone are objects at a time."""
    starts = range(0, len(whole), NUMBERS_OF_A_BLOCK)
    return np.concatenate([made.y(whole.iloc[s : s + NUMBERS_OF_A_BLOCK]) for s in starts])


def spool(
    blocks: Blocks,
    made: Preprocessing,
    rows_of_parts: list[Array],
    dtype: npt.DTypeLike,
    folder: Path,
    order: Array | None,
) -> list[Array]:
    """Return the inputs of each part, mapped from files in a folder.

    Parameters
    ----------
    rows_of_parts : list of arrays
        Ascending.
    order : array, optional
        Where each row of the first part is put: it is written in this order.
    """
    part_of_row = np.full(blocks.n_rows, -1, dtype=np.int8)
    for number, rows in enumerate(rows_of_parts):
        part_of_row[rows] = number
    with ExitStack() as stack:  # what is mapped needs no open file

        def new_file() -> IO[bytes]:
            return stack.enter_context(tempfile.TemporaryFile(dir=folder))

        files = [new_file() for _ in rows_of_parts]
        shuffled = None if order is None else _Shuffled(order, made.width, dtype, new_file)
        for block, X in _inputs(blocks, made, dtype):
            part = part_of_row[block.index[0] : block.index[-1] + 1]
            for number, file in enumerate(files):
                chosen = X[part == number]
                if number == 0 and shuffled is not None:
                    shuffled.add(chosen)
                else:
                    _append(chosen, file)
        if shuffled is not None:
            shuffled.write(files[0])
        return [
            _mapped(file, dtype, len(rows), made.width)
            for file, rows in zip(files, rows_of_parts, strict=True)
        ]


def open_table(path: Path, reading: Reading, stream: bool | None) -> Blocks:
    """Return a table as blocks that are read where it is large, or as one that is in memory."""
    kind = kind_of_file(path)
    if stream is False or not (stream or path.stat().st_size > LARGE or kind == "parquet"):
        return InMemory(path, read(path, reading))
    blocks = None
    if kind != "text":
        blocks = blocks_of(path)
    else:
        with suppress(Unlike):
            blocks = TextBlocks(path, reading)
    if stream and blocks is None and kind not in ("text", "parquet", "npy"):
        raise Misuse(
            f"--stream reads text, Parquet and NPY in blocks, and {path.name!r} is of another kind"
        )
    if blocks is None or not (stream or blocks.size > LARGE):
        return InMemory(path, read(path, reading))
    return blocks


def mapped_inputs(
    blocks: Blocks,
    names: list[str],
    inputs: Callable[[pd.DataFrame], Array],
    folder: Path,
    chosen: Array | None = None,
) -> Array:
    """Return the inputs of all rows, or of those that are marked, mapped from a file in a folder.

    Outputs of rows are to the last bit what they are among all others: they are computed of all.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        n = width = 0
        for block in blocks.read(names):
            X = inputs(block)
            if chosen is not None:
                X = X[chosen[block.index[0] : block.index[-1] + 1]]
            n, width = n + len(X), X.shape[1]
            _append(X, file)
        return _mapped(file, np.float64, n, width)


def _inputs(
    blocks: Blocks, made: Preprocessing, dtype: npt.DTypeLike
) -> Iterator[tuple[pd.DataFrame, Array]]:
    for block in blocks.read([column.name for column in made.inputs]):
        yield block, made.X(block).astype(dtype, copy=False)


def _append(rows: Array, file: IO[bytes]) -> None:
    file.write(np.ascontiguousarray(rows).data if rows.size else b"")


def _mapped(file: Any, dtype: npt.DTypeLike, n: int, width: int) -> Array:
    file.flush()
    return np.memmap(file, dtype=dtype, mode="r", shape=(n, width))


class _Shuffled:
    """Puts rows into an order in two steps, so that a bucket of them is in memory at a time."""

    def __init__(
        self, order: Array, width: int, dtype: npt.DTypeLike, new_file: Callable[[], IO[bytes]]
    ) -> None:
        self._order, self._width, self._dtype = order, width, np.dtype(dtype)
        most = max(NUMBERS_OF_A_BLOCK // max(1, width), -(-len(order) // _MOST_BUCKETS))
        self._rows_of_a_bucket = most
        count = -(-len(order) // most)
        self._buckets = [new_file() for _ in range(count)]
        self._seen = 0

    def add(self, rows: Array) -> None:
        """Take the next rows."""
        places = self._order[self._seen : self._seen + len(rows)]
        self._seen += len(rows)
        bucket = places // self._rows_of_a_bucket
        for number in np.unique(bucket):
            _append(rows[bucket == number], self._buckets[number])

    def write(self, file: IO[bytes]) -> None:
        """Write all rows in their order."""
        for number, bucket in enumerate(self._buckets):
            mine = self._order // self._rows_of_a_bucket == number
            places = self._order[mine] - number * self._rows_of_a_bucket
            rows = np.empty((len(places), self._width), dtype=self._dtype)
            bucket.seek(0)
            rows[places] = np.frombuffer(bucket.read(), self._dtype).reshape(rows.shape)
            _append(rows, file)
            bucket.close()
