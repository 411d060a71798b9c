"""How many threads the libraries may use while it is their turn."""

import os


def cpus():
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def named(threads):
    return "1 thread" if threads == 1 else f"{threads} threads"


class BlasThreads:
    """The threads of NumPy's and SciPy's linear algebra, between ``begin`` and ``end``.

    Where threadpoolctl is not installed they stay as they are.
    """

    def __init__(self, threads):
        self._threads, self._limits = threads, None
        try:
            from threadpoolctl import ThreadpoolController
        except ImportError:
            self._controller = None
        else:
            self._controller = ThreadpoolController()

    def begin(self):
        if self._controller is not None and self._limits is None:
            self._limits = self._controller.limit(limits=self._threads)

    def end(self):
        if self._limits is not None:
            self._limits.restore_original_limits()
            self._limits = None
