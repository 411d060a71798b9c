"""Who computes the parts: this process, threads, processes, joblib, or a cluster of Dask's.

Each takes pieces of work and yields ``(number, terms)`` as they are done, in any order. A worker
that dies costs time: what it had not finished is computed again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import (
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from fastopt import _core, _validation
from fastopt._runtime import get_num_threads, set_num_threads
from fastopt.parts.sums import Terms, Work

Done = Iterator[tuple[int, Terms]]

# Deaths of workers in a row between which no piece of work is finished: then it is the work that
# kills them, as a part does that needs more memory than there is.
_MOST_DEATHS = 5
# Pieces of work for each worker, so that none waits long for the last one.
_PIECES = 4


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
        self.workers, self.pieces = workers, _PIECES * workers

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
    """An executor of the user's own; where its workers die, this process goes on without it."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.shares_memory = isinstance(executor, ThreadPoolExecutor)
        self.workers = int(getattr(executor, "_max_workers", 0) or os.cpu_count() or 1)
        self.pieces = _PIECES * self.workers

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        left = dict(enumerate(work))
        try:
            for number, terms in _submitted(self._executor, dict(left)):
                del left[number]
                yield number, terms
        except BrokenProcessPool:
            warnings.warn(
                "a worker of the executor died, and the executor with it: this process computes "
                "what is left. Parts(..., executor='processes') starts new workers instead",
                RuntimeWarning,
                stacklevel=2,
            )
            self._executor = ThreadPoolExecutor(1)
            for number, piece in left.items():
                yield number, piece()

    def close(self) -> None:
        """Leave the executor to its owner."""


class Processes:
    """Processes of its own, started anew where one dies."""

    shares_memory = False

    def __init__(self, workers: int) -> None:
        self.workers, self.pieces = workers, _PIECES * workers
        self._pool: ProcessPoolExecutor | None = None

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        left, deaths = dict(enumerate(work)), 0
        while left:
            try:
                for number, terms in _submitted(self._started(), dict(left)):
                    del left[number]
                    deaths = 0
                    yield number, terms
            except BrokenProcessPool as error:
                self.close()
                deaths += 1
                if deaths == _MOST_DEATHS:
                    raise RuntimeError(_killed(list(left.values()))) from error

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not forked: what other threads of this process hold locked would stay so.
            self._pool = ProcessPoolExecutor(
                self.workers,
                multiprocessing.get_context("spawn"),
                _begin_worker,
                (max(1, get_num_threads() // self.workers),),
            )
        return self._pool

    def close(self) -> None:
        """End the processes; what they are at is not waited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


class Joblib:
    """A ``joblib.Parallel`` of the user's."""

    def __init__(self, parallel: Any) -> None:
        self._parallel = parallel
        backend = parallel._backend
        self.shares_memory = bool(getattr(backend, "supports_sharedmem", False))
        self.workers = max(1, int(backend.effective_n_jobs(parallel.n_jobs)))
        self.pieces = _PIECES * self.workers

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        from joblib import delayed

        for deaths in range(_MOST_DEATHS):
            try:
                found = self._parallel(delayed(_call)(piece) for piece in work)
            except BrokenProcessPool as error:  # loky's errors are of this kind
                if deaths + 1 == _MOST_DEATHS:
                    raise RuntimeError(_killed(list(work))) from error
            else:
                yield from enumerate(found)
                return

    def close(self) -> None:
        """Leave the workers to their owner."""


class Dask:
    """A ``Client`` of Dask's: pieces of work prefer the worker that had them before."""

    shares_memory = False

    def __init__(self, client: Any) -> None:
        self.client = client
        self._looked = 0.0
        self._names: list[str] = []
        self._see_workers()
        self.pieces = _PIECES * self.workers

    def _see_workers(self) -> None:
        """Ask the scheduler who is there; not each time, as that takes milliseconds."""
        if time.monotonic() - self._looked > 5.0:
            self._names = sorted(self.client.nthreads())
            self._looked = time.monotonic()
        self.workers = max(1, len(self._names))

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        from distributed import as_completed as completed
        from distributed.scheduler import KilledWorker

        self._see_workers()
        left, deaths = dict(enumerate(work)), 0
        while left:
            # One task has the arguments: they travel once to each worker, between workers.
            first = next(iter(left.values()))
            arguments = self.client.submit(_same, first.arguments, pure=False)
            futures = {}
            for number, piece in left.items():
                where = self._names[number * len(self._names) // len(work) :][:1]
                future = self.client.submit(
                    _on_worker,
                    piece.function,
                    piece.start,
                    [_without_blocks(source) for source in piece.sources],
                    [_blocks_of(source) for source in piece.sources],
                    arguments,
                    workers=where or None,
                    allow_other_workers=True,
                    pure=False,
                )
                futures[future] = number
            try:
                for future in completed(list(futures)):
                    terms = future.result()
                    del left[futures[future]]
                    deaths = 0
                    yield futures[future], terms
            except KilledWorker as error:
                deaths += 1
                if deaths == _MOST_DEATHS:
                    raise RuntimeError(_killed(list(left.values()))) from error
            finally:
                if left:  # else Dask forgets them by itself, and nobody waits for it
                    self.client.cancel([*futures, arguments])

    def close(self) -> None:
        """Leave the cluster to its owner."""


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
    numbers: dict[Future[Terms], int] = {}
    try:
        numbers = {executor.submit(_call, piece): number for number, piece in left.items()}
        for future in as_completed(numbers):
            yield numbers[future], future.result()
    finally:
        for future in numbers:
            future.cancel()


def _call(piece: Work) -> Terms:
    return piece()


def _same(value: Any) -> Any:
    return value


def _on_worker(
    function: Any, start: int, sources: list[Any], blocks: list[Any], arguments: tuple[Any, ...]
) -> Terms:
    """Do a piece of work on a worker of Dask's, with the blocks of its collections at hand."""
    there = [
        source if block is None else source.filled(block)
        for source, block in zip(sources, blocks, strict=True)
    ]
    return Work(function, start, there, arguments)()


def _blocks_of(source: Any) -> Any:
    """Return the futures of a part of Dask's collections, which Dask finds in lists."""
    return getattr(source, "blocks", None)


def _without_blocks(source: Any) -> Any:
    return source.filled(None) if hasattr(source, "blocks") else source


def _begin_worker(threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who waits for the work
    set_num_threads(threads)


def _killed(left: list[Work]) -> str:
    named = ", ".join(str(piece.sources[0]) for piece in left[:4])
    return (
        f"workers died {_MOST_DEATHS} times in a row without a part being finished, as they do "
        f"where memory is short; under way were the parts from {named}: take smaller parts or "
        "fewer workers"
    )
