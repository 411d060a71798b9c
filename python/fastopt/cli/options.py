"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fastopt import optimizers
from fastopt.cli.data.tables import Reading
from fastopt.cli.failure import Misuse


def names_of_optimizers() -> list[str]:
    """Return what the shell completes ``--optimizer`` with."""
    return list(optimizers.registry)


Model = Annotated[Path, typer.Argument(help="A model's file, as fastopt train writes it.")]
Table = Annotated[
    Path, typer.Argument(help="CSV, TSV, Parquet, Feather, NPY, NPZ or Excel: names, then rows.")
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Where to write; else the terminal.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON instead of a table.")]
Plot = Annotated[Path | None, typer.Option(help="A picture: .png, .pdf, .svg.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what goes wrong.")]
Separator = Annotated[
    str | None, typer.Option(help="Between the fields of a text file; else what the names show.")
]
Decimal = Annotated[str | None, typer.Option(help="The decimal sign of a text file: . or ,")]
Header = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first line holds the names."),
]
Sheet = Annotated[str | None, typer.Option(help="The sheet of a workbook; else the first.")]
Stream = Annotated[
    bool | None,
    typer.Option(
        "--stream/--no-stream", help="Read text, Parquet and NPY in blocks; large ones are."
    ),
]
Unknown = Annotated[
    str, typer.Option("--unknown", help="A category that training did not know: error or zero.")
]


def reading(
    separator: str | None, decimal: str | None, header: bool | None, sheet: str | None
) -> Reading:
    """Return how a table is read."""
    return Reading(
        separator_of(separator), decimal or ".", True if header is None else header, sheet
    )


def separator_of(text: str | None) -> str | None:
    """Return a separator, of which shells write a tab as backslash and t."""
    if text in (None, ""):
        return None
    text = {"\\t": "\t", "tab": "\t"}.get(str(text), str(text))
    if len(text) != 1:
        raise Misuse(f"--separator must be one character, or tab, got {text!r}")
    return text


def columns(given: list[str] | None) -> list[str] | None:
    """Return names of columns, given one by one or with commas between them."""
    if given is None:
        return None
    return [name.strip() for text in given for name in text.split(",") if name.strip()]
