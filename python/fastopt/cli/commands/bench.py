"""``fastopt bench``: how fast this machine trains, in a few seconds."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

import fastopt
from fastopt.cli import options


def _regression(sizes: list[int], rows: int, optimizer: Any, batch: Any, dtype: str) -> Any:
    """Return what trains for some epochs, and how many updates an epoch makes."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (rows, sizes[0])).astype(dtype)
    y = np.sin(X.sum(axis=1)) + 0.1 * rng.normal(size=rows)
    net = fastopt.MLP(sizes, dtype=dtype, random_state=0)
    initial = net.parameters.copy()

    def run(epochs: int) -> float:
        net.parameters = initial
        start = time.perf_counter()
        net.fit(X, y, optimizer, epochs=epochs, batch_size=batch)
        return time.perf_counter() - start

    return run, 1 if batch is None else -(-rows // batch)


# Title, what an update is called, and the training.
CASES: list[tuple[str, str, Callable[[], Any]]] = [
    (
        "Adam, 8-16-1, batches of 32, float32",
        "step",
        lambda: _regression([8, 16, 1], 3200, "adam", 32, "float32"),
    ),
    (
        "Adam, 8-64-64-1, batches of 32, float32",
        "step",
        lambda: _regression([8, 64, 64, 1], 3200, "adam", 32, "float32"),
    ),
    (
        "Adam, 64-256-256-1, batches of 128, float32",
        "step",
        lambda: _regression([64, 256, 256, 1], 2560, "adam", 128, "float32"),
    ),
    (
        "Levenberg-Marquardt, 8-10-1, 500 rows",
        "iteration",
        lambda: _regression([8, 10, 1], 500, "lm", None, "float64"),
    ),
    (
        "Levenberg-Marquardt, 8-20-1, 5000 rows",
        "iteration",
        lambda: _regression([8, 20, 1], 5000, "lm", None, "float64"),
    ),
    (
        "BFGS, 8-50-1, 1000 rows",
        "iteration",
        lambda: _regression([8, 50, 1], 1000, "bfgs", None, "float64"),
    ),
]


def measure(run: Callable[[int], float], updates: int, seconds: float) -> float:
    """Return the median time of an update over turns that take ``seconds`` together."""
    epochs = 2
    while run(epochs) < seconds / 10 and epochs < 1000:
        epochs *= 2
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        times.append(run(epochs) / (epochs * updates))
    return statistics.median(times)


def _measured(make: Callable[[], Any], seconds: float) -> float:
    run, updates = make()
    return measure(run, updates, seconds)


def bench(
    seconds: Annotated[float, typer.Option(min=0.001, help="For each of the cases.")] = 1.0,
    as_json: options.AsJson = False,
) -> int:
    """Measure some trainings on this machine; a machine that does other work is slower."""
    info = fastopt.build_info()
    results = [
        {"case": title, "unit": unit, "microseconds": 1e6 * _measured(make, seconds)}
        for title, unit, make in CASES
    ]
    threads = fastopt.get_num_threads()
    if as_json:
        told = {k: v for k, v in info.items() if isinstance(v, str | int | float)}
        print(json.dumps({"build": told, "threads": threads, "results": results}))
        return 0
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("training")
    table.add_column("time", justify="right")
    for row in results:
        table.add_row(str(row["case"]), f"{row['microseconds']:.4g} µs per {row['unit']}")
    Console(highlight=False).print(table)
    print(f"fastopt {info['version']}, variant {info.get('variant', '?')}, {threads} threads")
    return 0
