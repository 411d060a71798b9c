"""Data in parts: memory beside a map of many gigabytes, gain of workers, what the client costs.

python -m bench.parts                      10 GB; the file is removed afterwards
python -m bench.parts --gigabytes 1        less of it
python -m bench.parts --show               the picture of docs/scale.md from results there are

Needs no peer. Results, with the load that the machine had, go to bench/parts.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).with_suffix(".json")
PICTURE = Path(__file__).parents[1] / "docs" / "scale.png"
INPUTS, HIDDEN = 31, 4  # 256 bytes a row with its target; 133 weights
ROWS_AT_ONCE = 1 << 18


def main() -> int:
    """Measure, or draw what was measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.parts", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rows-of-workers", type=int, default=2_000_000)
    parser.add_argument("--folder", default=None, help="where the file is put")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    if not options.show:
        found = measured(options)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
        print(json.dumps(found, indent=1))
    picture(json.loads(RESULTS.read_text()))
    return 0


def measured(options: argparse.Namespace) -> dict[str, object]:
    """Return all figures."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        rows = int(options.gigabytes * 1e9 / (8 * (INPUTS + 1)))
        generate(Path(folder), rows)
        memory = in_a_process("memory", folder, options.epochs)
        few = min(rows, options.rows_of_workers)
        # In turns, so that the load of others meets both.
        turns = [(w, in_a_process("workers", folder, few, w)) for _ in range(3) for w in (1, 2)]
        seconds = {w: min(t["seconds"] for k, t in turns if k == w) for w in (1, 2)}
        in_cpu = {w: min(t["cpu"] for k, t in turns if k == w) for w in (1, 2)}
        overhead = {
            name: in_a_process("overhead", folder, name)
            for name in ("None", "threads", "processes", "dask")
        }
    return {
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg()},
        "rows": rows,
        "weights": (INPUTS + 1) * HIDDEN + HIDDEN + 1,
        "memory": memory,
        "workers": {"rows": few, "seconds": seconds, "cpu": in_cpu},
        "overhead_ms": overhead,
    }


def generate(folder: Path, rows: int) -> None:
    """Write inputs and targets, a block at a time."""
    random = np.random.default_rng(0)
    X = np.lib.format.open_memmap(folder / "X.npy", "w+", float, (rows, INPUTS))
    y = np.lib.format.open_memmap(folder / "y.npy", "w+", float, (rows,))
    for start in range(0, rows, ROWS_AT_ONCE):
        block = random.uniform(-1, 1, (min(ROWS_AT_ONCE, rows - start), INPUTS))
        X[start : start + len(block)] = block
        y[start : start + len(block)] = np.sin(2 * block[:, 0]) * block[:, 1] + 0.1 * block[:, 2]


def in_a_process(what: str, *arguments: object) -> dict[str, float]:
    """Return what one measurement prints, in a process of its own."""
    code = f"from bench import parts; parts.{what}({', '.join(map(repr, arguments))})"
    run = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def of_folder(folder: str, rows: int | None = None, **settings: object) -> object:
    """Return the parts of the files in a folder, as many rows as are asked for."""
    import fastopt

    X, y = (np.load(Path(folder, f"{name}.npy"), mmap_mode="r") for name in "Xy")
    return fastopt.Parts.from_arrays(X[:rows], y[:rows], **settings)


def train(parts: object, epochs: int) -> object:
    """Return the History of a training by Levenberg-Marquardt."""
    import fastopt

    net = fastopt.MLP([INPUTS, HIDDEN, 1], random_state=0)
    return net.fit(parts, optimizer="lm", epochs=epochs)  # type: ignore[arg-type]


class Watch:
    """The largest memory of this process that is not of files."""

    def __init__(self) -> None:
        self.peak, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._over.wait(0.02):
            status = Path("/proc/self/status").read_text()
            kilobytes = next(
                int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")
            )
            self.peak = max(self.peak, kilobytes * 1024)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def memory(folder: str, epochs: int) -> None:
    """Print the memory beside the map, and the time of an iteration over all of it."""
    parts = of_folder(folder)
    began = time.perf_counter()
    with Watch() as watch:
        history = train(parts, epochs)
    seconds = time.perf_counter() - began
    told = {
        "bytes_of_the_map": sum(Path(folder, f"{n}.npy").stat().st_size for n in "Xy"),
        "peak_beside_the_map": watch.peak,
        "parts": len(parts),  # type: ignore[arg-type]
        "epochs": epochs,
        "seconds": seconds,
        "loss": [float(v) for v in history.loss],  # type: ignore[attr-defined]
    }
    print(json.dumps(told))


def workers(folder: str, rows: int, count: int) -> None:
    """Print the time of three iterations by so many processes of one thread, and what they used."""
    import fastopt

    fastopt.set_num_threads(count)
    with of_folder(folder, rows, executor="processes", workers=count) as parts:  # type: ignore[attr-defined]
        train(parts, 1)  # the processes begin, and read what the system holds from then on
        began = time.perf_counter()
        train(parts, 3)
        seconds = time.perf_counter() - began
    parts.close()
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime}))


def nothing(x: object, X: object, y: object) -> tuple[float, np.ndarray, np.ndarray]:
    """Return terms of the usual size, at no cost."""
    n = (INPUTS + 1) * HIDDEN + HIDDEN + 1
    return 0.0, np.zeros(n), np.zeros((n, n))


def overhead(folder: str, name: str) -> None:
    """Print what a sum over 32 parts takes beside the parts, in milliseconds: the median of 50."""
    cluster = client = None
    settings: dict[str, object] = {"executor": None if name == "None" else name}
    if name in ("threads", "processes"):
        settings["workers"] = 2
    if name == "dask":
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            print(json.dumps({"median": None}))
            return
        cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
        client = settings["executor"] = Client(cluster)
    with of_folder(folder, 320, rows=10, **settings) as parts:  # type: ignore[attr-defined]
        total, times = parts.summed(nothing), []
        for _ in range(60):
            began = time.perf_counter()
            total(np.zeros(3))
            times.append(1e3 * (time.perf_counter() - began))
    if client is not None and cluster is not None:
        client.close()
        cluster.close()
    print(json.dumps({"median": statistics.median(times[10:]), "least": min(times)}))


def picture(found: dict[str, object]) -> None:
    """Draw time against workers and data, from the measured parts."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    row = seconds_of_a_row(found)
    workers_axis = np.unique(np.geomspace(1, 1000, 60).astype(int))
    figure, axis = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for rows in (1e7, 1e8, 1e9):
        times = [iteration(found, rows, int(w))["seconds"] for w in workers_axis]
        axis.loglog(workers_axis, times, label=f"{rows:.0e} rows".replace("e+0", "e"))
        axis.loglog(workers_axis, row * rows / workers_axis, "k:", linewidth=0.7)
    of_two: dict[str, float] = found["workers"]["seconds"]  # type: ignore[index]
    rows = found["workers"]["rows"]  # type: ignore[index]
    for count, seconds in of_two.items():
        axis.plot(
            int(count), seconds / 3, "ko", label=f"measured, {rows:.0e} rows" * (count == "1")
        )
    axis.set(xlabel="workers", ylabel="seconds an iteration of Levenberg-Marquardt")
    axis.legend()
    axis.grid(alpha=0.3)
    figure.savefig(PICTURE, dpi=110)


def seconds_of_a_row(found: dict[str, object]) -> float:
    """Return what a row costs one worker of one core in an iteration."""
    workers_: dict[str, dict[str, float]] = found["workers"]  # type: ignore[assignment]
    return float(workers_["seconds"]["1"]) / 3 / float(workers_["rows"])  # type: ignore[arg-type]


def iteration(
    found: dict[str, object], rows: float, workers: int, bandwidth: float = 1.25e8
) -> dict[str, float]:
    """Return what an iteration takes by the measured parts: seconds, and bytes over the network.

    Each worker gets w once and gives back four sums (E, Jᵀe, JᵀJ), as it does four pieces of work.
    The client, at ``bandwidth`` bytes a second (1 Gbit/s), takes them one after the other.
    """
    n = int(found["weights"])  # type: ignore[call-overload]
    overheads: dict[str, dict[str, float]] = found["overhead_ms"]  # type: ignore[assignment]
    measured_ = overheads["dask"]["median"] or overheads["processes"]["median"]
    of_a_piece = 1e-3 * measured_ / 8  # two workers, four pieces each
    pieces = 4 * workers
    sent = workers * 8 * n + pieces * 8 * (n * n + n + 1)
    seconds = rows * seconds_of_a_row(found) / workers + pieces * of_a_piece + sent / bandwidth
    return {"seconds": seconds, "bytes": float(sent), "of_the_client": pieces * of_a_piece}


if __name__ == "__main__":
    sys.exit(main())
