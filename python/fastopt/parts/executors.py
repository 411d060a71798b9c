"""Who computes the parts: this process, threads, processes, joblib, or a cluster of Dask's.

Each takes pieces of work and yields ``(number, terms)`` as they are done, in any order. A worker
that dies costs time: what it had not finished is computed again.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from fastopt import _core, _validation
from fastopt._runtime import get_num_threads, set_num_threads
from fastopt.parts.cluster import Dask
from fastopt.parts.processes import Processes
from fastopt.parts.sums import MOST_DEATHS, PIECES, Done, Terms, Work, deadly

# After so many seconds without a result it is looked whether a pool is broken.
_QUIET = 1.0


class InPlace:
    """One part after the other, each on all cores."""

    workers = 1
    pieces = 1
    shares_memory = True

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        for number, piece in enumerate(work):
            yield number, piece()

    def close(self) -> None:
        """Let go of threads and processes of its own."""


class Threads(InPlace):
    """Threads of this process, each on one core; for parts that are read rather than computed."""

    def __init__(self, workers: int) -> None:
        self.workers, self.pieces = workers, PIECES * workers

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        threads, team = get_num_threads(), _core.Team()

        def member(piece: Work) -> Terms:
            with team:
                return piece()

        pool = ThreadPoolExecutor(self.workers)
        try:
            set_num_threads(max(1, threads // self.workers))
            numbers = {pool.submit(member, piece): i for i, piece in enumerate(work)}
            for future in as_completed(numbers):
                yield numbers[future], future.result()
        except BaseException:
            team.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            set_num_threads(threads)


class Pool:
    """An executor of the user's own; where its workers die, processes of our own take over."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._instead: Processes | None = None
        self.shares_memory = isinstance(executor, ThreadPoolExecutor)
        self.workers = int(getattr(executor, "_max_workers", 0) or os.cpu_count() or 1)
        self.pieces = PIECES * self.workers

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        left = dict(enumerate(work))
        if self._instead is None:
            try:
                for number, terms in _submitted(self._executor, dict(left)):
                    del left[number]
                    yield number, terms
            except BrokenProcessPool:
                first = next(iter(left.values()))
                warnings.warn(
                    "a worker of the executor died, and the executor with it, before part "
                    f"{first.start}, {first.sources[0]}, was done: {self.workers} processes of "
                    "fastopt's own go on. Parts(..., executor='processes') has such from the start",
                    RuntimeWarning,
                    stacklevel=2,
                )
                self._instead = Processes(self.workers)
        if left and self._instead is not None:
            numbers = list(left)
            for at, terms in self._instead.run(list(left.values())):
                yield numbers[at], terms

    def close(self) -> None:
        """Leave the executor to its owner."""
        if self._instead is not None:
            self._instead.close()


class Joblib:
    """A ``joblib.Parallel`` of the user's."""

    def __init__(self, parallel: Any) -> None:
        self._parallel = parallel
        backend = parallel._backend
        self.shares_memory = bool(getattr(backend, "supports_sharedmem", False))
        self.workers = max(1, int(backend.effective_n_jobs(parallel.n_jobs)))
        self.pieces = PIECES * self.workers

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        from joblib import delayed

        for deaths in range(MOST_DEATHS):
            try:
                found = self._parallel(delayed(_call)(piece) for piece in work)
            except BrokenProcessPool as error:  # loky's errors are of this kind
                if deaths + 1 == MOST_DEATHS:
                    whole = work[0]._replace(sources=[s for piece in work for s in piece.sources])
                    raise RuntimeError(deadly(whole)) from error
            else:
                yield from enumerate(found)
                return

    def close(self) -> None:
        """Leave the workers to their owner."""


def as_executor(executor: Any, workers: Any) -> Any:
    """Return who computes the parts, as it was asked for."""
    named = executor is None or isinstance(executor, str)
    if workers is not None:
        if executor is None or not named:
            raise ValueError(
                f"workers={workers!r} belongs to executor='threads' or 'processes': a pool, a "
                "joblib.Parallel or a Dask Client has workers of its own"
            )
        workers = _validation.integer("workers", workers, low=1)
    if executor is None:
        return InPlace()
    if isinstance(executor, str):
        _validation.choice("executor", executor, ("threads", "processes"))
        kind = Threads if executor == "threads" else Processes
        return kind(workers or get_num_threads())
    if isinstance(executor, InPlace | Pool | Processes | Joblib | Dask):
        return executor
    if isinstance(executor, Executor):
        return Pool(executor)
    joblib, distributed = sys.modules.get("joblib"), sys.modules.get("distributed")
    if joblib is not None and isinstance(executor, joblib.Parallel):
        return Joblib(executor)
    if distributed is not None and isinstance(executor, distributed.Client):
        if executor.asynchronous:
            raise ValueError("executor: the Dask Client must not be asynchronous")
        return Dask(executor)
    raise TypeError(
        "executor must be None, 'threads', 'processes', an executor of concurrent.futures, a "
        f"joblib.Parallel or a Dask Client, got {executor!r}"
    )


def _submitted(executor: Executor, left: dict[int, Work]) -> Done:
    """Yield what is done; of a pool that is broken BrokenProcessPool is raised, not waited for.

    Python's pools may leave futures unfinished for ever: those that were submitted while the pool
    broke, and all once its manager came upon one that was cancelled or half an answer (3.11).
    """
    numbers: dict[Future[Terms], int] = {}
    try:
        for number, piece in left.items():
            numbers[_handed_in(executor, piece)] = number
        waiting, suspicious = set(numbers), False
        while waiting:
            done = as_completed(list(waiting), timeout=_QUIET)
            while (future := _next_of(done)) is not None:
                waiting.remove(future)
                suspicious = False
                yield numbers[future], future.result()
            # Twice, as a pool needs a moment to see for itself that a worker died.
            if waiting and _is_broken(executor):
                if suspicious:
                    raise BrokenProcessPool("a worker of the executor died")
                suspicious = True
    finally:
        for future in numbers:
            future.cancel()


def _handed_in(executor: Executor, piece: Work) -> Future[Terms]:
    try:
        return executor.submit(_call, piece)
    except BrokenProcessPool:
        raise
    except (OSError, RuntimeError) as error:
        if _is_broken(executor):
            raise BrokenProcessPool(str(error)) from error
        raise RuntimeError(
            f"the executor of the parts takes no work ({error}): was it shut down? Make new Parts "
            "with one that is open"
        ) from error


def _next_of(done: Iterator[Future[Terms]]) -> Future[Terms] | None:
    """Return the next that is done; None: there is none more, or there was none for a while."""
    try:
        return next(done, None)
    except TimeoutError:
        return None


def _is_broken(executor: Executor) -> bool:
    """Whether a pool of processes has lost one, by what pools know of themselves."""
    if getattr(executor, "_broken", False):
        return True
    processes = getattr(executor, "_processes", None)
    codes = [p.exitcode for p in list(processes.values())] if isinstance(processes, dict) else []
    return any(code not in (None, 0) for code in codes)


def _call(piece: Work) -> Terms:
    return piece()
