"""Input validation at the API boundary: arguments are checked here, once, before work starts.

Each function returns the checked value in the one type that the rest of fastopt works with, or
raises with the name, the value and what is allowed.
"""

import math
from collections.abc import Callable, Collection
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _names
from fastopt._interop import Frame, as_array, cure_of_text, first_that_is_no_number

Array = npt.NDArray[Any]

_BOOLS = (bool, np.bool_)

LARGEST = 2**63 - 1  # that C++ can count to

_ELEMENTS_AT_ONCE = 1 << 16  # so that checking a huge array needs little memory


def interval(
    low: float | None, high: float | None, above: float | None, below: float | None
) -> str:
    """Write a range as mathematics does: "[0, 1)"."""
    left = f"({above}" if above is not None else "(-inf" if low is None else f"[{low}"
    right = f"{below})" if below is not None else "inf)" if high is None else f"{high}]"
    return f"{left}, {right}"


def number(
    name: str,
    value: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """Return a finite number of the range ``low <= value <= high``, ``above < value < below``."""
    if type(value) is not float and (isinstance(value, _BOOLS) or not isinstance(value, Real)):
        allowed = interval(low, high, above, below)
        raise TypeError(f"{name} must be a number in {allowed}, got {value!r}")
    x = float(value)
    if (
        not math.isfinite(x)
        or (low is not None and x < low)
        or (high is not None and x > high)
        or (above is not None and x <= above)
        or (below is not None and x >= below)
    ):
        allowed = interval(low, high, above, below)
        raise ValueError(f"{name} must be a number in {allowed}, got {value!r}")
    return x


def integer(name: str, value: Any, *, low: int | None = None, high: int | None = None) -> int:
    """Return an integer of the range ``low <= value <= high``."""
    if type(value) is not int and (isinstance(value, _BOOLS) or not isinstance(value, Integral)):
        allowed = interval(low, high, None, None)
        raise TypeError(f"{name} must be an integer in {allowed}, got {value!r}")
    i = int(value)
    if (low is not None and i < low) or (high is not None and i > high):
        allowed = interval(low, high, None, None)
        raise ValueError(f"{name} must be an integer in {allowed}, got {value!r}")
    if high is None and i > LARGEST:
        raise ValueError(f"{name} must be at most 2**63 - 1, got {value!r}")
    return i


def count(name: str, value: Any, *, low: int = 0) -> int:
    """Return how many of something there are to be; 100.0 is 100."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return integer(name, value, low=low)


def verbosity(verbose: Any, high: int | None = None) -> int:
    """Return how much is shown; True is 1."""
    if isinstance(verbose, bool):
        verbose = int(verbose)
    return integer("verbose", verbose, low=0, high=high)


def function(name: str, value: Any) -> Any:
    """Return what can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be callable, got {value!r}")
    return value


def flag(name: str, value: Any) -> bool:
    """Return a bool; numbers are not taken for one."""
    if not isinstance(value, _BOOLS):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def choice(name: str, value: Any, choices: Collection[str], kind: str = "") -> str:
    """Return one of the names in ``choices``, which may be written in any case.

    ``kind`` says what is named, so that the words of other software are understood too: see
    :mod:`fastopt._names`.
    """
    if isinstance(value, str):
        if value in choices:
            return str(value)  # of NumPy's strings too
        known = _names.canonical(kind, value, choices)
        if known is not None:
            return known
    listed = ", ".join(repr(c) for c in choices)
    error = ValueError if isinstance(value, str) else TypeError
    cure = _names.hint(kind, value, choices)
    raise error(f"{name} must be one of {listed}, got {value!r}{cure}")


def one_seed(random_state: Any, rng: Any) -> Any:
    """Return ``random_state``, or ``rng``, its name by SPEC 7 of Scientific Python; not both."""
    if rng is not None and random_state is not None:
        raise TypeError(f"give random_state or rng, not both: got {random_state!r} and {rng!r}")
    return random_state if rng is None else rng


def seed(random_state: Any) -> int:
    """Return the 64-bit seed that ``random_state`` stands for.

    Parameters
    ----------
    random_state : None, int, or of numpy.random Generator, RandomState, SeedSequence, BitGenerator
        None: fresh entropy of the operating system. A non-negative integer below 2⁶⁴: itself.
        A generator: the next number that it draws, so its state moves on.
    """
    if isinstance(random_state, np.random.SeedSequence):
        return int(random_state.generate_state(1, np.uint64)[0])
    if isinstance(random_state, np.random.BitGenerator):
        random_state = np.random.Generator(random_state)
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(0, 2**64, dtype=np.uint64))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(0, 2**64, dtype=np.uint64))
    if isinstance(random_state, bool | np.bool_) or not isinstance(random_state, Integral):
        raise TypeError(
            "random_state must be None, a non-negative integer, a numpy Generator or a "
            f"RandomState, got {random_state!r}"
        )
    return integer("random_state", random_state, low=0, high=2**64 - 1)


def array(
    name: str,
    value: Any,
    *,
    ndim: int | tuple[int, ...] = 2,
    finite: bool = True,
    dtype: npt.DTypeLike = np.float64,
    missing: bool = False,
    cure: str = "",
    hint: Callable[[tuple[int, ...]], str] | None = None,
) -> Array:
    """Return real numbers as an array, which is the caller's own wherever it can be.

    float16, float32, float64, integers and bools are accepted in any byte order and layout,
    read-only and memory-mapped too: nothing is copied here. Frames whose columns differ are put
    together column by column; tensors come by DLPack.

    Parameters
    ----------
    ndim : int or tuple of int
        The numbers of dimensions that are allowed.
    finite : bool
        Whether NaN and infinities are refused, with the place of the first one.
    dtype : float64 or float32
        What they are computed with: numbers beyond its range are refused with the infinities.
    missing : bool
        Whether NaN is let through all the same.
    cure : str
        What an error over NaN goes on with.
    hint : callable, optional
        (shape) → what an error over the number of dimensions goes on with.

    Raises
    ------
    TypeError
        Numbers that are not real: complex, object, strings, dates.
    ValueError
        A wrong number of dimensions, no rows, no columns, NaN or infinity, beyond the range.
    """
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    check_masks(name, value)
    try:
        x, frame = as_array(name, value)
    except ValueError as error:  # nested lists of unequal lengths
        raise ValueError(f"{name} must be an array of {_dimensions(allowed)}: {error}") from None
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {x.dtype}{_kind_hint(name, x)}")
    if x.ndim not in allowed:
        told = _reshape_hint(name, x.shape) if hint is None else hint(x.shape)
        raise ValueError(f"{name} must have {_dimensions(allowed)}, got shape {x.shape}{told}")
    if x.size == 0:
        if x.ndim == 1 and 0 in allowed:
            raise ValueError(f"{name} is empty: it must hold at least one number")
        what = "no columns" if x.shape[0] else "no rows"
        raise ValueError(f"{name} has {what}: shape {x.shape}")
    if finite:
        check_finite(name, x, dtype, frame, missing, cure)
    return x


def _reshape_hint(name: str, shape: tuple[int, ...]) -> str:
    return f"; {name}.reshape(-1, 1) makes one column of it" if len(shape) == 1 else ""


def _kind_hint(name: str, x: Array) -> str:
    """Return what is wrong with an array that holds no numbers, and the cure."""
    if x.dtype.kind in "US" and x.size:
        first = x.flat[0]
        return f" ({str(first)!r} at {_place([0] * x.ndim)})" + cure_of_text(name, str(first))
    if x.dtype.kind != "O" or x.ndim == 0:
        return ""
    found = first_that_is_no_number(x)
    if found is None:
        return f"; {name}.astype(float) makes numbers of it (a frame is read as it is)"
    at, value = found
    return f" ({value!r} at {_place(list(at))}){cure_of_text(name, value)}"


def vector(name: str, value: Any) -> npt.NDArray[np.float64]:
    """Return real numbers, at least one, as a new vector of doubles; NaN may be among them."""
    x = array(name, value, ndim=(0, 1), finite=False)
    return np.array(np.atleast_1d(x), dtype=np.float64)


def check_masks(name: str, value: Any) -> None:
    """Raise ValueError where elements of a masked array are masked: as numbers they would count."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(
            f"{name} has masked elements, and a mask is not followed: leave them out, or fill them"
        )


def same_length(**arrays: Array | None) -> None:
    """Raise ValueError unless all arrays (None is skipped) have as many rows as the first."""
    given = {name: len(x) for name, x in arrays.items() if x is not None}
    first = next(iter(given))
    for name, length in given.items():
        if length != given[first]:
            raise ValueError(
                f"{name} has {length} rows and {first} has {given[first]}: they must be equal"
            )


def check_finite(
    name: str,
    x: Array,
    dtype: npt.DTypeLike = np.float64,
    frame: Frame | None = None,
    missing: bool = False,
    cure: str = "",
) -> None:
    """Raise ValueError naming the place of the first number of ``x`` not finite in ``dtype``.

    With ``missing`` NaN is let through; ``frame`` knows the names of columns.
    """
    if x.dtype.kind != "f":
        return
    if x.ndim == 0:
        if not _is_finite(x, dtype):
            raise ValueError(f"{name} is {x}")
        return
    step = max(1, _ELEMENTS_AT_ONCE * len(x) // max(1, x.size))
    for start in range(0, len(x), step):
        finite = _is_finite(x[start : start + step], dtype)
        if missing:
            finite |= np.isnan(x[start : start + step])
        if finite.all():
            continue
        at = [int(k) for k in np.argwhere(~finite)[0]]
        at[0] += start
        found = x[tuple(at)]
        what = "all numbers must be finite"
        if np.isfinite(found):
            info = np.finfo(np.dtype(dtype))
            what = f"the largest number of {info.dtype} is {info.max!s}"
        elif np.isnan(found):
            what += cure
        shown = found if frame is None else frame.value(*at, *[0] * (2 - len(at)))
        place = _place(at) if frame is None else frame.place(*at)
        raise ValueError(f"{name} holds {shown!s} at {place}: {what}")


def _is_finite(x: Array, dtype: npt.DTypeLike) -> Any:
    """Return where ``x`` is finite, and stays so when it is rounded to ``dtype``."""
    if x.dtype.itemsize > np.dtype(dtype).itemsize:
        with np.errstate(over="ignore"):
            x = x.astype(dtype)
    return np.isfinite(x)


def _place(at: list[int]) -> str:
    if len(at) > 2:
        return f"index {tuple(at)}"
    return " ".join(f"{word} {i}" for word, i in zip(("row", "column"), at, strict=False))


def _dimensions(allowed: tuple[int, ...]) -> str:
    if allowed == (0, 1):
        return "at most one dimension"
    plural = "" if allowed == (1,) else "s"
    return " or ".join(str(n) for n in allowed) + f" dimension{plural}"
