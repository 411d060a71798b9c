"""What a script says of itself: the title, the formulas and the text of its docstring."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

COURSE = Path(__file__).resolve().parent
# The fourteenth statement of the course is an example of its own.
FOURTEENTH = COURSE.parent / "vanishing_gradient.py"


class Text(NamedTuple):
    """The docstring of a script."""

    title: str
    formulas: list[str]
    paragraphs: list[str]


def statements() -> list[Path]:
    """Return the scripts of the course in the order of its statements."""
    scripts = sorted(COURSE.glob("statement_*.py"))
    return [*scripts[:13], FOURTEENTH, *scripts[13:]]


def read(script: Path) -> Text:
    """Return title, formulas and paragraphs; formulas are indented, and so are commands."""
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or script.stem
    title, *blocks = docstring.split("\n\n")
    formulas, paragraphs = [], []
    for block in blocks:
        if not block.startswith("    "):
            paragraphs.append(" ".join(block.split()).replace("``", "`"))
        elif not re.match(r" +(python|pip) ", block):
            formulas += [line.strip() for line in block.splitlines()]
    title = escaped(" ".join(title.split()).rstrip("."))
    return Text(f"14. {title}" if script == FOURTEENTH else title, formulas, paragraphs)


def escaped(line: str) -> str:
    """Return a line of text in which Markdown finds no marks of its own."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", line)
