"""Files that are there whole, or as they were before: the one way in which fastopt writes them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

_SUFFIX = ".fastopt-tmp"
_numbers = count()
_being_written: set[str] = set()  # names of temporary files, by all threads of this process


def write(path: Any, chunks: Iterable[Any]) -> None:
    """Write bytes to a file that has them all afterwards, or is as it was.

    They go to a temporary file beside it (mode: 0666 less the umask), and that takes its place when
    it is on the disk. A symbolic link stays one: what it leads to is replaced. A process that is
    killed leaves its temporary file, which the next one that writes the same file takes away.

    Raises
    ------
    OSError
        With the path: no rights, no space, a folder that is not there or stands in its place.
    """
    target = Path(os.path.realpath(os.fspath(path)))
    if os.path.exists(path) and not target.is_file() and not target.is_dir():
        with open(path, "wb") as device:  # a pipe, /dev/stdout, /dev/null: not to be replaced
            device.writelines(chunks)
        return
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    _clear(target)
    name = f".{target.name[:100]}.{os.getpid()}-{next(_numbers)}{_SUFFIX}"
    _being_written.add(name)
    try:
        _replace(path, target, target.with_name(name), chunks)
    finally:
        _being_written.discard(name)
    _sync_folder(target.parent)


def _replace(path: Any, target: Path, temporary: Path, chunks: Iterable[Any]) -> None:
    try:
        # Open as a path of the user's, whose errors name it.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise type(error)(error.errno, error.strerror, os.fspath(path)) from error
        raise


def _sync_folder(folder: Path) -> None:
    """Let the new name survive a failure of power, where folders can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # some network file systems know no fsync of folders
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _clear(target: Path) -> None:
    """Take the temporary files of processes away that were killed while they wrote this one."""
    start = f".{target.name[:100]}."
    try:
        names = os.listdir(target.parent)
    except OSError:  # to be told by whoever opens a file there
        return
    for name in names:
        numbers = name.removeprefix(start).removesuffix(_SUFFIX)
        process = numbers.partition("-")[0]
        ours = name == f"{start}{numbers}{_SUFFIX}" and process.isdecimal()
        if ours and name not in _being_written and not _lives(int(process)):
            (target.parent / name).unlink(missing_ok=True)


def _lives(process: int) -> bool:
    if process == os.getpid():
        return False  # an earlier process had the same number
    if os.name != "posix":  # Windows takes signal 0 for Ctrl-C
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
