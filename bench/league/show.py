"""The league as a table in Markdown, and as performance profiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.league.methods import METHODS
from bench.league.problems import problems

# Of each method, where the machine has time enough.
STARTS = 20

Rows = list[list[float]]
Results = dict[str, dict[str, Rows]]


def share(rows: Rows) -> float:
    """Return which share of the starts met the goal."""
    return float(np.mean([bool(row[0]) for row in rows]))


def of_group(group: str) -> list[str]:
    """Return the methods of one table: "lm", "others" of fastopt, "peers"."""
    names = list(METHODS)
    of_peers = names[names.index("scikit-learn adam") :]
    if group == "peers":
        return of_peers
    own = [name for name in names if name not in of_peers]
    return [name for name in own if name.startswith("lm ") == (group == "lm")]


def table(results: Results, group: str) -> str:
    """Return starts at the goal, and the median iterations of these, for each problem."""
    methods = [m for m in of_group(group) if any(m in found for found in results.values())]
    lines = ["| problem | " + " | ".join(methods) + " |", "|---" * (len(methods) + 1) + "|"]
    tasks = problems()
    for name, found in results.items():
        cells = [cell(found[method]) if method in found else "" for method in methods]
        lines.append(f"| {tasks[name].title} | " + " | ".join(cells) + " |")
    means, seconds = [], []
    for method in methods:  # of those alone that were measured on every problem
        rows = [found[method] for found in results.values() if method in found]
        whole = len(rows) == len(tasks)
        means.append(f"{100 * np.mean([*map(share, rows)]):.0f} %" if whole else "")
        spent = np.mean([np.median([row[2] for row in of_one]) for of_one in rows])
        seconds.append(f"{spent:.2g}" if whole else "")
    lines.append("| mean share | " + " | ".join(means) + " |")
    if group == "peers":
        lines.append("| processor seconds for a start | " + " | ".join(seconds) + " |")
    return "\n".join(lines)


def cell(rows: Rows) -> str:
    """Return how many starts were at the goal, of how many if not of 20, in which median."""
    counts = [row[1] for row in rows if row[0]]
    of = "" if len(rows) == STARTS else f" of {len(rows)}"
    return f"{len(counts)}{of}" + (f" in {np.median(counts):.0f}" if counts else "")


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
    """Draw which share is at the goal after how many iterations, of what ran on all problems."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    budgets = np.geomspace(1e-3, 10, 200)
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    styles = {"lm": "-", "others": "--", "peers": ":"}
    for group, style in styles.items():
        axes.set_prop_cycle(color=plt.get_cmap("tab10").colors)
        for method in of_group(group):
            if all(method in found for found in results.values()):
                axes.plot(budgets, 100 * profile(results, method, budgets), style, label=method)
    axes.set(
        xscale="log",
        xlabel="iterations, in shares of what Levenberg-Marquardt is given",
        ylabel="starts at the goal, % (mean of all problems)",
        ylim=(0, 100),
    )
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
