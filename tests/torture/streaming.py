"""Training and predicting on tables of 2 GB: ``python -m torture.streaming [GB]`` in ``tests``.

A process may allocate far less than that (``RLIMIT_DATA`` counts what is its own, and not pages of
files, which the system takes away when it needs them), and its largest use is measured.
"""

import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

COLUMNS = 128
ROWS_AT_ONCE = 10_000
# Of the process, with what Python, pandas, pyarrow and threads reserve without using it.
MOST = 768 << 20
SETTINGS = ("--epochs", "1", "--batch-size", "1000", "--hidden", "8", "--no-checkpoint")


def pieces(rows):
    """Yield numbers whose last column is to be learned."""
    random = np.random.default_rng(0)
    for start in range(0, rows, ROWS_AT_ONCE):
        X = random.normal(size=(min(ROWS_AT_ONCE, rows - start), COLUMNS))
        X[:, -1] = X[:, 0] - 2 * X[:, 1]
        yield start, X


def write_npy(path, rows):
    array = np.lib.format.open_memmap(path, mode="w+", dtype="f8", shape=(rows, COLUMNS))
    for start, X in pieces(rows):
        array[start : start + len(X)] = X
    array.flush()


def write_parquet(path, rows):
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    names = [str(i + 1) for i in range(COLUMNS)]
    schema = pa.schema([(name, pa.float64()) for name in names])
    with ParquetWriter(path, schema) as writer:
        for _, X in pieces(rows):
            writer.write_table(pa.table(dict(zip(names, X.T, strict=True))))


def watch(process, peaks):
    """Keep the largest memory of a process that is its own, in bytes."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            lines = status.read_text().splitlines()
        except OSError:
            return
        told = [int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon")]
        peaks[:] = [max([*peaks, *told])] if told or peaks else []
        time.sleep(0.05)


def run(path, command):
    """Run a command of fastopt's; return the exit code, what it said, and its largest memory."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fastopt.cli", *command],
        cwd=path.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MOST, MOST)),
    )
    peaks = []
    watching = threading.Thread(target=watch, args=(process, peaks))
    watching.start()
    said = process.communicate()[0]
    watching.join()
    return process.returncode, said, max(peaks, default=0)


def main(gigabytes):
    rows = int(gigabytes * 1e9) // (8 * COLUMNS)
    model, out = "model.safetensors", ("--out", "predicted.csv")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("data.npy", write_npy), ("data.parquet", write_parquet)):
            path = Path(folder) / name
            write(path, rows)
            train = ("train", name, "-t", str(COLUMNS), *SETTINGS)
            for command in (
                train,
                (*train, "--set", "training.shuffle=once"),
                ("predict", model, name, *out),
                ("evaluate", model, name),
            ):
                code, said, peak = run(path, command)
                size = path.stat().st_size
                print(
                    f"{' '.join(command)}: {size / 1e9:.2f} GB, {rows} rows; largest memory "
                    f"{peak / 1e6:.0f} MB of {MOST / 1e6:.0f} allowed, exit code {code}",
                    flush=True,
                )
                if code:
                    print(said)
                    failed = True
            path.unlink()
    return failed


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0))
