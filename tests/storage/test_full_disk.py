"""A disk that is full, and one that must not be written: every writer keeps the old file.

The disk is a small one in memory, mounted for one process alone, where the system allows that.
"""

import os
import subprocess
import sys

import pytest

# In a namespace of its own, the process is root and may mount; all of it goes away with it.
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]

BEGIN = """
import errno, importlib.util, os, subprocess, sys
from pathlib import Path
import numpy as np
import fastopt

folder = Path(sys.argv[1])

def mount(*options):
    subprocess.run(["mount", *options, str(folder)], check=True)

mount("-t", "tmpfs", "-o", "size=256k", "tmpfs")
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 2))
Y = X[:, :1] * X[:, 1:]
small = fastopt.MLP([2, 3, 1], random_state=0)
large = fastopt.MLP([2, 3000, 1], random_state=0)
WRITERS = {
    "net.safetensors": lambda net, path: net.save(path),
    "net.c": lambda net, path: net.to_c(path),
    "net.m": lambda net, path: net.to_matlab(path),
    "run": lambda net, path: net.fit(
        X, Y, "sgd", epochs=1, callbacks=fastopt.ModelCheckpoint(path)
    ),
}
if importlib.util.find_spec("onnx"):
    WRITERS["net.onnx"] = lambda net, path: net.to_onnx(path)

def fill():
    "Leave one page."
    with open(folder / "filler", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(file.tell() - 4096)

def refused(code):
    "Each writer fails, says so with the path, and leaves what was there."
    names = sorted(os.listdir(folder))
    for name, write in WRITERS.items():
        path = folder / name
        before = path.read_bytes()
        try:
            write(large, path)
        except OSError as error:
            assert error.errno == code, (name, error)
            assert error.filename == str(path), (name, error.filename)
        else:
            raise AssertionError(f"{name} was written")
        assert path.read_bytes() == before, name
        assert sorted(os.listdir(folder)) == names, name
"""

FILES = """
for name, write in WRITERS.items():
    write(small, folder / name)
fill()
refused(errno.ENOSPC)
mount("-o", "remount,ro")
refused(errno.EROFS)
same = fastopt.load(folder / "run")
assert same.predict(X).tobytes() == small.predict(X).tobytes()
"""

# The error ends the run; when there is space again, it goes on as if nothing had been.
RUNS = """
def files(names):
    return [fastopt.ModelCheckpoint(folder / names[0], every=7), fastopt.CSVLogger(names[1]),
            fastopt.JSONLinesLogger(names[2])]

def run(net, names, **settings):
    return net.fit(X, Y, epochs=300, callbacks=files(names), **settings)

names = [folder / "run", folder / "run.csv", folder / "run.jsonl"]
whole = fastopt.MLP([2, 3, 1], random_state=0)
mount("-o", "remount,size=2m")
others = [folder / "whole", folder / "whole.csv", folder / "whole.jsonl"]
expected = run(whole, others)
rows = [[line.rpartition(b"sec" if b"sec" in line else b",")[0]
         for line in path.read_bytes().splitlines()] for path in others[1:]]
for path in others:
    path.unlink()
mount("-o", "remount,size=64k")
net = fastopt.MLP([2, 3, 1], random_state=0)
settings = {}
for size in (96, 192, 2048):
    try:
        history = run(net, names, **settings)
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
        assert error.filename in map(str, names), error.filename
        assert 7 < len(net.history_) < 300, len(net.history_)
        fastopt.load(names[0])
        settings = {"initial_epoch": net.history_}
        mount("-o", f"remount,size={size}k")
    else:
        break
assert settings
assert history.loss == expected.loss
assert net.parameters.tobytes() == whole.parameters.tobytes()
for path, lines in zip(names[1:], rows):
    own = [line.rpartition(b"sec" if b"sec" in line else b",")[0]
           for line in path.read_bytes().splitlines()]
    assert own == lines, path
"""


@pytest.mark.parametrize("script", [FILES, RUNS], ids=["files", "runs"])
def test_full_and_read_only_disks(script, tmp_path):
    try:
        probe = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
        subprocess.run(probe, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk of our own can be mounted: {error}")
    command = [*NAMESPACE, sys.executable, "-c", BEGIN + script, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert os.listdir(tmp_path) == []
