"""Arrays and functions as no test of one thing gives them, drawn from a generator."""

import numpy as np

SCALES = (1.0, 1.0, 1.0, 1e-3, 1e3, 1e-30, 1e19, 1e38, 1e-160, 1e155, 1e300)


class Hostile(Exception):
    """Raised by functions of the campaign: it has to come through as it is."""


def layouts(rng, array):
    """Return the array in another layout, type or byte order, of about the same numbers."""
    kind = rng.integers(8)
    if array.ndim == 0:
        return array
    if kind == 0:
        return np.asfortranarray(array)
    if kind == 1:
        wide = np.zeros([2 * extent for extent in array.shape], array.dtype)
        view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
        view[...] = array
        return view
    if kind == 2:
        return np.ascontiguousarray(array[::-1])[::-1]
    if kind == 3:
        return array.astype(array.dtype.newbyteorder())
    if kind == 4:
        with np.errstate(all="ignore"):
            return array.astype(rng.choice(["float32", "float16", "int8"]))
    if kind == 5:
        array.flags.writeable = False
    return array


def damage(rng, array):
    """Put a number into a copy that has no place in it."""
    array = np.array(array, dtype=float)
    if array.size:
        array.flat[rng.integers(array.size)] = rng.choice([np.nan, np.inf, -np.inf, 1e308, 5e-324])
    return array


def wrong(rng, right):
    """Return something else than a function should."""
    choice = rng.integers(11)
    if choice == 0:
        return None
    if choice == 1:
        return "text"
    if choice == 2:
        return np.nan
    if choice == 3:
        return damage(rng, right)
    if choice == 4:
        return np.zeros((2, *np.shape(right)))
    if choice == 5:
        return np.asarray(right, dtype=complex) + 1j
    if choice == 6:
        return np.zeros(0)
    if choice == 7:
        return [right, right]
    if choice == 8:
        return np.asarray(right, dtype=object)
    if choice == 9:
        return np.asarray(right, dtype=np.float32)[..., None]
    return float("inf")


class Moody:
    """A function that does its work until, at a call drawn in advance, it does something else."""

    def __init__(self, rng, function):
        self.rng, self.function, self.calls = rng, function, 0
        self.mood = rng.choice(["good", "good", "good", "raises", "wrong", "writes", "stops"])
        self.at = int(rng.integers(1, 12))

    def __call__(self, *args):
        self.calls += 1
        with np.errstate(all="ignore"):
            right = self.function(*args)
        if self.calls < self.at or self.mood == "good":
            return right
        if self.mood == "raises":
            raise Hostile(f"in call {self.calls}")
        if self.mood == "stops":
            raise StopIteration
        if self.mood == "writes":
            for given in args:
                if isinstance(given, np.ndarray) and given.flags.writeable:
                    given[...] = np.nan
            return right
        return wrong(self.rng, right)
