"""Files that are either whole or not there, and what is wrong with those from elsewhere."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any


def write(path: Any, data: bytes) -> None:
    """Write a file whole: under another name beside it, to the disk, then renamed.

    It gets the mode that the umask says; a symlink is followed.
    """
    target = Path(os.path.realpath(os.fspath(path)))
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _mode(target: Path) -> int:
    if target.exists():
        return target.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def missing(what: str, package: str, extra: str) -> ImportError:
    """Return the error over a library that is not installed."""
    return ImportError(f"{what} needs {package}: pip install 'fastopt[{extra}]'")
