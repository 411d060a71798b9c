"""What fastopt runs on: threads, the compiled variant, versions."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from fastopt import _core, _validation

_MOST_THREADS = 1024


def set_num_threads(threads: int) -> None:
    """Set how many threads the work of one call may be shared by.

    Results do not depend on it: they are the same to the bit. The default is the environment
    variable ``FASTOPT_NUM_THREADS``, or else the number of CPUs that the process may use.

    Parameters
    ----------
    threads : int
        In [1, 1024].

    Examples
    --------
    >>> import fastopt
    >>> before = fastopt.get_num_threads()
    >>> fastopt.set_num_threads(1)
    >>> fastopt.get_num_threads()
    1
    >>> fastopt.set_num_threads(before)
    """
    _core.set_threads(_validation.integer("threads", threads, low=1, high=_MOST_THREADS))


def get_num_threads() -> int:
    """Return how many threads the work of one call may be shared by.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.get_num_threads() >= 1
    True
    """
    return _core.threads()


def build_info() -> dict[str, Any]:
    """Return what this fastopt is: version, variant, Eigen's version, compiler, threads.

    Examples
    --------
    >>> import fastopt
    >>> sorted(fastopt.build_info())  # doctest: +NORMALIZE_WHITESPACE
    ['built_variants', 'compiler', 'eigen', 'instructions', 'supported_variants', 'threads',
     'variant', 'version']
    """
    return {
        "version": version(),
        **_core.build_info_raw(),
        "built_variants": _core.built_variants,
        "supported_variants": _core.supported_variants,
        "threads": get_num_threads(),
    }


@cache  # the metadata of the package is read and parsed for it
def version() -> str:
    """Return the version of fastopt."""
    from importlib import metadata  # it takes as long to import as a third of fastopt

    return metadata.version("fastopt")


def _default_threads() -> int:
    wanted = os.environ.get("FASTOPT_NUM_THREADS")
    if wanted:
        if not wanted.isdecimal() or not 1 <= int(wanted) <= _MOST_THREADS:
            raise ValueError(
                f"FASTOPT_NUM_THREADS must be an integer in [1, {_MOST_THREADS}], got {wanted!r}"
            )
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST_THREADS)
    return min(os.cpu_count() or 1, _MOST_THREADS)


set_num_threads(_default_threads())
