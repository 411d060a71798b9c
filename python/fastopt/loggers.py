"""Callbacks that write a run to a file as it goes, and one that is made of functions."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import IO, Any

from fastopt import _validation
from fastopt._names import friendly
from fastopt._settings import Settings, checked, flag
from fastopt.callbacks import Callback, Logs


def _path(name: str, value: Any) -> str:
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be the path of a file, got {value!r}")
    return os.fspath(value)


def _separator(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) != 1 or value in '\n\r"':
        raise ValueError(f"{name} must be one character such as ',' or ';', got {value!r}")
    return value


class FileLogger(Callback, Settings):
    """Common part: a line for each epoch, on the disk when the epoch is over.

    A run that goes on from a History goes on with the file: what an epoch that was broken off had
    written beyond the last whole one is cut away. So it does after a disk was full, whose error
    ends the run.
    """

    filename: str
    append: bool

    _file: IO[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin; the file is opened with the first line."""
        self._file, self._size = None, 0
        self._goes_on = self.append

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write a line."""
        if self._file is None:
            self._open(logs)
        file: Any = self._file
        try:
            file.write(self._line({"epoch": epoch, **logs}) + "\n")
            file.flush()
        except OSError as error:  # the disk is full; unlike that of open, it has no name
            raise type(error)(error.errno, error.strerror, self.filename) from error
        self._size = file.tell()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def state_dict(self) -> dict[str, Any]:
        """Return how much of the file is written."""
        return {"size": self._size}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the file as it was then."""
        size = _validation.integer("size", state.get("size"), low=0)
        self._goes_on = True
        if size and os.path.isfile(self.filename) and os.path.getsize(self.filename) > size:
            os.truncate(self.filename, size)

    def _open(self, logs: Logs) -> None:
        there = self._goes_on and os.path.isfile(self.filename) and os.path.getsize(self.filename)
        mode = "a" if self._goes_on else "w"
        file = open(self.filename, mode, encoding="utf-8", newline="")  # noqa: SIM115
        if not there:
            file.write(self._head(logs))
        self._file = file

    def _head(self, logs: Logs) -> str:
        return ""

    def _line(self, row: dict[str, Any]) -> str:
        raise NotImplementedError


@dataclass
class CSVLogger(FileLogger):
    """Write each epoch as a line of a CSV file: the columns of the History that are numbers.

    Parameters
    ----------
    filename : str or path
    separator : str
        Between the columns, "," by default.
    append : bool
        Whether a file that is there is gone on with; False, the default: it is overwritten, unless
        the run itself goes on from a History.

    Examples
    --------
    >>> import os, tempfile
    >>> import fastopt
    >>> path = os.path.join(tempfile.mkdtemp(), "run.csv")
    >>> history = fastopt.MLP([1, 4, 1]).fit([[0.0], [1.0]], [0, 1], epochs=3,
    ...                                      callbacks=fastopt.CSVLogger(path))
    >>> with open(path) as file:
    ...     print(len(file.readlines()))
    4
    """

    filename: str = checked(_path)
    separator: str = checked(_separator, ",")
    append: bool = flag(False)

    def _head(self, logs: Logs) -> str:
        return self.separator.join(["epoch", *_numbers(logs)]) + "\n"

    def _line(self, row: dict[str, Any]) -> str:
        # repr: the shortest text that reads back as the same double.
        return self.separator.join(str(value) for value in _numbers(row).values())


@dataclass
class JSONLinesLogger(FileLogger):
    """Write each epoch as one JSON object in a line, all of its row; NaN and infinities are null.

    Parameters
    ----------
    filename : str or path
    append : bool
        Whether a file that is there is gone on with; False, the default: it is overwritten, unless
        the run itself goes on from a History.

    Examples
    --------
    >>> import os, tempfile
    >>> import fastopt
    >>> path = os.path.join(tempfile.mkdtemp(), "run.jsonl")
    >>> history = fastopt.MLP([1, 4, 1]).fit([[0.0], [1.0]], [0, 1], epochs=1,
    ...                                      callbacks=fastopt.JSONLinesLogger(path))
    >>> with open(path) as file:
    ...     print(file.read()[:20])
    {"epoch": 0, "loss":
    """

    filename: str = checked(_path)
    _: KW_ONLY
    append: bool = flag(False)

    def _line(self, row: dict[str, Any]) -> str:
        return json.dumps(_plain(row), allow_nan=False)


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if isinstance(value, Real)}


def _plain(value: Any) -> Any:
    """Return what JSON knows."""
    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    return value if value is None or isinstance(value, str) else repr(value)


class LambdaCallback(Callback):
    """A callback made of functions, each in the place of the method of the same name.

    Parameters
    ----------
    on_epoch_begin : callable, optional
        ``f(epoch, logs)``.
    on_epoch_end : callable, optional
        ``f(epoch, logs)``; logs is the row of the History.
    on_train_begin, on_train_end : callable, optional
        ``f(logs)``.

    Examples
    --------
    >>> import fastopt
    >>> seen = []
    >>> callback = fastopt.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    >>> history = fastopt.MLP([1, 1]).fit([[0.0], [1.0]], [0, 1], epochs=3, callbacks=callback)
    >>> seen
    [0, 1, 2]
    """

    @friendly
    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
    ) -> None:
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
        }
        for name, function in given.items():
            if function is not None:
                setattr(self, name, _validation.function(name, function))
