"""Data in parts: memory beside a map of many gigabytes, gain of workers, what the client costs.

python -m bench.parts                      10 GB; the file is removed afterwards
python -m bench.parts --gigabytes 1        less of it
python -m bench.parts --only workers       or memory, or overhead; the other figures stay
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
from typing import Any

import numpy as np

RESULTS = Path(__file__).with_suffix(".json")
PICTURE = Path(__file__).parents[1] / "docs" / "scale.png"
INPUTS, HIDDEN = 31, 2  # 256 bytes a row with its target; 67 weights
ROWS_AT_ONCE = 1 << 18
ITERATIONS = 3
PIECES_OF_TWO = 8  # two workers, four pieces of work each


def main() -> int:
    """Measure, or draw what was measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.parts", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rows-of-workers", type=int, default=2_000_000)
    parser.add_argument("--folder", default=None, help="where the file is put")
    parser.add_argument("--only", choices=("memory", "workers", "overhead"), default=None)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if not options.show:
        found |= measured(options)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
        print(json.dumps(found, indent=1))
    if all(name in found for name in ("workers", "overhead")):
        picture(found)
        table(found)
    return 0


def measured(options: argparse.Namespace) -> dict[str, object]:
    """Return the figures that are asked for, each with the load of the machine around it."""
    wanted = [options.only] if options.only else ["memory", "workers", "overhead"]
    whole = int(options.gigabytes * 1e9 / (8 * (INPUTS + 1)))
    rows = whole if "memory" in wanted else min(whole, options.rows_of_workers)
    found: dict[str, object] = {"weights": (INPUTS + 1) * HIDDEN + HIDDEN + 1}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        generate(Path(folder), rows)
        for name in wanted:
            before = os.getloadavg()[0]
            if name == "memory":
                part: dict[str, object] = {**in_a_process("memory", folder, options.epochs)}
            elif name == "workers":
                part = of_workers(folder, min(rows, options.rows_of_workers))
            else:
                kinds = ("None", "threads", "processes", "dask")
                part = {kind: in_a_process("overhead", folder, kind) for kind in kinds}
            part["load"] = [round(v, 1) for v in (before, os.getloadavg()[0])]
            part["cores"] = os.cpu_count()
            found[name] = part
    return found


def of_workers(folder: str, rows: int) -> dict[str, object]:
    """Return times of one worker and of two, in turns, so that the load of others meets both."""
    turns = [(w, in_a_process("workers", folder, rows, w)) for _ in range(3) for w in (1, 2)]
    part: dict[str, object] = {"rows": rows, "iterations": ITERATIONS}
    for what in ("seconds", "cpu"):
        each = {w: [t[what] for k, t in turns if k == w] for w in (1, 2)}
        part[what] = {str(w): min(values) for w, values in each.items()}
        part[f"all_{what}"] = {str(w): values for w, values in each.items()}
    return part


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


def of_folder(folder: str, first: int | None = None, **settings: Any) -> Any:
    """Return the parts of the files in a folder, as many rows as are asked for."""
    import fastopt

    X, y = (np.load(Path(folder, f"{name}.npy"), mmap_mode="r") for name in "Xy")
    return fastopt.Parts.from_arrays(X[:first], y[:first], **settings)


def train(parts: Any, epochs: int) -> Any:
    """Return the History of a training by Levenberg-Marquardt."""
    import fastopt

    net = fastopt.MLP([INPUTS, HIDDEN, 1], random_state=0)
    return net.fit(parts, optimizer="lm", epochs=epochs)


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
        "parts": len(parts),
        "epochs": epochs,
        "seconds": seconds,
        "loss": [float(v) for v in history.loss],
    }
    print(json.dumps(told))


def workers(folder: str, rows: int, count: int) -> None:
    """Print the time of some iterations by so many processes of one thread, and what they used."""
    import fastopt

    fastopt.set_num_threads(count)
    with of_folder(folder, rows, executor="processes", workers=count) as parts:
        train(parts, 1)  # the processes begin, and read what the system holds from then on
        began, used = time.perf_counter(), of_cpu(parts._executor.pids)
        train(parts, ITERATIONS)
        seconds, used = time.perf_counter() - began, of_cpu(parts._executor.pids) - used
    print(json.dumps({"seconds": seconds, "cpu": used}))


def of_cpu(pids: list[int]) -> float:
    """Return the seconds that processes have computed."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf("SC_CLK_TCK")


def nothing(x: Any, X: Any, y: Any) -> tuple[Any, ...]:
    """Return terms of the usual size, at no cost."""
    n = (INPUTS + 1) * HIDDEN + HIDDEN + 1
    return 0.0, np.zeros(n), np.zeros((n, n))


def overhead(folder: str, name: str) -> None:
    """Print what a sum over 32 parts takes beside the parts, in milliseconds.

    Of 50 the median and the least by the clock; and the mean of what this thread computes, and of
    what this process does (of Dask's the scheduler and nannies, too): what others do on the
    machine is not in these.
    """
    cluster: Any = None
    client: Any = None
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
    with of_folder(folder, 320, rows=10, **settings) as parts:
        total, times, used, thread = parts.summed(nothing), [], 0.0, 0.0
        for i in range(60):
            began = time.perf_counter()
            if i == 10:
                used, thread = time.process_time(), time.thread_time()
            total(np.zeros(3))
            times.append(1e3 * (time.perf_counter() - began))
        used = 1e3 * (time.process_time() - used) / 50
        thread = 1e3 * (time.thread_time() - thread) / 50
    if client is not None and cluster is not None:
        client.close()
        cluster.close()
    told = {
        "median": statistics.median(times[10:]),
        "least": min(times),
        "cpu": used,
        "thread": thread,
    }
    print(json.dumps(told))


def picture(found: dict[str, Any]) -> None:
    """Draw time against workers and data, from the measured parts; legible in grey."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axis_of_workers = np.unique(np.geomspace(1, 1000, 60).astype(int))
    figure, axis = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for exponent, line in ((7, "-"), (8, "--"), (9, "-.")):
        times = [iteration(found, 10.0**exponent, int(w))["seconds"] for w in axis_of_workers]
        label = f"$10^{exponent}$ rows"
        axis.loglog(axis_of_workers, times, line, color="black", label=label)
        ideal = seconds_of_a_row(found) * 10.0**exponent / axis_of_workers
        axis.loglog(axis_of_workers, ideal, ":", color="0.6")
    of = found["workers"]
    rows = of["rows"]
    # Of the processor: what others do on the machine is not in these.
    times = [of["cpu"][w] / int(w) / ITERATIONS for w in ("1", "2")]
    label = f"measured, {rows:,} rows"
    axis.plot([1, 2], times, "o", color="black", markerfacecolor="white", label=label)
    axis.set(xlabel="workers, of one core each")
    axis.set(ylabel="seconds an iteration of Levenberg-Marquardt", ylim=(3e-2, None))
    axis.legend()
    axis.grid(alpha=0.3)
    figure.savefig(PICTURE, dpi=110)


def table(found: dict[str, Any]) -> None:
    """Print what docs/scale.md tells on paper."""
    for rows in (1e7, 1e8, 1e9):
        for count in (1, 2, 10, 100, 1000):
            of = iteration(found, rows, count)
            print(
                f"{rows:.0e} rows, {count:4d} workers: {of['seconds']:9.3f} s, "
                f"{of['bytes'] / 1e6:8.2f} MB, client {1e3 * of['of_the_client']:7.1f} ms"
            )


def seconds_of_a_row(found: dict[str, Any]) -> float:
    """Return what a row costs one worker of one core in an iteration."""
    of = found["workers"]
    return float(of["cpu"]["1"] / ITERATIONS / of["rows"])


def iteration(
    found: dict[str, Any], rows: float, workers: int, bandwidth: float = 1.25e8
) -> dict[str, float]:
    """Return what an iteration takes by the measured parts: seconds, and bytes over the network.

    It has two passes: one for JᵀJ, one for the loss at the point that is tried. In each, a worker
    gets w once and gives back the sums of four pieces of work. The client, at ``bandwidth`` bytes
    a second (1 Gbit/s), takes them one after the other.
    """
    n = int(found["weights"])
    overheads = found["overhead"]
    of_a_sum = overheads["dask" if overheads["dask"]["median"] else "processes"]["thread"]
    pieces = 4 * workers
    client = 2 * pieces * 1e-3 * of_a_sum / PIECES_OF_TWO
    sent = 2 * workers * 8 * n + pieces * 8 * (n * n + n + 2)
    seconds = rows * seconds_of_a_row(found) / workers + client + sent / bandwidth
    return {"seconds": seconds, "bytes": float(sent), "of_the_client": client}


if __name__ == "__main__":
    sys.exit(main())
