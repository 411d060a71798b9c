"""What happened in a run, epoch by epoch."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastopt._html import table

if TYPE_CHECKING:
    import pandas as pd

# The columns of numbers that a run may have, beside the losses and the metrics.
NUMBERS = (
    *("learning_rate", "gradient_norm", "step_norm", "clipped", "step_length", "damping"),
    *("alpha", "beta", "gamma", "evidence"),
    *("n_value", "n_gradient", "n_hessian", "positive_definite", "seconds"),
)


class History:
    """One row for each epoch (full-batch methods: each iteration), alike for all methods.

    The columns are lists, as attributes and as items: ``history.loss``, ``history["val_loss"]``.
    There is ``loss`` and, where they exist, ``val_loss``, the metrics by their names (``val_…`` on
    the validation data), ``learning_rate``, ``gradient_norm``, ``step_norm``, ``seconds`` (since
    the start of the run), and what a method has of its own (``damping``, ``step_length``,
    ``positive_definite``, ``alpha``, ``beta``, ``gamma``, ``evidence``, numbers of evaluations). A
    value that an epoch does not have is NaN.

    Attributes
    ----------
    epoch : list of int
        The numbers of the epochs, from ``initial_epoch`` on.
    stop_reason : str or None
        Which criterion ended the run; None while it goes on.
    validation_rows : array of int or None
        Which rows of the data ``validation_split`` held out, ascending; None where there was none.
    solver_state : dict or None
        What ``fit(..., initial_epoch=…)`` needs to go on as if there had been no interruption: of
        every run that has ended, also by Ctrl-C or an exception, but for one that diverged. As
        large as the method's memory (BFGS: n² numbers); it may be set to None.

    Examples
    --------
    >>> from fastopt.training.history import History
    >>> history = History()
    >>> history.append(0, loss=2.0, val_loss=1.0)
    >>> history.append(1, loss=1.0, val_loss=1.5)
    >>> history.loss, history.best_epoch, len(history)
    ([2.0, 1.0], 0, 2)
    >>> history.best
    {'epoch': 0, 'loss': 2.0, 'val_loss': 1.0}
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.stop_reason: str | None = None
        self.solver_state: dict[str, Any] | None = None
        self.validation_rows: Any = None
        self._columns: dict[str, list[Any]] = {}
        self._broken = False  # whether columns may be longer than there are rows

    def append(self, epoch: int, **values: Any) -> None:
        """Add one row; values that are None are left out."""
        rows, columns = len(self.epoch), self._columns
        if self._broken:  # of a row that Ctrl-C broke off
            for column in columns.values():
                del column[rows:]
        self._broken = True
        for name, value in values.items():
            if value is None:
                continue
            if name not in columns:
                columns[name] = [math.nan] * rows
            columns[name].append(value)
        for column in columns.values():
            if len(column) == rows:
                column.append(math.nan)
        self.epoch.append(epoch)  # now the row is whole
        self._broken = False

    def _truncate(self, epoch: int) -> None:
        """Take the rows from an epoch on away, a row that was broken off with them."""
        rows = bisect_left(self.epoch, epoch)
        del self.epoch[rows:]
        for name, column in list(self._columns.items()):
            del column[rows:]
            if not column:
                del self._columns[name]

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._columns)

    @classmethod
    def is_own(cls, name: str) -> bool:
        """Whether a name stands for something else than a metric."""
        own = ("loss", "layer_gradient_norms", *NUMBERS, *vars(cls()))
        return name in own or name.startswith("val_") or hasattr(cls, name)

    @property
    def best_epoch(self) -> int | None:
        """The epoch with the smallest ``val_loss``, or ``loss`` where there is none."""
        row = self._best_row()
        return None if row is None else self.epoch[row]

    @property
    def best(self) -> dict[str, Any]:
        """The row of :attr:`best_epoch`, ``epoch`` the first, as a dict; empty without rows.

        A row is not an epoch: a run with ``initial_epoch`` has epochs beyond its number of rows.
        """
        row = self._best_row()
        return {} if row is None else {name: self[name][row] for name in self}

    def _best_row(self) -> int | None:
        column = self._columns.get("val_loss", self._columns.get("loss", []))
        finite = [(value, i) for i, value in enumerate(column) if not math.isnan(value)]
        return min(finite)[1] if finite else None

    def last(self) -> dict[str, Any]:
        """Return the last row by column."""
        return {name: column[-1] for name, column in self._columns.items()} if self.epoch else {}

    def to_dict(self) -> dict[str, list[Any]]:
        """Return all columns, ``epoch`` the first, as new lists."""
        return {"epoch": list(self.epoch), **{k: list(v) for k, v in self._columns.items()}}

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with the epochs as its index; needs the extra ``fastopt[pandas]``."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "History.to_pandas needs pandas: pip install 'fastopt[pandas]'"
            ) from error
        return pd.DataFrame(self._columns, index=pd.Index(self.epoch, name="epoch"))

    def __copy__(self) -> History:
        """Return a History with rows of its own."""
        other = History()
        vars(other).update(vars(self))
        other.epoch = list(self.epoch)
        other._columns = {name: list(column) for name, column in self._columns.items()}
        return other

    def __getitem__(self, name: str) -> list[Any]:
        if name == "epoch":
            return self.epoch
        try:
            return self._columns[name]
        except KeyError:
            raise KeyError(f"no column {name!r}; there are {', '.join(self._columns)}") from None

    def __getattr__(self, name: str) -> list[Any]:
        # Called only for what is not an attribute already.
        columns = self.__dict__.get("_columns", {})
        if name in columns:
            column: list[Any] = columns[name]
            return column
        raise AttributeError(
            f"History has no {name!r}; its columns are {', '.join(columns) or 'none yet'}"
        )

    def __contains__(self, name: object) -> bool:
        return name == "epoch" or name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(["epoch", *self._columns])

    def __len__(self) -> int:
        return len(self.epoch)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._columns]

    def _repr_html_(self) -> str:
        """Return the first, the best and the last row."""
        best = self._best_row()
        columns = [name for name in self if not isinstance(next(iter(self[name]), None), dict)]
        places = {"first": 0, "best": best, "last": len(self) - 1} if self.epoch else {}
        rows = [
            (word, *(self[name][place] for name in columns))
            for word, place in places.items()
            if place is not None
        ]
        reason = f", stop_reason {self.stop_reason}" if self.stop_reason else ""
        return table(f"History of {len(self)} epochs{reason}", ["", *columns], rows)

    def __repr__(self) -> str:
        numbers = [f"{n}={v:.6g}" for n, v in self.last().items() if isinstance(v, float | int)]
        reason = f", stop_reason={self.stop_reason!r}" if self.stop_reason else ""
        return f"History({', '.join([f'{len(self)} epochs', *numbers])}{reason})"
