"""Small classes of settings: each value is checked whenever it is set, at construction and later.

A class declares its settings as the fields of a dataclass, made by the functions of this module::

    @dataclass
    class Momentum(Settings):
        beta: float = number(0.9, low=0, below=1)

It has ``repr`` with all of them, equality, ``get_params`` and ``clone``. Other attributes than the
declared ones cannot be set, so a misspelt name never goes unnoticed. Names that begin with an
underscore are free; they take no part in repr, equality, copies and pickles.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from fastopt import _names, _validation

if TYPE_CHECKING:
    from typing_extensions import Self

Check = Callable[[str, Any], Any]


class _SignatureOfInit:
    """What ``help`` and editors see of a class: the parameters of ``__init__``, not of __new__."""

    def __get__(self, instance: Any, owner: type) -> inspect.Signature:
        if instance is not None:
            raise AttributeError("__signature__")  # an object that is called has __call__'s
        signature = inspect.signature(owner.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])


@dataclass
class Settings:
    """Base of all classes of settings."""

    if not TYPE_CHECKING:  # its keywords are those of the dataclass

        def __new__(cls, *_: Any, **settings: Any) -> Self:
            if settings:
                known = _keywords(cls)
                if known is not None:
                    _names.check_keywords(cls.__name__, settings, known)
            return super().__new__(cls)

        __signature__ = _SignatureOfInit()

    def __setattr__(self, name: str, value: Any) -> None:
        declared = _declared(type(self))  # type: ignore[arg-type]  # as if it were an instance
        if name in declared:
            check = declared[name]
            if check is not None:
                value = check(name, value)
        elif not name.startswith("_") and not isinstance(getattr(type(self), name, None), property):
            raise AttributeError(
                f"{type(self).__name__} has no setting {name!r}; it has {', '.join(declared)}"
                + _names.meant_by(name, declared)
            )
        object.__setattr__(self, name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings by name; ``deep`` is scikit-learn's and changes nothing here."""
        return {name: getattr(self, name) for name in _of_init(type(self))}  # type: ignore[arg-type]

    def set_params(self, **params: Any) -> Self:
        """Set some of the settings, as scikit-learn does, and return the object itself."""
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def clone(self, **changes: Any) -> Self:
        """Return a new object with the same settings, but for ``changes``, and nothing else."""
        return type(self)(**{**deepcopy(self.get_params()), **changes})

    def __getstate__(self) -> dict[str, Any]:
        return self.get_params()


@cache  # inspect takes longer than all the rest of making an object
def _keywords(settings: type[Settings]) -> list[str] | None:
    """Return the names that ``__init__`` takes; None: any."""
    parameters = inspect.signature(settings.__init__).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return [name for name in parameters if name not in ("self", "_")]


@cache
def _declared(settings: type[Settings]) -> dict[str, Check | None]:
    return {f.name: f.metadata.get("check") for f in fields(settings)}


@cache
def _of_init(settings: type[Settings]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(settings) if f.init)


def checked(check: Check, default: Any = MISSING) -> Any:
    """Declare a setting that ``check(name, value)`` returns in its right form, or refuses."""
    return field(default=default, metadata={"check": check})


def number(default: Any = MISSING, *, optional: bool = False, **allowed: float) -> Any:
    """Declare a number; ``allowed`` as for :func:`fastopt._validation.number`."""
    return checked(_or_none(lambda n, v: _validation.number(n, v, **allowed), optional), default)


def integer(default: Any = MISSING, *, optional: bool = False, **allowed: int) -> Any:
    """Declare an integer; ``allowed`` as for :func:`fastopt._validation.integer`."""
    return checked(_or_none(lambda n, v: _validation.integer(n, v, **allowed), optional), default)


def flag(default: Any = MISSING) -> Any:
    """Declare a bool."""
    return checked(_validation.flag, default)


def choice(choices: Collection[str], default: Any = MISSING, *, optional: bool = False) -> Any:
    """Declare one name out of ``choices``."""
    return checked(_or_none(lambda n, v: _validation.choice(n, v, choices, n), optional), default)


def _or_none(check: Check, optional: bool) -> Check:
    if not optional:
        return check
    return lambda name, value: None if value is None else check(name, value)
