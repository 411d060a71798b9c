"""From a case to its result: contenders made, answers compared, turns timed, targets judged."""

import gc
import os
from dataclasses import dataclass, field

import numpy as np

from bench.question import REFERENCE, Count
from bench.timing import SHORTEST_TURN, quartiles, time_in_turns

UNITS = {"s": 1.0, "ms": 1e3, "µs": 1e6}


@dataclass
class Row:
    """The figures of one contender, in the unit of its case."""

    name: str
    label: str
    samples: list
    differs: str = ""  # from the answer of the others, and how

    @property
    def quartiles(self):
        return quartiles(self.samples)

    @property
    def median(self):
        return self.quartiles[1]


@dataclass
class Verdict:
    """What became of one target; ``reached`` is fastopt's figure or ratio, None where unknown."""

    target: str
    against: str
    reached: float | None
    met: bool | None


@dataclass
class Result:
    """What a case came to."""

    name: str
    title: str
    unit: str
    timed: bool
    rows: list = field(default_factory=list)
    missing: dict = field(default_factory=dict)  # label → why
    verdicts: list = field(default_factory=list)
    skipped: str = ""

    def best(self, name):
        """Return the row of a library's best setting, or of one setting by its label, or None."""
        rows = [row for row in self.rows if name in (row.name, row.label)]
        return min(rows, key=lambda row: row.median) if rows else None

    def ratio(self, row):
        """Return the quartiles of another's time ÷ fastopt's best, taken within each round."""
        own = self.best(REFERENCE)
        if own is None or not self.timed:
            return None
        return quartiles(np.divide(row.samples, own.samples))


def measure(case, rounds, only=(), shortest_turn=SHORTEST_TURN):
    """Return the result of a case; ``only`` are beginnings of labels to keep besides fastopt's."""
    if isinstance(case, Count):
        return _count(case, only)
    result = Result(case.name, case.title, f"{case.unit} a {case.per}", timed=True)
    available = available_memory()
    if case.memory > available:
        result.skipped = (
            f"needs {case.memory / 1e9:.1f} GB, {available / 1e9:.1f} GB of memory are available"
        )
        return result
    made, answers = [], {}
    for label, factory in _wanted(case.contenders, only).items():
        try:
            contender = factory()
            answers[contender.label] = _answer(contender)
        except Exception as error:
            # A peer that cannot run here is named, and the others go on; fastopt has to.
            if label.startswith(REFERENCE) and not isinstance(error, ImportError):
                raise
            result.missing[label] = str(error).partition("\n")[0] or type(error).__name__
        else:
            made.append(contender)
    differs = _compare(answers, case.tolerance)
    rounds = min(rounds, case.rounds or rounds)
    seconds = time_in_turns(made, rounds, shortest_turn) if made else {}
    for contender in made:
        samples = (seconds[contender.label] * UNITS[case.unit]).tolist()
        label = contender.label
        result.rows.append(Row(contender.name, label, samples, differs.get(label, "")))
    del made
    gc.collect()
    result.verdicts = [_judge(target, result) for target in case.targets]
    return result


def _count(case, only):
    result = Result(case.name, case.title, case.unit, timed=False)
    for label, figure in _wanted(case.figures, only).items():
        try:
            result.rows.append(Row(label, label, [float(figure())]))
        except ImportError as error:
            result.missing[label] = str(error)
    result.verdicts = [_judge(target, result) for target in case.targets]
    return result


def _wanted(factories, only):
    kept = (REFERENCE, *only)
    return {k: v for k, v in factories.items() if not only or k.startswith(kept)}


def _answer(contender):
    contender.prepare()
    try:
        return contender.answer()
    finally:
        contender.finish()


def _compare(answers, tolerance):
    """Return label → how far its answer is from the first one, where that is too far."""
    given = {k: np.asarray(v, dtype=float) for k, v in answers.items() if v is not None}
    differs = {}
    for label, answer in given.items():
        first, expected = next(iter(given.items()))
        error = np.max(np.abs(answer - expected)) / np.max(np.abs(expected))
        if not error <= tolerance:
            differs[label] = f"differs by {error:.1e} from {first}"
    return differs


def _judge(target, result):
    own = result.best(REFERENCE)
    other = None if target.against is None else result.best(target.against)
    against = "" if other is None else other.label
    if own is None or (target.against is not None and other is None):
        return Verdict(str(target), against, None, None)
    if target.against is None:
        reached = own.median
    else:
        reached = float(np.median(np.divide(own.samples, other.samples)))
    met = reached >= target.limit if target.at_least else reached <= target.limit
    if target.against is not None and not target.at_least and target.limit < 1:
        reached = 1 / reached
    return Verdict(str(target), against, reached, bool(met))


def available_memory():
    """Return how many bytes this process may still take."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable"):
                    return 1024.0 * float(line.split()[1])
    except OSError:
        pass
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) / 2
    except (AttributeError, ValueError, OSError):
        return 4e9
