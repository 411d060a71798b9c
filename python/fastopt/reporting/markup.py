"""HTML by functions: every text is escaped where it is put in, so that no data become markup."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from html import escape
from numbers import Integral, Real
from typing import Any


class Html(str):
    """Text that is HTML already; all other text is escaped."""

    __slots__ = ()


def tag(name: str, *children: Any, **attributes: Any) -> Html:
    """Return an element; an attribute ``aria_label`` is aria-label, ``class_`` is class.

    Children are texts, :class:`Html`, or sequences of both; an attribute that is None is left out,
    and one that is True has no value.

    Examples
    --------
    >>> from fastopt.reporting.markup import tag
    >>> print(tag("p", "a < b", tag("br"), class_="note"))
    <p class="note">a &lt; b<br></p>
    """
    head = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        head.append(key if value is True else f'{key}="{escape(str(value))}"')
    start = f"<{' '.join(head)}>"
    if name in _EMPTY:
        return Html(start)
    return Html(f"{start}{text(children)}</{name}>")


_EMPTY = ("br", "input", "meta")


def text(content: Any) -> Html:
    """Return content as HTML: texts are escaped, numbers spelled, sequences put together."""
    if isinstance(content, Html):
        return content
    if content is None:
        return Html("")
    if isinstance(content, Sequence) and not isinstance(content, str):
        return Html("".join(text(part) for part in content))
    return Html(escape(spell(content)))


def spell(value: Any, digits: int = 5) -> str:
    """Return a number with a few digits, with a true minus; anything else as a text.

    Examples
    --------
    >>> from fastopt.reporting.markup import spell
    >>> spell(-1234567.0), spell(0.1 + 0.2), spell(1.5e-7), spell("as it is")
    ('−1234567', '0.3', '1.5e-07', 'as it is')
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value)
    if isinstance(value, Integral):
        return str(value).replace("-", "−")
    if math.isnan(float(value)):
        return "–"
    number = float(value)
    # Thousands are read more easily with all their digits than with a power of ten.
    text = f"{number:.0f}" if 10**digits <= abs(number) < 1e9 else f"{number:.{digits}g}"
    return text.replace("-", "−").replace("e−", "e-")


def table(
    caption: str, head: Sequence[Any], rows: Iterable[Sequence[Any]], *, name: bool = True
) -> Html:
    """Return a table that scrolls within itself; with ``name`` its first column names the rows."""
    lines = [tag("tr", [tag("th", cell, scope="col") for cell in head])]
    for row in rows:
        cells = [
            tag("th", cell, scope="row")
            if name and i == 0
            else tag("td", cell, class_="n" if isinstance(cell, Real) else None)
            for i, cell in enumerate(row)
        ]
        lines.append(tag("tr", cells))
    whole = tag("table", tag("caption", caption), tag("thead", lines[0]), tag("tbody", lines[1:]))
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def data(content: Any) -> Html:
    """Return JSON that a script of the page reads; nothing in it ends the element."""
    written = json.dumps(content, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return tag("script", Html(written), type="application/json")
