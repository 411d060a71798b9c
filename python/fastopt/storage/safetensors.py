"""The format of safetensors: arrays by name, and one text; nothing in it can be executed.

Eight bytes tell the length of the header (little-endian), the header is JSON: for each array its
dtype, shape and place, and under ``__metadata__`` texts, of which there is one here. Then follow
the arrays, without gaps. Beyond the format's own rules, the text holds a digest of all the rest.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from fastopt._errors import FormatError

Array = npt.NDArray[Any]

_DTYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(code)
    for name, code in {"F64": "<f8", "I64": "<i8", "F32": "<f4", "U32": "<u4"}.items()
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_KEY = "fastopt"
_LENGTH = 8  # bytes of the header's length
# The format allows 100 MB, and a header takes many times its size in memory while it is parsed.
# What fastopt writes has a few hundred bytes for each array.
_LARGEST_HEADER = 16_000_000


def encode(arrays: Mapping[str, Array], document: dict[str, Any]) -> Iterator[Any]:
    """Yield the bytes of a file; of equal content they are equal.

    Arrays of any layout and byte order are stored in C order and little-endian.
    """
    stored = {name: _plain(array) for name, array in arrays.items()}
    # Wide dtypes first: each array then lies at a multiple of its width.
    names = sorted(stored, key=lambda name: (-stored[name].itemsize, name))
    header: dict[str, Any] = {}
    start = 0
    for name in names:
        array = stored[name]
        end = start + array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
        start = end
    digest = _digest(document, header, (stored[name] for name in names))
    header["__metadata__"] = {_KEY: _text({**document, "digest": digest})}
    text = _text(header).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(_LENGTH, "little") + text
    for name in names:
        yield stored[name].reshape(-1).view(np.uint8).data


def decode(data: bytes) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return arrays, which are read-only views of the bytes, and the document.

    Raises
    ------
    FormatError
        With the field in which the bytes are not what :func:`encode` yields.
    """
    if len(data) < _LENGTH:
        _refuse("length of the header", f"the file is cut off after {len(data)} bytes")
    length = int.from_bytes(data[:_LENGTH], "little")
    if length > _LARGEST_HEADER or length > len(data) - _LENGTH:
        _refuse("length of the header", f"{length} bytes of {len(data) - _LENGTH} that there are")
    body = memoryview(data)[_LENGTH + length :]
    header = _parsed("header", data[_LENGTH : _LENGTH + length])
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or list(metadata) != [_KEY]:
        _refuse(
            "__metadata__", f"there must be one text, {_KEY!r}: fastopt did not write this file"
        )
    if not isinstance(metadata[_KEY], str):
        _refuse(f"__metadata__.{_KEY}", "it must be a text")
    document = _parsed(f"__metadata__.{_KEY}", metadata[_KEY].encode("utf-8", "surrogatepass"))
    arrays = {name: _array(name, entry, body) for name, entry in header.items()}
    _check_places({name: entry["data_offsets"] for name, entry in header.items()}, len(body))
    digest = document.pop("digest", None)
    in_order = sorted(header, key=lambda name: header[name]["data_offsets"])
    if digest != _digest(document, header, (arrays[name] for name in in_order)):
        _refuse("digest", "the content is not that which was written: the file is damaged")
    return arrays, document


def _plain(array: Array) -> Array:
    """Return an array as it is stored; in this one place."""
    dtype = np.dtype(array.dtype).newbyteorder("<")
    if dtype not in _NAMES:
        raise TypeError(f"arrays of {array.dtype} are not stored")
    # ascontiguousarray makes one dimension of none.
    return np.ascontiguousarray(array, dtype=dtype).reshape(np.shape(array))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(document: dict[str, Any], header: dict[str, Any], arrays: Iterator[Array]) -> str:
    digest = hashlib.sha256(_text([document, header]).encode("utf-8", "surrogatepass"))
    for array in arrays:
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _parsed(field: str, text: bytes) -> dict[str, Any]:
    """Return a JSON object in which no name stands twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"{twice!r} stands there twice")
        return found

    def no_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is no JSON")

    def finite(number: str) -> float:
        value = float(number)
        if math.isinf(value):
            raise ValueError(f"{number} is too large")
        return value

    try:
        value = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=unique,
            parse_constant=no_constant,
            parse_float=finite,
        )
    except (ValueError, RecursionError) as error:
        _refuse(field, f"no JSON as fastopt writes it: {error}")
    if not isinstance(value, dict):
        _refuse(field, "no JSON object")
    return value


def _array(name: str, entry: Any, body: memoryview) -> Array:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _refuse(name, "dtype, shape and data_offsets must be told, and nothing else")
    dtype = _DTYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if dtype is None:
        _refuse(f"{name}.dtype", f"it must be one of {', '.join(_DTYPES)}")
    shape, place = entry["shape"], entry["data_offsets"]
    if not _are_counts(shape) or len(shape) > 8:
        _refuse(f"{name}.shape", "it must be a list of at most 8 integers >= 0")
    if not _are_counts(place) or len(place) != 2 or not place[0] <= place[1] <= len(body):
        _refuse(f"{name}.data_offsets", f"it must be a begin and an end within {len(body)} bytes")
    if math.prod(shape) * dtype.itemsize != place[1] - place[0]:
        _refuse(f"{name}.shape", f"{shape} does not fill the {place[1] - place[0]} bytes")
    if place[0] % dtype.itemsize:
        _refuse(f"{name}.data_offsets", f"{place[0]} is no multiple of the {dtype.itemsize} bytes")
    return np.frombuffer(body[place[0] : place[1]], dtype=dtype).reshape(shape)


def _check_places(places: dict[str, list[int]], size: int) -> None:
    """Refuse arrays that overlap, gaps between them and bytes after them."""
    end = 0
    for name, (start, stop) in sorted(places.items(), key=lambda item: item[1]):
        if start != end:
            what = "overlaps the array before it" if start < end else "leaves a gap before it"
            _refuse(f"{name}.data_offsets", f"it {what}")
        end = stop
    if end != size:
        _refuse("end of the file", f"{size - end} bytes follow the last array")


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value < 2**63 for value in values
    )


def _refuse(field: str, why: str) -> NoReturn:
    raise FormatError(why, field)
