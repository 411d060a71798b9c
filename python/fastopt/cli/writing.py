"""Tables that commands write: text, Parquet or Feather."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from fastopt.cli.data.tables import KINDS, told_as_failures
from fastopt.cli.failure import Misuse
from fastopt.cli.training import check_output

if TYPE_CHECKING:
    import pandas as pd


def _kind(out: Path) -> str:
    return KINDS.get(out.suffix.casefold(), "text")


def check_written(out: Path | None, *used: Path) -> None:
    """Refuse, before the work, a place for a table or a kind of file that is not written."""
    if out is None:
        return
    check_output(out, "--out", *used)
    if _kind(out) not in ("text", "parquet", "feather"):
        raise Misuse(
            f"--out {out}: tables are written as text (.csv, .tsv), .parquet or .feather, and "
            f"{out.suffix} is another kind"
        )


def is_arrow(out: Path | None) -> bool:
    """Whether pyarrow writes it, which wants the types of all rows with the first of them."""
    return out is not None and _kind(out) != "text"


def write_frames(frames: Iterable[pd.DataFrame], out: Path | None) -> None:
    """Write blocks of rows one below the other, as text, Parquet or Feather by the name's end."""
    if out is not None and is_arrow(out):
        with told_as_failures(out, _kind(out)):
            _write_arrow(frames, out, _kind(out) == "parquet")
        return
    separator = "\t" if out is not None and out.suffix.casefold() in (".tsv", ".tab") else ","
    for i, frame in enumerate(frames):
        if out is None:
            frame.to_csv(sys.stdout, index=False, header=i == 0)
        else:
            mode = "a" if i else "w"
            frame.to_csv(out, index=False, header=i == 0, mode=mode, sep=separator)


def _write_arrow(frames: Iterable[pd.DataFrame], out: Path, as_parquet: bool) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    tables = (pa.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    first = next(tables)
    packed = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        parquet.ParquetWriter(out, first.schema)
        if as_parquet
        else pa.ipc.new_file(str(out), first.schema, options=packed)
    ) as writer:
        for table in chain([first], tables):
            writer.write_table(table)
