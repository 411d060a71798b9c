"""Sums over parts in a fixed pairwise order, whoever computes which of them.

The order is a binary tree that the number of parts alone decides on. Work is handed out by whole
subtrees of it, so that a sum has the same bits however many workers there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

Range = tuple[int, int]
Terms = tuple[Any, ...]

# Pieces of work for each worker, so that none waits long for the last one.
PIECES = 4
# So many workers die of one piece of work before it is taken for what kills them, as a part does
# that needs more memory than there is.
MOST_DEATHS = 5
# Parts of one piece of work at most: so much is lost with a worker that is killed.
_MOST_PARTS = 16


class PartError(RuntimeError):
    """What went wrong in one part of the data: its message names the part.

    The exception itself is its ``__cause__`` where the part was read in the same process.

    Attributes
    ----------
    part : int
        The number of the part, from 0.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> parts = fastopt.Parts([(X, X), (X, X[:50])])
    >>> try:
    ...     fastopt.MLP([1, 3, 1]).fit(parts, optimizer="lm")
    ... except fastopt.PartError as error:
    ...     print(error)
    part 1, arrays of 100 rows: ValueError: y has 50 rows and X has 100: they must be equal
    """

    def __init__(self, message: str, part: int = -1) -> None:
        super().__init__(message, part)
        self.part = part

    def __str__(self) -> str:
        return str(self.args[0])


class Work(NamedTuple):
    """A piece of work: the sum over a range of the parts, at most a subtree of all.

    ``function(number, source, *arguments)`` gives the terms of a part.
    """

    function: Callable[..., Terms]
    start: int
    sources: Sequence[Any]
    arguments: tuple[Any, ...]

    @property
    def range(self) -> Range:
        """The first part, and the one after the last."""
        return self.start, self.start + len(self.sources)

    def __call__(self) -> Terms:
        """Return the sum."""
        return pairwise(self._term, *self.range)

    def _term(self, number: int) -> Terms:
        source = self.sources[number - self.start]
        try:
            return self.function(number, source, *self.arguments)
        except PartError:
            raise
        except Exception as error:
            said = f"part {number}, {source}: {type(error).__name__}: {error}"
            raise PartError(said, number) from error


Done = Iterator[tuple[int, Terms]]


def deadly(piece: Work, exit_code: int | None = None) -> str:
    """Return what is to be said of a piece of work that ends its workers."""
    first, last = piece.start, piece.range[1] - 1
    named = f"part {first}, {piece.sources[0]}"
    if last > first:
        named = f"one of the parts {first} to {last}, the first of them {piece.sources[0]}"
    cure = "memory is short, most likely: take smaller parts or fewer workers"
    if exit_code is not None and exit_code > 0:
        cure = (
            f"the last one ended with exit code {exit_code}: a script that uses processes keeps "
            "its work under if __name__ == '__main__', and what a worker prints tells more"
        )
    return f"workers died {MOST_DEATHS} times at {named}; {cure}"


def cut(start: int, stop: int) -> int:
    """Return where a range is cut in two: the first half is the largest power of two below it."""
    return start + (1 << ((stop - start - 1).bit_length() - 1))


def pairwise(term: Callable[[int], Terms], start: int, stop: int) -> Terms:
    """Return the sum of ``term(start)`` … ``term(stop − 1)``; few of them are held at a time."""
    if stop - start == 1:
        return term(start)
    middle = cut(start, stop)
    return _added(pairwise(term, start, middle), pairwise(term, middle, stop))


def combined(found: dict[Range, Terms], start: int, stop: int) -> Terms:
    """Return the sum over a range of those of its subtrees, which are taken out of ``found``."""
    if (start, stop) in found:
        return found.pop((start, stop))
    middle = cut(start, stop)
    return _added(combined(found, start, middle), combined(found, middle, stop))


def ranges(count: int, wanted: int) -> list[Range]:
    """Return subtrees that make up all parts: as many as are wanted, where there are so many."""
    most = 1
    while most < _MOST_PARTS and 2 * most * wanted <= count:
        most *= 2

    def within(start: int, stop: int) -> list[Range]:
        if stop - start <= most:
            return [(start, stop)]
        middle = cut(start, stop)
        return [*within(start, middle), *within(middle, stop)]

    return within(0, count)


def _added(a: Terms, b: Terms) -> Terms:
    return tuple(x + y for x, y in zip(a, b, strict=True))
