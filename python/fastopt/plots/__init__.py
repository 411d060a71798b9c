"""Pictures of runs, networks and fits; they need the extra ``fastopt[plot]``.

Each function draws on the axes that it is given (``ax=``), new ones by default, and returns them.
What is drawn in ink follows the colours of the style, as of matplotlib's "dark_background",
and lines differ by more than their colours, so that they can be told apart in grey.
"""

from __future__ import annotations

from fastopt.plots.classes import confusion_matrix, roc
from fastopt.plots.errors import error_histogram, regression
from fastopt.plots.fits import fit_1d, path_2d
from fastopt.plots.layers import gradient_flow, weights
from fastopt.plots.runs import compare, learning_curve, training_state
from fastopt.plots.windows import matlab

__all__ = [
    "compare",
    "confusion_matrix",
    "error_histogram",
    "fit_1d",
    "gradient_flow",
    "learning_curve",
    "matlab",
    "path_2d",
    "regression",
    "roc",
    "training_state",
    "weights",
]


def __dir__() -> list[str]:
    return __all__
