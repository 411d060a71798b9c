"""What is asked: cases that are timed, figures that are counted, and what fastopt is to reach."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.contender import Contender

REFERENCE = "fastopt"


@dataclass(frozen=True)
class Target:
    """fastopt's figure is at most ``limit`` times that of ``against`` (None: ``limit`` itself).

    ``at_least`` turns it around, for figures of which more is better.
    """

    against: str | None
    limit: float
    at_least: bool = False

    def __str__(self):
        if self.against is None:
            return f"{'≥' if self.at_least else '≤'} {self.limit:g}"
        if self.at_least:
            return f"≥ {self.limit:g}× that of {self.against}"
        if self.limit < 1:
            return f"≥ {1 / self.limit:.4g}× as fast as {self.against}"
        return f"≤ {self.limit:.4g}× {self.against}"


def faster(against, ratio):
    """Return the target of being ``ratio`` times as fast as ``against``."""
    return Target(against, 1 / ratio)


def at_most(limit, against=None):
    """Return the target of needing no more than ``limit`` (times what ``against`` needs)."""
    return Target(against, limit)


def at_least(limit, against=None):
    """Return the target of counting no less than ``limit`` (times what ``against`` counts)."""
    return Target(against, limit, at_least=True)


@dataclass(frozen=True)
class Case:
    """Work that several contenders do in turns, on the clock.

    ``contenders`` is a dict of label → factory of a :class:`~bench.contender.Contender`; the label
    is the one that the contender will have, so that it can be named when it is missing. fastopt's
    begin with "fastopt". Answers are compared with those of the first contender that gives one.
    """

    name: str  # as --cases takes it
    title: str
    contenders: dict[str, Callable[[], Contender]]
    targets: tuple[Target, ...] = ()
    unit: str = "µs"  # µs, ms or s, for one unit of the work
    per: str = "step"
    tolerance: float = 1e-3  # of the largest element of the answer
    rounds: int | None = None  # at most that many, where a turn is long
    memory: float = 0.0  # bytes that all contenders need together


@dataclass(frozen=True)
class Count:
    """Figures that need no clock (correct digits, solved problems, peak memory), each made once.

    ``figures`` is a dict of label → function that returns a number; an ImportError names the label
    as missing.
    """

    name: str
    title: str
    figures: dict[str, Callable[[], float]]
    targets: tuple[Target, ...] = ()
    unit: str = ""
