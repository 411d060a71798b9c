"""Which parameters of a network training moves: layers that are frozen, arrays that are tied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt._names import meant_by
from fastopt.layers import HiddenLayers

Array = npt.NDArray[Any]
Names = tuple[str, ...]
Groups = tuple[Names, ...]

FROZEN = -1


def names_of(hidden: HiddenLayers) -> list[Names]:
    """Return the names of the arrays of each layer: ("W1", "b1"), ("W2", "b2") and so on."""
    return [tuple(f"{name}{i}" for name in arrays) for i, arrays in enumerate(hidden.arrays, 1)]


def check_trainable(value: Any, hidden: HiddenLayers) -> Names:
    """Return the names of the arrays that training moves, in the order of the parameters."""
    layers = names_of(hidden)
    known = [name for layer in layers for name in layer]
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(
            f"trainable must be a sequence of a bool for each layer, or of names of arrays out of "
            f"{', '.join(known)}; got {value!r}"
        )
    given = list(value)
    if given and all(isinstance(each, str) for each in given):
        for each in given:
            _check_name("trainable", each, known)
        chosen = set(given)
    else:
        if len(given) != len(layers):
            raise ValueError(
                f"trainable must have a bool for each of the {len(layers)} layers, got {len(given)}"
            )
        flags = [_validation.flag(f"trainable[{i}]", each) for i, each in enumerate(given)]
        chosen = {name for layer, on in zip(layers, flags, strict=True) if on for name in layer}
    if not chosen:
        raise ValueError(f"trainable={value!r} leaves nothing to train")
    return tuple(name for name in known if name in chosen)


def shown(trained: Names, hidden: HiddenLayers) -> tuple[bool, ...] | Names:
    """Return a bool for each layer, or, where layers are frozen in part, the names."""
    chosen = set(trained)
    layers = [chosen.issuperset(layer) for layer in names_of(hidden)]
    whole = all(
        on or chosen.isdisjoint(layer) for layer, on in zip(names_of(hidden), layers, strict=True)
    )
    return tuple(layers) if whole else trained


def check_tied(value: Any, hidden: HiddenLayers) -> Groups:
    """Return groups of names of arrays that share their values."""
    placed = _placed(hidden)
    wanted = "tied must be a sequence of groups of names of arrays, such as [['W2', 'W3']]"
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise TypeError(f"{wanted}, got {value!r}")
    groups, seen = [], set()
    for given in value:
        if isinstance(given, str | bytes) or not isinstance(given, Sequence):
            raise TypeError(f"{wanted}, got {value!r}")
        group = tuple(given)
        if len(group) < 2:
            raise ValueError(f"tied: a group has two arrays or more, got {group!r}")
        for name in group:
            _check_name("tied", name, list(placed))
            if name in seen:
                raise ValueError(f"tied: {name!r} stands there twice")
            seen.add(name)
        first = group[0]
        for name in group[1:]:
            if placed[name].shape != placed[first].shape:
                raise ValueError(
                    f"tied: arrays of a group must have one shape, got {first!r} with "
                    f"{placed[first].shape} and {name!r} with {placed[name].shape}"
                )
        groups.append(tuple(sorted(group, key=list(placed).index)))
    return tuple(groups)


class Trainable:
    """What training moves of a network's parameters.

    Attributes
    ----------
    trained : tuple of str
        The names of the arrays that are not frozen.
    is_whole : bool
        Whether none is frozen.
    tied : tuple of tuple of str
        Groups of arrays that share their values.
    variables : array (n,) of int64, or None
        Of each parameter the free variable that it has its value of, numbered as they first appear;
        −1: it is frozen. None: each is free by itself.
    """

    def __init__(
        self, hidden: HiddenLayers, trained: Names | None = None, tied: Groups = ()
    ) -> None:
        every = [name for layer in names_of(hidden) for name in layer]
        self.trained = tuple(every) if trained is None else trained
        self.is_whole = len(self.trained) == len(every)  # nothing is frozen
        self.tied = tied
        free = set(self.trained)
        for group in tied:
            if 0 < len(free.intersection(group)) < len(group):
                raise ValueError(
                    f"tied arrays are trained or frozen together, got {list(group)} and "
                    f"trainable={list(self.trained)}"
                )
        self.variables: npt.NDArray[np.int64] | None = None
        if len(free) < len(every) or tied:
            self.variables = self._numbered(hidden)

    def _numbered(self, hidden: HiddenLayers) -> npt.NDArray[np.int64]:
        own = _placed(hidden)
        n = hidden.n_parameters
        owner = np.arange(n)
        for first, *others in self.tied:
            for name in others:
                owner[own[name].reshape(-1)] = own[first].reshape(-1)
        frozen = np.ones(n, dtype=bool)
        for name in self.trained:
            frozen[own[name].reshape(-1)] = False
        leads = (owner == np.arange(n)) & ~frozen
        numbers = np.cumsum(leads) - 1
        return np.where(frozen, FROZEN, numbers[owner]).astype(np.int64)

    @property
    def size(self) -> int | None:
        """The number of free variables; None: that of the parameters."""
        return None if self.variables is None else int(self.variables.max()) + 1

    def gathered(self, parameters: Array) -> Array:
        """Return the values of the free variables: of those that are tied, the first."""
        if self.variables is None:
            return np.array(parameters)
        free: Array = np.empty(self.size or 0, parameters.dtype)
        there = self.variables >= 0
        free[self.variables[there][::-1]] = parameters[there][::-1]
        return free

    def scattered(self, free: Array, parameters: Array) -> Array:
        """Return parameters (n,) with these values of the free variables."""
        if self.variables is None:
            return np.array(free)
        there, found = self.variables >= 0, np.array(parameters)
        found[there] = free[self.variables[there]]
        return found

    def summed(self, by_parameters: Array) -> Array:
        """Return derivatives (…, n) by the free variables, by the chain rule."""
        if self.variables is None:
            return by_parameters
        there = np.flatnonzero(self.variables >= 0)
        found = np.zeros((*by_parameters.shape[:-1], self.size or 0))
        places: Any = (..., self.variables[there])
        np.add.at(found, places, by_parameters[..., there])
        return found

    def spread(self, of_free: Array, of_frozen: float) -> Array:
        """Return rows (n, …) of all parameters out of those of the free variables."""
        if self.variables is None:
            return of_free
        found = np.full((len(self.variables), *of_free.shape[1:]), of_frozen)
        there = self.variables >= 0
        found[there] = of_free[self.variables[there]]
        return found


def _placed(hidden: HiddenLayers) -> dict[str, Array]:
    """Return the places of each array's numbers among the parameters, by its name."""
    views = hidden.views(np.arange(hidden.n_parameters))
    return {f"{name}{i}": part for i, layer in enumerate(views, 1) for name, part in layer.items()}


def _check_name(what: str, name: Any, known: list[str]) -> None:
    if name not in known:
        cure = meant_by(name, known) if isinstance(name, str) else ""
        raise ValueError(
            f"{what}: there is no array {name!r}; the network has {', '.join(known)}{cure}"
        )
