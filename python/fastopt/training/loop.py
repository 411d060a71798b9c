"""The only loop: it steps a solver until somebody has a reason to stop."""

from collections.abc import Callable, Sequence
from typing import Any

# Before a step, with its number; after a step, with its number and its report: the watcher returns
# a reason to stop, or None.
Before = Callable[[int], None]
Watcher = Callable[[int, Any], str | None]
# After all of these, with the reason to stop.
Commit = Callable[[int, Any, str | None], None]


def run(
    solver: Any,
    steps: range,
    watchers: Sequence[Watcher],
    before: Sequence[Before] = (),
    commit: Commit | None = None,
) -> str | None:
    """Call ``solver.step()`` for each number of ``steps`` and let all watchers look at it.

    The solver is told which step is the last, after which it need not prepare for another one.
    All watchers see every step, also where an earlier one has found a reason: what they record and
    remember is complete. The first reason counts.

    Returns
    -------
    str or None
        The reason to stop, or None when the steps were used up.
    """
    for i in steps:
        for hook in before:
            hook(i)
        report = solver.step(i == steps[-1])
        reasons = [reason for watcher in watchers if (reason := watcher(i, report)) is not None]
        status = None if report.status == "running" else str(report.status)
        reason = reasons[0] if reasons else status
        if commit is not None:
            commit(i, report, reasons[0] if reasons else None)
        if reason is not None:
            return reason
    return None
