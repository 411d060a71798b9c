"""Interleaved timing: in each round every contender takes its turn.

A busy neighbour or a change of clock speed then meets all alike, and the ratio of two contenders
is taken within each round, never between a good minute and a bad one.
"""

import gc
from time import perf_counter

import numpy as np

SHORTEST_TURN = 0.1  # seconds; short work is repeated within a turn until it lasts this long


def time_in_turns(contenders, rounds, shortest_turn=SHORTEST_TURN):
    """Return seconds per unit of work: ``rounds`` figures for each contender's label."""
    counts = {c.label: _calibrate(c, shortest_turn) for c in contenders}
    seconds = {c.label: np.empty(rounds) for c in contenders}
    for i in range(rounds):
        # Each round begins with another one, so that nobody always follows the same neighbour.
        first = i % len(contenders)
        for contender in contenders[first:] + contenders[:first]:
            seconds[contender.label][i] = _take_turn(contender, counts[contender.label])[1]
    return seconds


def _calibrate(contender, shortest_turn):
    """Warm up, and find a number of repetitions that fills a turn."""
    _take_turn(contender, 1)
    count = 1
    while True:
        elapsed, _ = _take_turn(contender, count)
        if elapsed >= shortest_turn:
            return count
        count = max(count + 1, int(count * min(10.0, 1.2 * shortest_turn / elapsed)))


def _take_turn(contender, count):
    contender.prepare()
    gc.collect()
    gc.disable()
    try:
        start = perf_counter()
        units = contender.run(count)
        elapsed = perf_counter() - start
    finally:
        gc.enable()
        contender.finish()
    return elapsed, elapsed / units


def quartiles(samples):
    """Return the lower quartile, the median and the upper quartile."""
    return tuple(float(q) for q in np.quantile(samples, [0.25, 0.5, 0.75]))
