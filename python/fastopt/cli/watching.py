"""What looks on while a network is trained: the progress on the terminal, and checkpoints."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from fastopt.callbacks import Callback, Logs
from fastopt.storage.checkpoints import ModelCheckpoint
from fastopt.storage.networks import save

# Terminals are not looked at more often, and an epoch may take microseconds.
_SECONDS_OF_A_GLANCE = 0.1
# What a crash may cost; Ctrl-C costs nothing.
_SECONDS_OF_A_CHECKPOINT = 10.0


class RichProgress(Callback):
    """A bar with epoch, losses and the time that is left, on stderr."""

    def __init__(self, console: Console, restarts: int, quiet: bool, title: str) -> None:
        self._console, self._quiet, self._title = console, quiet, title
        self._restarts, self._start = restarts, 0
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=10),
            TextColumn("{task.completed}/{task.total}  {task.fields[losses]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=console, disable=quiet)
        self._task: Any = None
        self.began = False
        self._finished: list[Any] = []

    def __enter__(self) -> RichProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:  # else an empty line would be written
            self._bar.stop()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin a bar; there is one for all starts."""
        self.began = True
        self._start += 1
        which = f" {self._start}/{self._restarts}" if self._restarts > 1 else ""
        if self._task is None:
            if not self._quiet:
                self._console.print(self._title, style="dim", markup=False, soft_wrap=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=self.run.epochs, losses="")
        self._bar.update(self._task, description=f"training{which}", completed=0)
        self._seen = 0.0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Show the losses, not more often than somebody looks."""
        now = time.monotonic()
        if now - self._seen >= _SECONDS_OF_A_GLANCE:
            self._seen = now
            self._show(epoch, logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Show the last epoch; a network whose training is whole is kept for Ctrl-C."""
        self._finished.append(self.network)
        if logs:
            self._show(self.run.history.epoch[-1], logs)

    def best_finished(self) -> Any:
        """Return the best network of the starts that have ended, or None."""

        def value(net: Any) -> float:
            best = net.history_.best
            return float(best.get("val_loss", best.get("loss", math.inf)))

        return min(self._finished, key=value, default=None)

    def _show(self, epoch: int, logs: Logs) -> None:
        columns = ("loss", "val_loss")
        losses = "  ".join(f"{name} {logs[name]:.4g}" for name in columns if name in logs)
        self._bar.update(self._task, completed=epoch + 1, losses=losses)


class TimedCheckpoint(ModelCheckpoint):
    """A checkpoint every few seconds and at the end, and when :meth:`write` is called."""

    @classmethod
    def beside(cls, model: Path) -> TimedCheckpoint:
        """Return one that writes beside a model's file."""
        return cls(str(checkpoint_of(model)).replace("{", "{{").replace("}", "}}"))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        super().on_train_begin(logs)
        self._last = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Find out whether there is something to write."""
        now = time.monotonic()
        last = epoch + 1 == self.run.epochs
        self._due = last or now - self._last >= _SECONDS_OF_A_CHECKPOINT
        if self._due:
            self._last = now

    def write(self) -> None:
        """Write where the run stands, after Ctrl-C too: then the last whole epoch."""
        save(self.network, self.path.format(), self.run.snapshot()._asdict())


def checkpoint_of(model: Path) -> Path:
    """Return the file from which the training of a model goes on."""
    return model.with_name(f"{model.stem}.checkpoint.safetensors")
