"""The windows of MATLAB's training tool, in one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt.plots.classes import confusion_matrix
from fastopt.plots.drawing import check_history, check_parts
from fastopt.plots.errors import error_histogram, regression
from fastopt.plots.runs import learning_curve, training_state

if TYPE_CHECKING:
    from fastopt.network import MLP
    from fastopt.training.history import History


def matlab(
    history: History,
    net: MLP,
    X: Any,
    y: Any,
    axes: Any = None,
    *,
    parts: Any = None,
    unit: str | None = None,
) -> Any:
    """Draw MATLAB's four windows: performance, training state, error histogram, regression.

    Of a classifier the last one is the confusion matrix, as of patternnet.

    Parameters
    ----------
    history : History
        Of the ``fit``.
    net : MLP
    X, y : array
        The data.
    axes : array of four Axes, optional
        Where to draw; by default those of a new figure.
    parts : dict of rows by name, or Split, optional
        Which rows of X were trained on, and which not. By default those that the ``fit`` held out
        with ``validation_split``.
    unit : str, optional
        Of the targets.

    Returns
    -------
    array (2, 2) of matplotlib Axes
    """
    history = check_history(history)
    outputs = np.asarray(net.predict(X))
    targets = np.asarray(y)
    n = len(outputs)
    if parts is None and history.validation_rows is not None:
        held_out = np.zeros(n, dtype=bool)
        held_out[history.validation_rows] = True
        parts = {"training": ~held_out, "validation": held_out}
    chosen = check_parts(parts, n)
    test = None
    if "test" in chosen:
        rows = chosen["test"]
        # In the units of the scaled problem, as the losses of the History are.
        if net.target_scaling_ is None:
            test = float(net.evaluate(np.asarray(X)[rows], targets[rows]))
    classifies = net.output_activation in ("softmax",) or net._loss == "cross_entropy"
    if axes is None:
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise ImportError(
                "fastopt.plots needs matplotlib: pip install 'fastopt[plot]'"
            ) from error
        axes = pyplot.subplots(2, 2, figsize=(10, 8), layout="constrained")[1]
    panels = np.asarray(axes, dtype=object).reshape(-1)
    if len(panels) != 4:
        raise ValueError(f"axes must be four Axes, got {len(panels)}")
    learning_curve(history, panels[0], test=test)
    panels[0].set_title("performance")
    training_state(history, panels[1])
    panels[1].set_title("training state")
    numbers = targets
    if classifies and targets.ndim == 1:
        numbers = np.eye(outputs.shape[1])[targets.astype(int)]
    numbers = numbers.reshape(outputs.shape)
    error_histogram(numbers, outputs, ax=panels[2], parts=chosen or None, unit=unit)
    panels[2].set_title("error histogram")
    if classifies:
        labels = targets if targets.ndim == 1 else targets.argmax(axis=1)
        confusion_matrix(labels.astype(int), outputs, panels[3])
        panels[3].set_title(f"confusion, {panels[3].get_title()}")
    else:
        regression(numbers, outputs, panels[3], parts=chosen or None, unit=unit)
        panels[3].set_title(f"regression, {panels[3].get_title()}".rstrip(", "))
    return panels.reshape(2, 2)
