"""Files of tables, read as frames of pandas with one name for each column."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt.cli.data.blocks import blocks_of
from fastopt.cli.failure import Failure, Misuse, listed

if TYPE_CHECKING:
    import pandas as pd

# By the ends of their names.
KINDS = {
    **dict.fromkeys((".csv", ".txt"), "text"),
    **dict.fromkeys((".tsv", ".tab"), "text"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".feather", ".arrow"), "feather"),
    ".npy": "npy",
    ".npz": "npz",
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods"), "excel"),
}
_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Reading:
    """How a table is read, where the file does not say it.

    Attributes
    ----------
    separator : str, optional
        Of text; None: of ``, ; tab |`` the one that the first line has most often.
    decimal : str
        "." or ",".
    header : bool
        Whether the first line holds the names; else they are "1", "2", …
    sheet : str, optional
        Of a workbook; None: the first.
    """

    separator: str | None = None
    decimal: str = "."
    header: bool = True
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.decimal not in (".", ","):
            raise Misuse(f"decimal must be . or , got {self.decimal!r}")


def kind_of_file(path: Path) -> str:
    """Return which kind of table is in a file, by the end of its name."""
    if path.is_dir():
        raise Misuse(f"{path} is a folder: give a file such as {path / 'data.csv'}")
    if not path.exists():
        raise Misuse(f"there is no file {str(path)!r} (here is {Path.cwd()})")
    kind = KINDS.get(path.suffix.casefold())
    if kind is None:
        ends = ", ".join(KINDS)
        raise Misuse(f"{path.name!r} is of no kind that is read: its name must end in {ends}")
    if path.stat().st_size == 0:
        raise Failure(f"{path} is empty: a line of names and a line for each sample are wanted")
    return kind


def read(path: Path, reading: Reading = Reading()) -> pd.DataFrame:  # frozen
    """Return the table in a file; its columns have texts as names, each one name.

    Raises
    ------
    Misuse
        The file is not there or of no kind that is read.
    Failure
        It cannot be read, or holds no table.
    """
    kind = kind_of_file(path)
    frame = _frame(path, kind, reading)
    frame.columns = [str(name).strip() for name in frame.columns]
    if len(frame) == 0:
        raise Failure(f"{path} has names of columns and no rows: a line for each sample is wanted")
    _check_names(path, list(frame.columns))
    return frame


@contextmanager
def told_as_failures(path: Path, kind: str) -> Iterator[None]:
    """Tell what goes wrong while a file is read, in whichever library."""
    try:
        yield
    except ImportError as error:
        raise Failure(
            f"{path.name}: reading {kind} files needs a further package, pip install "
            f"'fastopt[tables]' ({str(error).splitlines()[0]})"
        ) from error
    except Failure:
        raise
    except UnicodeDecodeError as error:
        raise Failure(
            f"{path} is no text in UTF-8 (byte {error.start}): save it as UTF-8, or check that it "
            "is what its name says"
        ) from error
    except Exception as error:  # of whichever library reads it
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise Failure(f"{path} cannot be read as {kind}: {said}") from error


def _frame(path: Path, kind: str, reading: Reading) -> pd.DataFrame:
    import pandas as pd

    readers: dict[str, Any] = {
        "text": _text,
        "npy": _npy,
        "npz": _npz,
        "excel": _excel,
        "parquet": lambda path, _: pd.read_parquet(path),
        "feather": lambda path, _: pd.read_feather(path),
    }
    with told_as_failures(path, kind):
        frame: pd.DataFrame = readers[kind](path, reading)
    if not isinstance(frame.index, pd.RangeIndex):
        named = frame.index.names != [None]
        frame = frame.reset_index(drop=not named)
    return frame


def _text(path: Path, reading: Reading) -> pd.DataFrame:
    return next(text_chunks(path, reading))


def text_chunks(
    path: Path, reading: Reading, rows: int | None = None, types: dict[Any, Any] | None = None
) -> Generator[pd.DataFrame, None, None]:
    """Yield so many rows of a text file at a time, or all of them at once."""
    import pandas as pd

    with path.open(encoding="utf-8-sig", newline="") as file:
        start = file.readline()
        separator = reading.separator or _separator(start, path, reading.decimal)
        file.seek(0)
        names = next(csv.reader(file, delimiter=separator), [])
    if reading.header:
        _check_header(path, names, reading)

    def strictly(read: Callable[[], Any]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            try:
                return read()
            except pd.errors.ParserWarning:
                raise Failure(
                    f"{path}: rows have more fields than the first line has names ({len(names)}); "
                    f"check the separator, which was taken for {separator!r} (--separator)"
                ) from None

    read = strictly(
        lambda: pd.read_csv(
            path,
            sep=separator,
            decimal=reading.decimal,
            header=0 if reading.header else None,
            encoding="utf-8-sig",
            skipinitialspace=True,
            **_exact(),
            low_memory=False,
            index_col=False,
            chunksize=rows,
            dtype=types,
        )
    )
    with nullcontext([read]) if rows is None else read as frames:
        chunks = iter(frames)
        while (frame := strictly(lambda: next(chunks, None))) is not None:
            if not reading.header:
                frame.columns = [str(i + 1) for i in range(frame.shape[1])]
            yield frame


def _exact() -> dict[str, Any]:
    """Return what has numbers read as the nearest double, which is the default since pandas 3.1."""
    import pandas as pd

    version = tuple(int(part) for part in pd.__version__.split(".")[:2])
    return {} if version >= (3, 1) else {"float_precision": "round_trip"}


def _separator(line: str, path: Path, decimal: str) -> str:
    if path.suffix.casefold() in (".tsv", ".tab"):
        return "\t"
    counts = {separator: line.count(separator) for separator in _SEPARATORS if separator != decimal}
    return max(counts, key=lambda separator: counts[separator])


def _check_header(path: Path, names: list[str], reading: Reading) -> None:
    stripped = [name.strip() for name in names]
    twice = next((name for name in stripped if name and stripped.count(name) > 1), None)
    if twice is not None:
        raise Failure(f"{path} has two columns named {twice!r}: rename one of them")
    if stripped and all(_is_number(name.replace(reading.decimal, ".")) for name in stripped):
        raise Failure(
            f"{path}: the first line holds numbers ({', '.join(stripped[:3])} …) and no names: "
            "write names above them, or give --no-header (columns are '1', '2', … then)"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _npy(path: Path, reading: Reading) -> pd.DataFrame:
    import pandas as pd

    blocks = blocks_of(path)
    assert blocks is not None
    return pd.concat(list(blocks.read()))


def _npz(path: Path, reading: Reading) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {}
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            array = arrays[name]
            if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1):
                columns[name] = array.reshape(-1)
            elif array.ndim == 2:
                columns |= {f"{name}_{i}": array[:, i] for i in range(array.shape[1])}
            else:
                raise Failure(
                    f"{path}: the array {name!r} has the shape {array.shape}: arrays (N,) become a "
                    "column, (N, d) the columns name_0 … name_{d−1}"
                )
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name}: {n}" for name, n in list(lengths.items())[:5])
        raise Failure(f"{path}: its arrays must have as many rows as each other, got {shown}")
    return pd.DataFrame(columns)


def _excel(path: Path, reading: Reading) -> pd.DataFrame:
    import pandas as pd

    with pd.ExcelFile(path) as book:
        if reading.sheet is not None and reading.sheet not in book.sheet_names:
            raise Misuse(
                f"{path} has no sheet {reading.sheet!r}: there are {listed(book.sheet_names)}"
            )
        sheet = book.sheet_names[0] if reading.sheet is None else reading.sheet
        header = 0 if reading.header else None
        frame = pd.read_excel(book, sheet_name=sheet, header=header)
    if not reading.header:
        frame.columns = [str(i + 1) for i in range(frame.shape[1])]
    return frame


def _check_names(path: Path, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Failure(f"{path} has two columns named {twice!r}: rename one of them")
