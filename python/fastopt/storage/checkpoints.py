"""Checkpoints: files from which a run goes on to the bits of one that was not interrupted."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastopt._settings import checked, choice, integer, number
from fastopt.callbacks import Logs, Monitor
from fastopt.storage.networks import ARCHITECTURE, described, load, save

if TYPE_CHECKING:
    from fastopt.network import MLP

_SCALINGS = ("scale_inputs", "scale_targets")


def _path(name: str, value: Any) -> str:
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be the path of a file, got {value!r}")
    path = os.fspath(value)
    try:
        path.format(epoch=0)
    except (LookupError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{name} may hold '{{epoch}}' and no other field, got {path!r} ({error})"
        ) from None
    return path


def _column(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be the name of a column of the History, got {value!r}")
    return value


@dataclass
class ModelCheckpoint(Monitor):
    """Write the network and the state of the run to a file, from which the run can go on.

    ``fit(..., resume_from=path)`` then makes what follows as if nothing had been in between: the
    same bits. A file is there whole or as it was before, whenever the process is killed.
    :func:`fastopt.load` reads the network out of it.

    Parameters
    ----------
    path : str or path
        "{epoch}" in it stands for the number of the epoch (also "{epoch:04d}"), so that each has a
        file of its own; else the one file is replaced.
    every : int
        Epochs from one file to the next, 1 by default; after the last epoch there is one, too.
    monitor : str, optional
        A column of the History: only epochs that are better in it than all before are written.
    keep : int, optional
        How many of the files with "{epoch}" stay, the latest; all by default.
    min_delta : float
        With ``monitor``: an improvement must be larger than this; 0 by default.
    mode : {"auto", "min", "max"}
        With ``monitor``, as for :class:`fastopt.EarlyStopping`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import fastopt
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> net = fastopt.MLP([1, 8, 1], random_state=0)
    >>> same = net.copy()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "run.safetensors")
    ...     checkpoint = fastopt.ModelCheckpoint(path)
    ...     _ = net.fit(X, X**2, epochs=5, callbacks=checkpoint)
    ...     history = same.fit(X, X**2, epochs=20, resume_from=path)
    >>> len(history)
    20
    """

    path: str = checked(_path)
    every: int = integer(1, low=1)
    monitor: str | None = checked(_column, None)  # type: ignore[assignment]
    keep: int | None = integer(None, optional=True, low=1)
    min_delta: float = number(0.0, low=0)
    mode: str = choice(("auto", "min", "max"), "auto")

    def check_columns(self, columns: Collection[str], has_validation: bool) -> None:
        """Refuse, before a run, what could not be written."""
        if self.monitor is not None:
            super().check_columns(columns, has_validation)
        if self.keep not in (None, 1) and not self._numbered:
            raise ValueError(
                f"keep={self.keep} files need '{{epoch}}' in path, got {self.path!r}: the one file "
                "is replaced"
            )

    @property
    def _numbered(self) -> bool:
        return self.path.format(epoch=0) != self.path.format(epoch=1)

    @property
    def _kept(self) -> int | None:
        """How many files stay, where there is more than one."""
        return self.keep if self._numbered else None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        self._best: float | None = None
        self._written: list[int] = []  # with ``keep``: the epochs whose files may still be there
        self._due = False

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Find out whether there is something to write."""
        self._due = (epoch + 1) % self.every == 0 or epoch + 1 == self.run.epochs
        if self._due and self.monitor is not None:
            value = self._value(logs)
            self._due = self._improves(value, self._best)
            if self._due:
                self._best = value
        if self._due and self._kept is not None:
            self._written.append(epoch)

    def committed(self, epoch: int) -> None:
        """Write the file, when all callbacks have been told of the epoch."""
        if not self._due and self.monitor is not None:
            return
        state = self.run.snapshot()
        if not self._due and state.stop is None and state.ended is None:
            return
        save(self.network, self.path.format(epoch=epoch), state._asdict())
        if self._kept is not None:
            for earlier in self._written[: -self._kept]:
                Path(self.path.format(epoch=earlier)).unlink(missing_ok=True)
            del self._written[: -self._kept]

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, and the epochs whose files ``keep`` counts."""
        return {"best": self._best, "written": list(self._written)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        expect = self._entries(state)
        self._best = expect.number("best", optional=True)
        self._written = expect.counts("written")


def resumed(net: MLP, path: Any) -> MLP:
    """Return the network of a checkpoint from which ``net`` can go on, with its History."""
    other = load(path)
    history = getattr(other, "history_", None)
    if history is None or history.solver_state is None:
        raise ValueError(
            f"resume_from: {os.fspath(path)!r} holds a network and no run that could go on; "
            "ModelCheckpoint writes such files"
        )
    own, theirs = (
        described(n.__getstate__()) | {name: getattr(n, name) for name in _SCALINGS}
        for n in (net, other)
    )
    for name in (*ARCHITECTURE, *_SCALINGS):
        if own[name] != theirs[name]:
            raise ValueError(
                f"resume_from: the network in {os.fspath(path)!r} has {name}={theirs[name]!r}, and "
                f"this one {own[name]!r}"
            )
    return other
