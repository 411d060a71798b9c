"""The elements of a MAT file, checked before SciPy reads them.

SciPy looks up the types that a file tells without a check, and a wrong one ends the process.
"""

from __future__ import annotations

import math
import struct
import zlib

from fastopt._errors import FormatError

_HEADER = 128  # bytes, of which the last two tell the order of bytes
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18}  # that hold numbers or text
_CONTAINERS = {1, 2, 3, 16, 17}  # classes of arrays: cell, struct, object, function, opaque
_CLASSES = range(1, 18)
_CELL, _INT32 = 1, 5
# Those made of arrays: how many elements come before them (a size, a name, and what fields need).
_WITH_ARRAYS = {_CELL: 2, 2: 4, 3: 5}
_LONGEST_NAME = 64  # of a field, with the zero at its end
_DEEPEST = 50  # arrays in arrays; those of a saved network are 6 deep


def check(data: bytes, largest: int) -> None:
    """Refuse a file with unknown types, elements beyond their ends, or too much that is packed."""
    if len(data) < _HEADER:
        raise FormatError("it is cut off")
    order = "<" if data[126:128] == b"IM" else ">"
    at, left = _HEADER, largest
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        at += 8
        if kind == _COMPRESSED:
            inflate = zlib.decompressobj()
            whole = inflate.decompress(data[at : at + size], left + 1)
            left -= len(whole)
            if left < 0:
                raise FormatError(f"it holds more than {largest >> 20} MB of numbers")
            _check_elements(whole, 0, len(whole), order, {_MATRIX}, 0)
        else:
            _check_elements(data, at - 8, min(at + size, len(data)), order, {_MATRIX}, 0)
        at += size


def _check_elements(
    data: bytes, at: int, end: int, order: str, allowed: set[int], depth: int
) -> list[tuple[int, int, int]]:
    """Return type, place and size of each element."""
    if depth > _DEEPEST:
        raise FormatError(f"arrays lie in arrays more than {_DEEPEST} deep")
    found = []
    while at + 8 <= end:
        kind, size = struct.unpack_from(order + "II", data, at)
        small = kind >> 16
        if small:  # up to four bytes in the tag itself
            kind, size, start, after = kind & 0xFFFF, small, at + 4, at + 8
        else:
            start, after = at + 8, at + 8 + size + (-size % 8)
        if kind not in allowed or size > (4 if small else end - start):
            raise FormatError(f"byte {at} begins an element of type {kind} and {size} bytes")
        if kind == _MATRIX and size:
            _check_array(data, start, start + size, order, depth)
        found.append((kind, start, size))
        at = after
    return found


def _check_array(data: bytes, start: int, end: int, order: str, depth: int) -> None:
    if end - start < 16:
        raise FormatError(f"byte {start} begins an array without flags")
    kind, size, flags = struct.unpack_from(order + "III", data, start)
    own = flags & 0xFF
    if kind != 6 or size != 8 or own not in _CLASSES:
        raise FormatError(f"byte {start} begins an array of class {own}")
    inside = _NUMBERS | {_MATRIX} if own in _CONTAINERS else _NUMBERS
    elements = _check_elements(data, start + 16, end, order, inside, depth + 1)
    if own not in _WITH_ARRAYS:
        return
    # Of an object its class comes first; then, as of a struct, how long names of fields are.
    head = _WITH_ARRAYS[own]
    if len(elements) < head or elements[0][0] != _INT32:
        raise FormatError(f"byte {start} begins an array that is cut off")
    dims = _integers(data, elements[0], order)
    if min(dims, default=0) < 0 or math.prod(dims) > len(elements) - head:
        raise FormatError(f"byte {start} begins an array of {dims} that are not in the file")
    if own != _CELL:
        length = _integers(data, elements[head - 2], order)
        if len(length) != 1 or not 0 < length[0] <= _LONGEST_NAME:
            raise FormatError(f"byte {start} begins an array with fields without names")


def _integers(data: bytes, element: tuple[int, int, int], order: str) -> list[int]:
    _, start, size = element
    return list(struct.unpack_from(f"{order}{size // 4}i", data, start))
