"""The command line ``fastopt``; it needs the extra ``fastopt[cli]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code: 0 fine, 1 failed, 2 wrong use."""
    try:
        from fastopt.cli.app import run
    except ImportError as error:
        print(
            f"fastopt: the command line needs {error.name}: pip install 'fastopt[cli]'",
            file=sys.stderr,
        )
        return 1
    return run(sys.argv[1:] if arguments is None else arguments)
