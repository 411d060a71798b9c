"""Files of every kind, damaged, and read: FormatError or a network, and nothing else."""

import random
import resource
import signal
import tempfile
import warnings
from pathlib import Path

import numpy as np

import fastopt
from fuzz.mutation import mutated, mutated_members
from fuzz.sources import SOURCES

_SECONDS = 60  # that one file may take, on a machine that does other things, too
# By which all reading together may raise the peak: the files have kilobytes, and the libraries
# that read them are loaded before. A file that is believed to hold what it says takes gigabytes.
_BYTES = 1 << 29


def run_campaign(seed: int, count: int, kinds=None, told=print):
    """Read ``count`` damaged files; return how many were refused and read, and what broke."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        sources = _sources(Path(folder), kinds)
        before = _peak()
        refused, read, broken = 0, 0, []
        for case in range(count):
            kind, whole, reader = sources[case % len(sources)]
            change = mutated
            if kind.endswith(".keras") and rng.random() < 0.8:
                change = mutated_members  # the checksums of an archive find the others
            data = change(whole, rng)
            path = Path(folder, f"damaged{Path(kind).suffix}")
            path.write_bytes(data)
            fault = _read(reader, path)
            refused += fault is True
            read += fault is False
            if _peak() - before > _BYTES:
                fault, before = f"the peak of memory rose to {_peak() >> 20} MB", _peak()
            if isinstance(fault, str):
                broken.append(f"seed {seed} case {case} ({kind}): {fault}")
                told(broken[-1])
                Path(tempfile.gettempdir(), f"fuzz-{seed}-{case}-{kind}").write_bytes(data)
    return refused, read, broken


def _sources(folder, kinds):
    """Return name, bytes and reader of each kind of files, once it was read whole."""
    found = []
    for kind, (write, reader) in SOURCES.items():
        if not any(k in kind for k in kinds or [""]):
            continue
        path = folder / kind
        if write(path):
            reader(path)
            found.append((kind, path.read_bytes(), reader))
    return found


def _read(reader, path):
    """Return True where a file was refused, False where it was read, or what went wrong."""

    def late(*_):
        raise BaseException(f"it took more than {_SECONDS} seconds")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(_SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net = reader(path)
            net.predict(np.zeros((2, net.layer_sizes[0])))
    except fastopt.FormatError as error:
        return True if str(error) else "an error without words"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    return False


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
