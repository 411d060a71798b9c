"""MAT files of version 5 (MATLAB's ``save`` without -v7.3), read strictly.

SciPy's reader looks up what a file tells without a check: a damaged one may end the process.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fastopt._errors import FormatError

_HEADER = 128  # bytes, of which the last two tell the order of bytes
_MATRIX, _COMPRESSED = 14, 15
# Types of elements that hold numbers or text, as NumPy names them.
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
    16: "u1",
    17: "u2",
    18: "u4",  # UTF-8, UTF-16, UTF-32
}
_UTF = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_INT32, _UINT32 = 5, 6
# Classes of arrays; of numbers are those from double (6) to uint64 (15).
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FUNCTION, _OPAQUE = 1, 2, 3, 4, 5, 16, 17
_NUMBERS = range(6, 16)
_COMPLEX = 0x800  # in the flags of an array
_LONGEST_NAME = 64  # of a field, with the zero at its end
_DEEPEST = 50  # arrays in arrays; those of a saved network are 6 deep


@dataclass
class Struct:
    """A struct array, or an object: a dict for each of its elements, in MATLAB's order."""

    records: list[dict[str, Any]]
    classname: str = ""


class Unread(NamedTuple):
    """What only MATLAB can read: an object of a newer class, a function; or a sparse matrix."""

    classname: str


class _Element(NamedTuple):
    kind: int
    start: int
    size: int


def variables(data: bytes, largest: int) -> list[tuple[str, Any]]:
    """Return name and value of each variable.

    Numbers are arrays of doubles, texts strings, cells arrays of objects; structs and objects
    ``Struct``. ``largest`` is how many bytes all of them may take.

    Raises
    ------
    FormatError
        An unknown type, an element beyond its end, sizes that are not those of what there is.
    """
    if len(data) < _HEADER or data[126:128] not in (b"IM", b"MI"):
        raise FormatError("it is no MAT file of version 5, or cut off")
    order = "<" if data[126:128] == b"IM" else ">"
    found, left, at = [], largest, _HEADER
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        if at + 8 + size > len(data):
            raise FormatError(f"byte {at} begins {size} bytes, and the file ends before")
        inside = data[at : at + 8 + size]
        if kind == _COMPRESSED:
            inflate = zlib.decompressobj()
            try:
                inside = inflate.decompress(data[at + 8 : at + 8 + size], left + 1)
            except zlib.error as error:
                raise FormatError(f"byte {at} begins what cannot be unpacked: {error}") from None
            if len(inside) > left:
                raise FormatError(f"it holds more than {largest >> 20} MB of numbers")
        reader = _Reader(inside, order, left)
        found += reader.variables()
        left = reader.left
        at += 8 + size
    return found


class _Reader:
    """The arrays of a stretch of bytes, which take ``left`` bytes at most."""

    def __init__(self, data: bytes, order: str, left: int) -> None:
        self.data, self.order, self.left = data, order, left

    def variables(self) -> list[tuple[str, Any]]:
        elements = self._elements(0, len(self.data))
        return [self._array(each, 0) for each in elements if each.kind == _MATRIX and each.size]

    def _elements(self, at: int, end: int) -> list[_Element]:
        found = []
        while at + 8 <= end:
            kind, size = struct.unpack_from(self.order + "II", self.data, at)
            small = kind >> 16
            if small:  # up to four bytes in the tag itself
                kind, size, start, after = kind & 0xFFFF, small, at + 4, at + 8
            else:
                start, after = at + 8, at + 8 + size + (-size % 8)
            if (kind != _MATRIX and kind not in _TYPES) or size > (4 if small else end - start):
                raise FormatError(f"byte {at} begins an element of type {kind} and {size} bytes")
            found.append(_Element(kind, start, size))
            at = after
        return found

    def _array(self, element: _Element, depth: int) -> tuple[str, Any]:
        """Return the name and the value of an array."""
        if element.size == 0:
            return "", np.empty((0, 0))
        if depth > _DEEPEST:
            raise FormatError(f"arrays lie in arrays more than {_DEEPEST} deep")
        parts = self._elements(element.start, element.start + element.size)
        if not parts or parts[0].kind != _UINT32 or parts[0].size != 8:
            raise FormatError(f"byte {element.start} begins an array without flags")
        (flags,) = struct.unpack_from(self.order + "I", self.data, parts[0].start)
        own = flags & 0xFF
        if own == _OPAQUE:
            names = [self._text(each) for each in parts[1:4] if each.kind != _MATRIX]
            return names[0] if names else "", Unread(names[-1] if names else "")
        if len(parts) < 3 or parts[1].kind != _INT32 or parts[2].kind == _MATRIX:
            raise FormatError(f"byte {element.start} begins an array that is cut off")
        dims = tuple(int(n) for n in self._numbers(parts[1]))
        if len(dims) < 2 or min(dims) < 0:
            raise FormatError(f"byte {element.start} begins an array of shape {dims}")
        name, rest = self._text(parts[2]), parts[3:]
        if own in _NUMBERS:
            return name, self._real(rest, dims, flags)
        if own == _CHAR:
            return name, self._text(rest[0]) if rest else ""
        if own == _CELL:
            return name, self._cells(rest, dims, depth)
        if own in (_STRUCT, _OBJECT):
            return name, self._struct(rest, dims, own == _OBJECT, depth)
        if own in (_SPARSE, _FUNCTION):
            return name, Unread("sparse" if own == _SPARSE else "function_handle")
        raise FormatError(f"byte {element.start} begins an array of class {own}")

    def _numbers(self, element: _Element) -> Any:
        kind = np.dtype(self.order + _TYPES[element.kind])
        if element.size % kind.itemsize:
            raise FormatError(f"byte {element.start} begins {element.size} bytes of {kind}")
        return np.frombuffer(self.data, kind, element.size // kind.itemsize, element.start)

    def _real(self, parts: list[_Element], dims: tuple[int, ...], flags: int) -> Any:
        if flags & _COMPLEX:
            return Unread("complex")
        if not parts or parts[0].kind == _MATRIX:
            raise FormatError(f"an array of shape {dims} has no numbers")
        numbers = self._numbers(parts[0])
        if len(numbers) != math.prod(dims):
            raise FormatError(f"an array of shape {dims} has {len(numbers)} numbers")
        self.left -= 8 * len(numbers)  # whole ones may lie in single bytes
        if self.left < 0:
            raise FormatError("it holds more numbers than may be read")
        return numbers.astype(np.float64).reshape(dims, order="F")

    def _text(self, element: _Element) -> str:
        if element.kind == _MATRIX:
            raise FormatError(f"byte {element.start} begins an array instead of a text")
        raw = self.data[element.start : element.start + element.size]
        if element.kind in _UTF:
            code = _UTF[element.kind]
            if code != "utf-8":
                code += "-le" if self.order == "<" else "-be"
            return raw.decode(code, "replace")
        return "".join(chr(int(n) & 0xFFFF) for n in self._numbers(element))

    def _cells(self, parts: list[_Element], dims: tuple[int, ...], depth: int) -> Any:
        self._only_arrays(parts, math.prod(dims), dims)
        cells = np.empty(len(parts), dtype=object)
        for i, each in enumerate(parts):
            cells[i] = self._array(each, depth + 1)[1]
        return cells.reshape(dims, order="F")

    def _struct(
        self, parts: list[_Element], dims: tuple[int, ...], is_object: bool, depth: int
    ) -> Struct:
        classname = ""
        if is_object and parts:
            classname, parts = self._text(parts[0]), parts[1:]
        if len(parts) < 2 or parts[0].kind != _INT32 or parts[0].size != 4:
            raise FormatError("a struct has fields without names")
        (length,) = (int(n) for n in self._numbers(parts[0]))
        names, arrays = parts[1], parts[2:]
        if not 0 < length <= _LONGEST_NAME or names.kind == _MATRIX or names.size % length:
            raise FormatError("a struct has fields without names")
        fields = [
            self.data[at : at + length].split(b"\0")[0].decode("latin-1")
            for at in range(names.start, names.start + names.size, length)
        ]
        if not fields:
            return Struct([], classname)
        self._only_arrays(arrays, len(fields) * math.prod(dims), dims)
        values = [self._array(each, depth + 1)[1] for each in arrays]
        step = len(fields)
        records = [
            dict(zip(fields, values[i : i + step], strict=True))
            for i in range(0, len(values), step)
        ]
        return Struct(records, classname)

    @staticmethod
    def _only_arrays(parts: list[_Element], count: int, dims: tuple[int, ...]) -> None:
        if len(parts) != count or any(each.kind != _MATRIX for each in parts):
            raise FormatError(f"an array of shape {dims} needs {count} others, not {len(parts)}")
