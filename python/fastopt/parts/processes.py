"""Processes that compute parts, each at a pipe of its own: one that dies harms no other."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import threading
import traceback
import weakref
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from fastopt._runtime import get_num_threads, set_num_threads
from fastopt.parts.sums import MOST_DEATHS, PIECES, Done, Work, deadly

# How long a process may take to end by itself once its pipe is closed, in seconds.
_PATIENCE = 1.0


class Processes:
    """Processes of its own, started anew where one dies."""

    shares_memory = False

    def __init__(self, workers: int) -> None:
        self.workers, self.pieces = workers, PIECES * workers
        self._team: list[_Worker] = []
        self._one_at_a_time = threading.Lock()
        self._end = weakref.finalize(self, _end_all, self._team)

    @property
    def pids(self) -> list[int]:
        """The processes that there are."""
        return [int(worker.process.pid or 0) for worker in list(self._team)]

    def run(self, work: Sequence[Work]) -> Done:
        """Yield the number and the sum of each piece of work."""
        pieces = [pickle.dumps(piece) for piece in work]
        left, deaths, run = deque(range(len(work))), Counter[int](), object()
        with self._one_at_a_time:
            under_way = len(work)
            while under_way:
                self._hand_out(left, pieces, run)
                answered, died = self._waited_for(run)
                for worker in died:
                    number = worker.number
                    worker.end()
                    self._team.remove(worker)
                    if worker.run is run:
                        left.appendleft(number)
                        deaths[number] += 1
                        if deaths[number] == MOST_DEATHS:
                            raise RuntimeError(deadly(work[number], worker.process.exitcode))
                self._hand_out(left, pieces, run)  # before the consumer takes its time
                for number, answer in answered:
                    under_way -= 1
                    yield number, _opened(answer)

    def _hand_out(self, left: deque[int], pieces: list[bytes], run: object) -> None:
        """Give the next pieces to those that have none; as many processes as there are pieces."""
        idle = [worker for worker in self._team if worker.run is None]
        while left:
            if not idle:
                if len(self._team) == self.workers:
                    return
                idle.append(_Worker(max(1, get_num_threads() // self.workers)))
                self._team.append(idle[-1])
            number = left.popleft()
            idle.pop().begin(run, number, pieces[number])

    def _waited_for(self, run: object) -> tuple[list[tuple[int, bytes]], list[_Worker]]:
        """Return what has been answered since, and the processes that have died.

        Answers to a run that was broken off are dropped.
        """
        busy = [worker for worker in self._team if worker.run is not None]
        ready = set(wait([end for worker in busy for end in worker.ends]))
        answered: list[tuple[int, bytes]] = []
        died: list[_Worker] = []
        for worker in busy:
            if ready.isdisjoint(worker.ends):
                continue
            try:
                if worker.pipe not in ready:
                    raise EOFError
                answer = worker.pipe.recv_bytes()
            except (EOFError, OSError):
                died.append(worker)
                continue
            if worker.run is run:
                answered.append((worker.number, answer))
            worker.run = None
        return answered, died

    def close(self) -> None:
        """End the processes; what they are at is not waited for."""
        with self._one_at_a_time:
            _end_all(self._team)


class _Worker:
    """A process and this end of its pipe; ``run`` is what its piece belongs to, None: it has none.

    It holds the only other end: when it is gone, reading and writing say so.
    """

    def __init__(self, threads: int) -> None:
        # Not forked: what other threads of this process hold locked would stay so.
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, threads))
        try:
            self.process.start()
        finally:
            other.close()
        self.ends = self.pipe, self.process.sentinel
        self.run: object | None = None
        self.number = -1

    def begin(self, run: object, number: int, piece: bytes) -> None:
        self.run, self.number = run, number
        with suppress(OSError):  # it is dead, as reading will tell
            self.pipe.send_bytes(piece)

    def end(self) -> None:
        """End the process at once, and let go of it."""
        self.pipe.close()
        self.process.terminate()
        self.process.join(_PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _end_all(team: list[_Worker]) -> None:
    for worker in team:
        worker.pipe.close()
        worker.process.terminate()
    while team:
        team.pop().end()


def _serve(pipe: Connection, threads: int) -> None:
    """Do pieces of work until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who waits for the work
    set_num_threads(threads)
    while True:
        try:
            piece = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        answer = _answer(piece)
        with suppress(OSError):  # nobody waits for it any more, as reading will tell
            pipe.send_bytes(answer)


def _answer(piece: bytes) -> bytes:
    """Return the sum, or the exception and where it came from."""
    try:
        return pickle.dumps((pickle.loads(piece)(), None, None))
    except BaseException as error:
        where = traceback.format_exc()
        try:
            answer = pickle.dumps((None, error, where))
            pickle.loads(answer)
        except Exception:  # an exception that cannot travel
            answer = pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}"), where))
        return answer


class _InWorker(Exception):
    """Where an exception came from, in the process of a worker."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def _opened(answer: bytes) -> Any:
    terms, error, where = pickle.loads(answer)
    if error is None:
        return terms
    raise error from _InWorker(where)
