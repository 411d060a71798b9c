"""What goes wrong, and the exit code that it has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from fastopt._names import nearest


class Failure(Exception):
    """A command cannot do what was asked for: one or two lines with the cure, exit code 1."""

    code = 1


class Misuse(Failure):
    """A command was called with what cannot be: exit code 2."""

    code = 2


@contextmanager
def misuse() -> Iterator[None]:
    """Take what a setting is refused with for wrong use of the command."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise Misuse(str(error)) from error


def unknown(what: str, name: str, known: Collection[str]) -> Misuse:
    """Return the error for a name that is not known, with the nearest one or all there are."""
    near = nearest(name.casefold(), {k.casefold(): k for k in known})
    by_fold = {k.casefold(): k for k in reversed(list(known))}
    cure = f"did you mean {by_fold[near]!r}?" if near else f"there are {listed(known)}"
    return Misuse(f"{what} {name!r} is not known: {cure}")


def listed(names: Collection[str], most: int = 12) -> str:
    """Return names one after the other, the first of them where there are many."""
    shown = [repr(name) for name in list(names)[:most]]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "") if shown else "none"
