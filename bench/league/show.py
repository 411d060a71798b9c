"""The league as a table in Markdown, and as performance profiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.league.methods import METHODS
from bench.league.problems import problems

Rows = list[list[float]]
Results = dict[str, dict[str, Rows]]


def share(rows: Rows) -> float:
    """Return which share of the starts met the goal."""
    return float(np.mean([bool(row[0]) for row in rows]))


def table(results: Results) -> str:
    """Return starts of 20 at the goal, and the median iterations of these, for each problem."""
    methods = [m for m in METHODS if any(m in found for found in results.values())]
    lines = ["| problem | " + " | ".join(methods) + " |", "|---" * (len(methods) + 1) + "|"]
    tasks = problems()
    for name, found in results.items():
        cells = []
        for method in methods:
            rows = found.get(method)
            if rows is None:
                cells.append("")
                continue
            counts = [row[1] for row in rows if row[0]]
            median = f" in {np.median(counts):.0f}" if counts else ""
            cells.append(f"{len(counts)}{median}")
        lines.append(f"| {tasks[name].title} | " + " | ".join(cells) + " |")
    means = []
    for method in methods:  # of those alone that were measured on every problem
        shares = [share(found[method]) for found in results.values() if method in found]
        whole = len(shares) == len(tasks)
        means.append(f"{100 * np.mean(shares):.0f} %" if whole else "")
    lines.append("| mean share | " + " | ".join(means) + " |")
    return "\n".join(lines)


def profile(results: Results, method: str, budgets: np.ndarray) -> np.ndarray:
    """Return the mean share of starts at the goal within each share of a problem's iterations."""
    tasks = problems()
    shares = []
    for name, found in results.items():
        rows = np.array(found.get(method, [[0, 1, 0, 0]]), dtype=float)
        spent = np.where(rows[:, 0] > 0, rows[:, 1], np.inf) / tasks[name].iterations
        shares.append((spent[:, None] <= budgets).mean(axis=0))
    return np.asarray(np.mean(shares, axis=0))


def picture(results: Results, path: Path) -> None:
    """Draw the profiles of all methods: which share is at the goal after how many iterations."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    budgets = np.geomspace(1e-3, 10, 200)
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for method in METHODS:
        if any(method in found for found in results.values()):
            style = "-" if method.startswith("lm") else "--"
            axes.plot(budgets, 100 * profile(results, method, budgets), style, label=method)
    axes.set(
        xscale="log",
        xlabel="iterations, in shares of what Levenberg-Marquardt is given",
        ylabel="starts at the goal, % (mean of all problems)",
        ylim=(0, 100),
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
