"""Independent work in threads of Python's: calls into C++ let go of its lock and run at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from fastopt import _core

T = TypeVar("T")


def side_by_side(work: Callable[[int], T], count: int, take: Callable[[int, T], None]) -> None:
    """Call ``work(0)`` … ``work(count − 1)``, and ``take(k, result)`` of each as it comes.

    ``take`` is called by the calling thread alone. Ctrl-C, or whatever a piece of work raises, ends
    the others as Ctrl-C would, within 0.1 s. Where there is work for all threads, each works alone.
    """
    threads = _core.threads()
    workers = min(count, threads)
    if workers == 1:
        for k in range(count):
            take(k, work(k))
        return
    team = _core.Team()

    def member(k: int) -> T:
        with team:
            return work(k)

    pool = ThreadPoolExecutor(workers)
    try:
        if workers == threads:
            _core.set_threads(1)
        numbers = {pool.submit(member, k): k for k in range(count)}
        for future in as_completed(numbers):
            take(numbers.pop(future), future.result())
    except BaseException:
        team.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        _core.set_threads(threads)
