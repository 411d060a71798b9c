"""Errors of fastopt's own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastopt.training.history import History


class DivergenceError(ArithmeticError):
    """Training left the finite numbers. The network holds the best finite weights.

    Where the loss was not finite at the start already, there are none: it holds those of the start.

    A second-order method never accepts a step to a loss that is not finite: it was so at the
    weights from which the epoch started, and the network still holds these.

    Attributes
    ----------
    epoch : int
        The epoch in which it happened, from 0.
    step : int
        The iteration (update of the weights) within that epoch, from 0.
    loss : float
        The loss that was found there.
    history : History or None
        Everything up to the epoch before.
    second_order : bool
        Whether it was a second-order method.
    at_start : bool
        Whether a first-order method found the loss not finite at the start already.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> x = np.linspace(-1, 1, 10).reshape(-1, 1)
    >>> net = fastopt.MLP([1, 1])
    >>> try:
    ...     net.fit(x, 2 * x, fastopt.SGD(100.0), epochs=1000)
    ... except fastopt.DivergenceError as error:
    ...     print(error.epoch == len(error.history), np.isfinite(net.parameters).all())
    True True
    """

    def __init__(
        self,
        epoch: int,
        step: int,
        loss: float,
        history: History | None = None,
        second_order: bool = False,
        at_start: bool = False,
    ):
        super().__init__(epoch, step, loss, history, second_order, at_start)
        self.epoch, self.step, self.loss, self.history = epoch, step, loss, history
        self.second_order, self.at_start = second_order, at_start

    def __str__(self) -> str:
        if self.second_order:
            what = f"the loss is {self.loss}"
            if math.isfinite(self.loss):
                what = f"the loss is {self.loss}, but its derivatives are not finite"
            return (
                f"training cannot go on in epoch {self.epoch}: {what} at the weights that the "
                "epoch started from; check these weights and the scale of inputs and targets"
            )
        if self.at_start:
            return (
                f"training cannot begin: the loss is {self.loss} at the weights that it starts "
                "from, which the network still holds; check these weights and the scale of "
                "inputs and targets"
            )
        what = f"the loss became {self.loss}"
        if math.isfinite(self.loss):
            what = (
                "weights, running statistics or squares of gradients that are not finite, at a "
                f"loss of {self.loss}"
            )
        return (
            f"training diverged in epoch {self.epoch}, step {self.step}: {what}; the network holds "
            "the best finite weights. A smaller learning_rate, clipped gradients (clip=) or inputs "
            "and targets of a smaller scale may help"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args


class NonFiniteError(ValueError, FloatingPointError):
    """Numbers that are not finite where only finite ones make sense.

    It is a ValueError, as of any argument, and a FloatingPointError, as of sums that overflow.
    """


class StateError(ValueError, TypeError):
    """An entry of a state has a type that it cannot have.

    It is a ValueError, as all that is wrong with a state, and a TypeError, as of any argument.
    """


class FormatError(ValueError):
    """A file is damaged, or is not what it was taken for: of another kind or a later version.

    Attributes
    ----------
    field : str
        Of fastopt's own files, where: "length of the header", "network.layer_sizes", "digest" …

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import fastopt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "net.safetensors")
    ...     fastopt.MLP([2, 1]).save(path)
    ...     _ = path.write_bytes(path.read_bytes()[:-1])
    ...     try:
    ...         fastopt.load(path)
    ...     except fastopt.FormatError as error:
    ...         print(error.field)
    parameters.data_offsets
    """

    def __init__(self, why: str, field: str = "") -> None:
        super().__init__(why, field)
        self.why, self.field = why, field

    def __str__(self) -> str:
        return f"{self.field}: {self.why}" if self.field else self.why
