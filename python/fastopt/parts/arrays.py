"""Arrays that a worker opens for itself: what travels is where they are, not what they hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Mapped:
    """An array in a file, mapped by whoever opens it."""

    path: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    strides: tuple[int, ...]
    is_mapped = True

    def open(self) -> Array:
        """Return the array; nothing is read yet."""
        whole = np.memmap(self.path, np.uint8, mode="r")
        array: Array = np.ndarray(self.shape, self.dtype, whole, self.offset, self.strides)
        return array

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, eq=False)
class InMemory:
    """An array in the memory of this process."""

    array: Array
    is_mapped = False

    @property
    def shape(self) -> tuple[int, ...]:
        """As of the array."""
        return self.array.shape

    def open(self) -> Array:
        """Return the array."""
        return self.array

    def __str__(self) -> str:
        return "arrays"


@dataclass(frozen=True, eq=False)
class Stored:
    """An array that reads what is asked for and can be pickled, as those of Zarr."""

    array: Any
    is_mapped = False

    @property
    def shape(self) -> tuple[int, ...]:
        """As of the array."""
        return tuple(self.array.shape)

    def open(self) -> Any:
        """Return the array; rows are read where they are asked for."""
        return self.array

    def __str__(self) -> str:
        return type(self.array).__name__


AnyArray = Mapped | InMemory | Stored


def as_stored(name: str, value: Any) -> AnyArray:
    """Return an array, a memory map, the path of an NPY, or an array of Zarr's as one of these."""
    if isinstance(value, str | os.PathLike):
        path = Path(value)
        if path.suffix.casefold() != ".npy":
            raise ValueError(
                f"{name} must be an array or the path of an .npy file, got {str(path)!r}: tables "
                "are for Parts.from_tables"
            )
        value = np.load(path, mmap_mode="r")
    if isinstance(value, np.memmap):
        found = _in_file(value)
        if found is not None:
            return found
    if isinstance(value, np.ndarray):
        return InMemory(value)
    if hasattr(value, "shape") and hasattr(value, "dtype") and hasattr(value, "__getitem__"):
        if hasattr(value, "dask"):
            raise TypeError(f"{name} is a collection of Dask's: use Parts.from_dask")
        return Stored(value)
    return InMemory(np.asarray(value))


def _in_file(array: Any) -> Mapped | None:
    """Return where a memory map, or a view of one, lies in its file; None: it has no name."""
    whole = array
    while isinstance(whole.base, np.memmap):
        whole = whole.base
    if whole.filename is None or not os.path.exists(whole.filename):
        return None
    from_start = array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    path, offset = os.path.abspath(whole.filename), whole.offset + from_start
    return Mapped(path, array.dtype, array.shape, offset, array.strides)


def spilled(array: AnyArray, folder: str, number: int) -> AnyArray:
    """Return the same array where other processes can open it."""
    if not isinstance(array, InMemory):
        return array
    path = os.path.join(folder, f"{number}.npy")
    np.save(path, array.array, allow_pickle=False)
    return as_stored("array", path)
