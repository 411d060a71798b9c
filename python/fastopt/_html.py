"""How networks, histories and results look in a notebook: plain tables, in its own colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from numbers import Real
from typing import Any


def table(caption: str, head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """Return an HTML table; all texts are escaped."""
    cells = "".join(f"<th>{escape(str(cell))}</th>" for cell in head)
    lines = [f"<tr>{cells}</tr>"] if head else []
    for row in rows:
        cells = "".join(f"<td>{escape(spell(cell))}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return f"<table><caption>{escape(caption)}</caption>{''.join(lines)}</table>"


def spell(value: Any) -> str:
    """Return numbers with six digits, all else as text."""
    if isinstance(value, Real) and not isinstance(value, bool | int):
        return f"{float(value):.6g}"
    return str(value)
