"""Values of a state as JSON and arrays, and back: nothing but numbers, texts, lists and dicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from fastopt._errors import FormatError


def packed(name: str, value: Any, arrays: dict[str, Any]) -> Any:
    """Return what JSON holds of a value; its arrays go to ``arrays``, under names below ``name``.

    Raises
    ------
    TypeError
        A callback's state holds something else, as an object.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        return packed(name, value.item(), arrays)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, list | tuple):
        return [packed(f"{name}.{i}", item, arrays) for i, item in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {"dict": {key: packed(f"{name}.{key}", value[key], arrays) for key in value}}
    raise TypeError(
        f"{name} is {value!r}: a state holds numbers, texts, None, arrays, lists, dicts"
    )


class Reader:
    """Reads what :func:`packed` wrote; each array is used once, and what is left over is told."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._arrays = dict(arrays)

    def array(self, name: str) -> Any:
        """Return one array, as memory of its own in the machine's byte order."""
        if name not in self._arrays:
            refuse(name, "there is no such array")
        array = self._arrays.pop(name)
        return np.array(array, dtype=array.dtype.newbyteorder("="))

    def value(self, name: str, value: Any) -> Any:
        """Return a value that stands under ``name``."""
        if value is None or isinstance(value, bool | str | int | float):
            return value
        if isinstance(value, list):
            return [self.value(f"{name}.{i}", item) for i, item in enumerate(value)]
        if not isinstance(value, dict) or len(value) != 1:
            refuse(name, f"it must be a value as fastopt writes it, got {value!r}")
        ((kind, content),) = value.items()
        if kind == "array" and isinstance(content, str):
            return self.array(content)
        if kind == "float" and content in ("nan", "inf", "-inf"):
            return float(content)
        if kind == "dict" and isinstance(content, dict):
            return {key: self.value(f"{name}.{key}", item) for key, item in content.items()}
        refuse(name, f"it must be a value as fastopt writes it, got {value!r}")

    def close(self) -> None:
        """Refuse arrays that nothing asked for."""
        for name in self._arrays:
            refuse(name, "nothing in the file uses this array")


def entry(where: str, document: Any, name: str, *kinds: type) -> Any:
    """Return an entry of a part of the document, of one of some types."""
    field = f"{where}.{name}" if where else name
    if not isinstance(document, dict) or name not in document:
        refuse(field, "it is missing")
    value = document[name]
    if type(value) not in kinds:
        wanted = " or ".join("null" if k is type(None) else k.__name__ for k in kinds)
        refuse(field, f"it must be {wanted}, got {value!r}")
    return value


def plain_json(name: str, value: Any) -> dict[str, Any]:
    """Return a copy of a dict that holds nothing but what JSON gives back as it was.

    Raises
    ------
    TypeError, ValueError
        For the first value that JSON does not have, by its place.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a dict of JSON values, got {value!r}")
    return {_json_key(name, key): _json(f"{name}[{key!r}]", item) for key, item in value.items()}


def _json(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic):
        return _json(name, value.item())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{name} must be finite, got {value}: JSON has no such numbers")
        return value
    if isinstance(value, list | tuple):
        return [_json(f"{name}[{i}]", item) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return plain_json(name, value)
    raise TypeError(
        f"{name} must be a number, a text, None, a list or a dict, got a {type(value).__name__}"
    )


def _json_key(name: str, key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{name} must have texts as its keys, got {key!r}")
    return key


def refuse(field: str, why: str) -> NoReturn:
    """Raise FormatError."""
    raise FormatError(why, field)
