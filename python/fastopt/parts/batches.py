"""Mini-batches of parts, in the order of a shuffle of blocks and of a buffer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fastopt import _validation

Arrays = tuple[Any, ...]


def batches(
    sources: Sequence[Any], batch_size: int, shuffle: bool, parts_at_once: int, random_state: Any
) -> Iterator[Arrays]:
    """Yield batches of the rows of all parts, each row once."""
    order, random = np.arange(len(sources)), None
    if shuffle:
        random = np.random.default_rng(
            None if random_state is None else _validation.seed(random_state)
        )
        order = random.permutation(len(sources))
    left: Arrays | None = None
    step = parts_at_once if shuffle else 1
    for start in range(0, len(order), step):
        read = [sources[i].load() for i in order[start : start + step]]
        buffer = _joined([*([left] if left is not None else []), *read])
        if random is not None:
            rows = random.permutation(len(buffer[0]))
            buffer = tuple(array[rows] for array in buffer)
        whole = len(buffer[0]) // batch_size * batch_size
        for at in range(0, whole, batch_size):
            yield tuple(array[at : at + batch_size] for array in buffer)
        # A copy: a view would hold the whole buffer.
        left = tuple(np.array(array[whole:]) for array in buffer)
    if left is not None and len(left[0]):
        yield left


def _joined(read: list[Arrays]) -> Arrays:
    if len({len(arrays) for arrays in read}) != 1:
        raise ValueError("some parts have sample_weight and others have none")
    return tuple(
        np.concatenate([np.asarray(a) for a in arrays]) for arrays in zip(*read, strict=True)
    )
