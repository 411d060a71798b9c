"""Data in parts: for training, validation and testing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation

Array = npt.NDArray[Any]
Rows = npt.NDArray[Any]  # of whole numbers

KINDS = ("random", "last", "stratified")


class Split(NamedTuple):
    """The rows of three parts, each ascending: ``X[parts.train]``."""

    train: Rows
    validation: Rows
    test: Rows


def split(
    n: int,
    train: float = 0.7,
    validation: float = 0.15,
    test: float = 0.15,
    *,
    stratify: Any = None,
    random_state: Any = None,
    rng: Any = None,
) -> Split:
    """Return the rows of a random part for training, one for validation and one for testing.

    Parameters
    ----------
    n : int
        How many samples there are: ``len(X)``.
    train, validation, test : float
        The shares, in [0, 1]; together 1. The numbers of rows are rounded, the rest is ``train``.
    stratify : array (n,), optional
        The class of each sample, numbers or names: each part gets its share of each class, to
        within two samples.
    random_state : None, int, numpy Generator or RandomState
        None: other parts each time. ``rng`` is another name of it.

    Returns
    -------
    Split
        A named tuple of arrays of row numbers, ascending.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> y = np.sin(3 * X[:, 0])
    >>> parts = fastopt.split(len(X), random_state=0)
    >>> [len(rows) for rows in parts]
    [140, 30, 30]
    >>> net = fastopt.MLP([1, 10, 1], random_state=0)
    >>> train, validation, test = ((X[rows], y[rows]) for rows in parts)
    >>> history = net.fit(*train, "lm", epochs=50, validation_data=validation)
    >>> net.evaluate(*test) < 1e-3
    True
    """
    n = _validation.integer("n", n, low=1)
    counts = _counts(n, train, validation, test)
    seed = _validation.seed(_validation.one_seed(random_state, rng))
    order: Rows = _core.permutation(seed, n).astype(np.intp)
    classes = None
    if stratify is not None:
        classes = np.asarray(stratify).reshape(-1)
        if len(classes) != n:
            raise ValueError(
                f"stratify must hold a class for each of n={n} samples, got {len(classes)}"
            )
        check_strata(order, classes)
    rest, tested = divide(order, counts["test"], classes)
    trained, validated = divide(rest, counts["validation"], classes)
    return Split(np.sort(trained), np.sort(validated), np.sort(tested))


def split_by_time(
    n: int,
    train: float = 0.7,
    validation: float = 0.15,
    test: float = 0.15,
    *,
    gap: int = 0,
) -> Split:
    """Return the rows of three parts of a series, each later than the one before.

    Parameters
    ----------
    n : int
        How many rows there are.
    train, validation, test : float
        The shares, in [0, 1]; together 1. The numbers of rows are rounded, the rest is ``train``.
    gap : int
        Rows that are left out at the end of a part before the next one. Of rows of delayed values
        (:func:`fastopt.lagged`) the longest delay; 0 where the parts of the series itself are taken
        and delayed values are put together in each of them.

    Returns
    -------
    Split
        A named tuple of arrays of row numbers, ascending.

    Examples
    --------
    >>> import fastopt
    >>> parts = fastopt.split_by_time(10, 0.5, 0.3, 0.2, gap=1)
    >>> [rows.tolist() for rows in parts]
    [[0, 1, 2, 3], [5, 6], [8, 9]]
    """
    n = _validation.integer("n", n, low=1)
    gap = _validation.integer("gap", gap, low=0)
    counts = _counts(n, train, validation, test)
    ends = np.cumsum([counts[name] for name in Split._fields])
    parts = []
    for k, name in enumerate(Split._fields):
        start, end = ends[k] - counts[name], ends[k]
        if end < n:  # another part follows
            end -= gap
        if counts[name] > 0 and end <= start:
            raise ValueError(
                f"gap={gap} leaves nothing of the {counts[name]} rows for {name}, of n={n}: take "
                "a longer series, shorter delays or other shares"
            )
        parts.append(np.arange(start, max(start, end)))
    return Split(*parts)


def _counts(n: int, train: float, validation: float, test: float) -> dict[str, int]:
    """Return how many of n rows each part has."""
    shares = {"train": train, "validation": validation, "test": test}
    shares = {name: _validation.number(name, x, low=0, high=1) for name, x in shares.items()}
    total = sum(shares.values())
    if abs(total - 1) > 1e-9:  # 0.7 + 0.15 + 0.15 is 1 to within rounding
        words = " + ".join(f"{name}={x:g}" for name, x in shares.items())
        raise ValueError(f"the shares must add up to 1, got {words} = {total:g}")
    counts = {name: round(shares[name] * n) for name in ("validation", "test")}
    counts["train"] = n - sum(counts.values())
    for name, share in shares.items():
        if share > 0 and counts[name] <= 0:
            raise ValueError(f"{name}={share:g} of {n} samples leaves no sample for it")
    return counts


def divide(order: Rows, n_second: int, classes: Array | None) -> tuple[Rows, Rows]:
    """Return two parts of rows in random order, ``n_second`` in the other one.

    With ``classes`` (of all rows there are) the parts have their shares of each class, to within
    one row.
    """
    if classes is None:
        return order[n_second:], order[:n_second]
    index = np.unique(classes[order], return_inverse=True)[1]
    order = order[np.argsort(index.reshape(-1), kind="stable")]
    # Class by class, every row at which the share's multiples pass a whole number.
    passed = np.arange(len(order) + 1) * n_second // len(order)
    second = np.diff(passed) > 0
    return order[~second], order[second]


def check_strata(rows: Rows, classes: Array) -> None:
    """Refuse a class that cannot stand in two parts."""
    names, index, sizes = np.unique(classes[rows], return_inverse=True, return_counts=True)
    if sizes.min() < 2:
        alone = int(np.argmin(sizes))
        row = int(rows[np.argmax(index.reshape(-1) == alone)])
        raise ValueError(
            f"class {names[alone].item()!r} has one sample, row {row}, and cannot stand in two "
            "parts: stratify by classes, not by measurements"
        )


def check_validation_split(validation_split: Any) -> tuple[str, float]:
    """Return how the part for validation is chosen, and its share; 0 where there is none."""
    kind, share = "random", validation_split
    if isinstance(validation_split, tuple | list):
        if len(validation_split) != 2:
            raise ValueError(
                "validation_split must be a share, or (how, share) such as ('last', 0.2), got "
                f"{validation_split!r}"
            )
        kind = _validation.choice("validation_split[0]", validation_split[0], KINDS)
        share = validation_split[1]
    return kind, _validation.number("validation_split", share, low=0, below=1)
