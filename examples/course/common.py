"""What the scripts of the course share: following a rule down a function, and saving pictures.

python examples/course/statement_….py [FOLDER]
"""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

import fastopt

PICTURES = Path(__file__).resolve().parents[2] / "pictures" / "course"

Array = np.ndarray
Gradient = Callable[[Array], Array]


def descend(optimizer: fastopt.SGD, gradient: Gradient, start: Array, steps: int) -> Array:
    """Return w after 0, 1, … ``steps`` iterations, shape (steps + 1, *start.shape).

    With Nesterov's momentum the optimiser works on the look-ahead point, where it wants the
    gradient; what is returned is w.
    """
    params = np.array(start, dtype=float)
    path = np.empty((steps + 1, *params.shape))
    path[0] = params
    for i in range(steps):
        optimizer.step(params, gradient(params))
        path[i + 1] = optimizer.finalize(params.copy())
    return path


def axes(columns: int, height: float = 4, width: float = 5) -> tuple[Figure, list[plt.Axes]]:
    """Return a figure with panels side by side."""
    figure, panels = plt.subplots(
        1, columns, figsize=(width * columns, height), layout="constrained", squeeze=False
    )
    return figure, list(panels[0])


def save(figure: Figure, script: str) -> None:
    """Save the picture of a script under its name and tell where."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    path = folder / f"{Path(script).stem}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    print(path)
