"""When a run has done enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastopt._settings import Settings, number


@dataclass
class Stopping(Settings):
    """Criteria that end a run; the first one that holds is its ``stop_reason``.

    They are looked at after each epoch (of a full-batch method: each iteration), in this order.

    Parameters
    ----------
    gradient_norm : float, optional
        Stop when ‖∇E‖ ≤ gradient_norm. Mini-batches: over all data, computed at the end of each
        epoch for this purpose.
    loss : float, optional
        Stop when the loss is ≤ loss.
    step_norm : float, optional
        Stop when ‖Δw‖ ≤ step_norm. Mini-batches: the change over a whole epoch.
    seconds : float, optional
        Stop at the end of the epoch in which this much time has passed.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.Stopping(loss=1e-3, seconds=60)
    Stopping(gradient_norm=None, loss=0.001, step_norm=None, seconds=60.0)
    """

    gradient_norm: float | None = number(None, optional=True, low=0)
    loss: float | None = number(None, optional=True)
    step_norm: float | None = number(None, optional=True, low=0)
    seconds: float | None = number(None, optional=True, low=0)

    def reason(self, report: Any, seconds: float) -> str | None:
        """Return the criterion that holds after a step, or None. A NaN fulfils none."""
        for name in ("gradient_norm", "loss", "step_norm"):
            limit = getattr(self, name)
            if limit is not None and getattr(report, name) <= limit:
                return name
        if self.seconds is not None and seconds >= self.seconds:
            return "seconds"
        return None

    def watcher(self) -> Callable[[int, Any], str | None]:
        """Return a watcher for the training loop; time runs from now."""
        start = time.perf_counter()
        return lambda _, report: self.reason(report, time.perf_counter() - start)
