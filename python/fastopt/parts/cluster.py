"""Parts on a cluster of Dask's."""

from __future__ import annotations

import queue
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from fastopt.parts.sums import MOST_DEATHS, PIECES, Done, Terms, Work, deadly

# How often the workers are looked for, in seconds: it takes milliseconds.
_KNOWN_FOR = 5.0
# After so long without a result it is looked whether those that were to give one are still there.
_QUIET = 1.0
# How long a cluster may have no worker at all: then it is said, and then it is an error. Nannies
# take a second to start a worker anew, schedulers of batch jobs minutes.
_SAY_AFTER, _GIVE_UP_AFTER = 30.0, 600.0


class Dask:
    """A ``Client`` of Dask's: pieces of work prefer the worker that had them before.

    A piece that prefers a worker which died while there was no other is never begun by the
    scheduler (distributed 2026.8: such a task waits for its worker although it may go elsewhere).
    So pieces whose worker is gone are handed in anew.
    """

    shares_memory = False

    def __init__(self, client: Any) -> None:
        self.client = client
        self._looked = 0.0
        self._names: list[str] = []
        self._see_workers()
        self.pieces = PIECES * self.workers

    def _see_workers(self, now: bool = False) -> None:
        """Ask the scheduler who is there."""
        if now or time.monotonic() - self._looked > _KNOWN_FOR:
            self._names = sorted(self.client.nthreads())
            self._looked = time.monotonic()
        self.workers = max(1, len(self._names))

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        self._see_workers()
        round_ = _Round(self.client, work)
        try:
            round_.hand_in(range(len(work)), self._names)
            while round_.waiting:
                found = round_.next_one()
                if found is None:
                    self._see_workers(now=True)
                    round_.look_after(self._names)
                else:
                    yield found
        finally:
            round_.close()

    def close(self) -> None:
        """Leave the cluster to its owner."""


class _Round:
    """Pieces of work that are under way: ``waiting[future]`` is (number, preferred worker)."""

    def __init__(self, client: Any, work: Sequence[Work]) -> None:
        self.client, self.work = client, work
        # One task has the arguments: they travel once to each worker, between workers.
        self.arguments = client.submit(_same, work[0].arguments, pure=False)
        self.waiting: dict[Any, tuple[int, str | None]] = {}
        self.deaths = Counter[int]()
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._alone_since: float | None = None
        self._said = False

    def hand_in(self, numbers: Iterable[int], names: list[str]) -> None:
        """Submit pieces, each with the worker that it prefers."""
        for number in numbers:
            piece = self.work[number]
            where = names[number * len(names) // len(self.work)] if names else None
            future = self.client.submit(
                _on_worker,
                piece.function,
                piece.start,
                [_without_blocks(source) for source in piece.sources],
                [_blocks_of(source) for source in piece.sources],
                self.arguments,
                workers=[where] if where else None,
                allow_other_workers=where is not None,
                pure=False,
            )
            self.waiting[future] = number, where
            future.add_done_callback(self._done.put)

    def next_one(self) -> tuple[int, Terms] | None:
        """Return the next result; None: there was none for a while, or it was lost."""
        from distributed.scheduler import KilledWorker

        try:
            future = self._done.get(timeout=_QUIET)
        except queue.Empty:
            return None
        if future not in self.waiting:  # it was handed in anew
            return None
        number, _ = self.waiting[future]
        try:
            terms = self._fetched(future)
        except KilledWorker as error:
            self.deaths[number] += 1
            if self.deaths[number] == MOST_DEATHS:
                raise RuntimeError(deadly(self.work[number])) from error
            del self.waiting[future]
            self._begin_blocks_anew(number)
            self.hand_in([number], [])
            return None
        if terms is None:  # lost with its worker before it got here
            future.add_done_callback(self._done.put)
            return None
        del self.waiting[future]
        return number, terms

    def _fetched(self, future: Any) -> Terms | None:
        """Return what a future holds; None where its worker died on the way."""
        patience = _QUIET
        while True:
            try:
                terms: Terms = future.result(timeout=patience)
                return terms
            except TimeoutError:
                if future.status != "finished":
                    return None
                patience *= 2  # large sums take their time

    def look_after(self, names: list[str]) -> None:
        """Hand in anew what prefers workers that are gone; complain where there are none."""
        if not names:
            self._complain()
            return
        self._alone_since = None
        there = set(names)
        lost = {f: number for f, (number, name) in self.waiting.items() if name not in there}
        lost = {f: number for f, number in lost.items() if self.waiting[f][1] is not None}
        if lost:
            self._forget(list(lost))
            self.hand_in(lost.values(), names)

    def _complain(self) -> None:
        now = time.monotonic()
        if self._alone_since is None:
            self._alone_since = now
        alone = now - self._alone_since
        if alone > _GIVE_UP_AFTER:
            first = self.work[min(number for number, _ in self.waiting.values())]
            raise RuntimeError(
                f"the cluster of Dask has had no workers for {_GIVE_UP_AFTER:.0f} s; part "
                f"{first.start}, {first.sources[0]}, and others wait: start workers, and go on "
                "from net.history_ or a checkpoint"
            )
        if alone > _SAY_AFTER and not self._said:
            self._said = True
            warnings.warn(
                f"the cluster of Dask has had no workers for {_SAY_AFTER:.0f} s: the run waits "
                f"for some, for {_GIVE_UP_AFTER:.0f} s. A cluster of Dask's gives up workers that "
                "are not back in time: distributed.deploy.lost-worker-timeout",
                RuntimeWarning,
                stacklevel=2,
            )

    def _begin_blocks_anew(self, number: int) -> None:
        """Let Dask make those blocks again that were given up with the workers that died."""
        for source in self.work[number].sources:
            for block in _blocks_of(source) or ():
                if getattr(block, "status", None) == "error":
                    block.retry()

    def _forget(self, futures: list[Any]) -> None:
        for future in futures:
            del self.waiting[future]
        self.client.cancel(futures)

    def close(self) -> None:
        """Take back what is not done; else Dask forgets it by itself, and nobody waits for it."""
        if self.waiting:
            self._forget([*self.waiting])
            self.client.cancel([self.arguments])


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
