"""Files that are either whole or not there, and what is wrong with those from elsewhere."""

from __future__ import annotations

from typing import Any

from fastopt.storage import atomic


def write(path: Any, data: bytes) -> None:
    """Write a file whole, or leave the one that was there."""
    atomic.write(path, [data])


def missing(what: str, package: str, extra: str) -> ImportError:
    """Return the error over a library that is not installed."""
    return ImportError(f"{what} needs {package}: pip install 'fastopt[{extra}]'")
