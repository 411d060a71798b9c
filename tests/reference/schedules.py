"""Learning-rate schedules as formulas; i counts iterations (weight updates) from 0."""

import math


def power(i, initial, c1, c2=1.0):
    """η_i = η₀ / (1 + i/c₁)^{c₂}."""
    return initial / (1 + i / c1) ** c2


def piecewise_constant(epoch, boundaries, values):
    """values[k] from epoch boundaries[k−1] on, up to but not including boundaries[k]."""
    return values[sum(epoch >= boundary for boundary in boundaries)]


def exponential_decay(i, initial, decay_steps, decay_rate):
    """η_i = η₀ · r^{i/s}."""
    return initial * decay_rate ** (i / decay_steps)


def cosine_decay(i, initial, steps, final=0.0):
    """Half a period of the cosine from η₀ down to ``final``, reached at i = steps and kept."""
    return final + (initial - final) * 0.5 * (1 + math.cos(math.pi * min(i / steps, 1)))


def warm_up(i, schedule, steps):
    """A linear rise over the first ``steps`` iterations on top of another schedule."""
    return schedule(i) * min(1, (i + 1) / steps)


def adaptive(
    learning_rate, loss, new_loss, increase=1.05, decrease=0.7, max_increase=1.04, undo=True
):
    """MATLAB's rule for full batches: the next learning rate and whether the step is kept.

    E fell: keep, η ← increase·η. E grew beyond the factor max_increase: undo (and forget the
    momentum), η ← decrease·η. Between: keep, η stays.
    """
    if new_loss > max_increase * loss:
        return decrease * learning_rate, not undo
    if new_loss < loss:
        return increase * learning_rate, True
    return learning_rate, True
