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


def exponential_staircase(i, initial, decay_steps, decay_rate):
    """η_i = η₀ · r^{⌊i/s⌋}."""
    return initial * decay_rate ** (i // decay_steps)


def step_decay(epoch, initial, every, factor):
    """η = η₀ · r^{⌊epoch/k⌋}."""
    return initial * factor ** (epoch // every)


def cosine_restarts(i, initial, steps, final=0.0, growth=1.0, shrink=1.0):
    """Periods gone through one after the other; η falls by half a cosine in each."""
    height, length = initial - final, steps
    while i >= length:
        i, length, height = i - length, length * growth, height * shrink
    return final + height * 0.5 * (1 + math.cos(math.pi * i / length))


def one_cycle(i, maximum, steps, rise=0.3, start_divisor=25.0, final_divisor=1e4, shape="cosine"):
    """From maximum/a up to the maximum, and from there down to maximum/(a·b), which is kept."""

    def between(a, b, share):
        return a + (b - a) * (share if shape == "linear" else (1 - math.cos(math.pi * share)) / 2)

    top, last = rise * steps - 1, steps - 1
    if i <= top:
        return between(maximum / start_divisor, maximum, i / top)
    end = maximum / start_divisor / final_divisor
    return between(maximum, end, (min(i, last) - top) / (last - top))


def cyclic(i, low, high, steps_up, steps_down, scale):
    """A triangle of height high − low, times scale(cycle, iteration)."""
    cycle, at = divmod(i, steps_up + steps_down)
    height = at / steps_up if at <= steps_up else 1 - (at - steps_up) / steps_down
    return low + (high - low) * height * scale(cycle, i)
