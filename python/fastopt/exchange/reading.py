"""What may go wrong while a file of other software is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastopt._errors import FormatError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Let whatever a file's content makes go wrong be a FormatError.

    The file was read before: what the system says of it (no rights, a folder) is not of its
    content, and neither is a missing library.
    """
    try:
        yield
    except (FormatError, ImportError):
        raise
    except Exception as error:  # of the libraries that read the formats, whatever they raise
        raise FormatError(f"{path.name} is damaged or unknown: {_words(error)}") from error


def _words(error: Exception) -> str:
    own = str(error) or type(error).__name__
    return f"{own} is missing" if isinstance(error, KeyError) else own
