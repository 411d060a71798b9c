"""Gradient clipping: objects that ``fit`` takes as ``clip``, and that work on plain arrays too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy.typing as npt

from fastopt import _core
from fastopt._settings import Settings, number


@dataclass
class Clip(Settings):
    """Base of the ways to clip a gradient.

    Calling the object clips one array or a sequence of arrays (float32 or float64, any layout) in
    place and returns whether anything was changed::

        clip = fastopt.ClipByGlobalNorm(1.0)
        clip(grads)
        opt.step(params, grads)
    """

    kind: ClassVar[str]

    limit: float = number(above=0)

    def __call__(self, grads: npt.NDArray[Any] | Sequence[npt.NDArray[Any]]) -> bool:
        """Clip in place; return whether anything was changed."""
        return _core.clip(self.kind, self.limit, grads)


class ClipByValue(Clip):
    """Each element to [−limit, limit].

    Parameters
    ----------
    limit : float
        > 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastopt.clip import ClipByValue
    >>> g = np.array([-3.0, 0.5])
    >>> ClipByValue(1.0)(g), g
    (True, array([-1. ,  0.5]))
    """

    kind: ClassVar[str] = "value"


class ClipByNorm(Clip):
    """g ← g · limit/‖g‖ for each array that is longer (of a network: each matrix, each bias).

    Parameters
    ----------
    limit : float
        The largest norm of one array; > 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastopt.clip import ClipByNorm
    >>> grads = [np.array([3.0, 4.0]), np.array([0.5])]
    >>> ClipByNorm(1.0)(grads), grads
    (True, [array([0.6, 0.8]), array([0.5])])
    """

    kind: ClassVar[str] = "norm"


class ClipByGlobalNorm(Clip):
    """g ← g · limit/‖g‖ with the norm of all arrays together: the direction stays.

    Parameters
    ----------
    limit : float
        The largest norm of the whole gradient; > 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastopt.clip import ClipByGlobalNorm
    >>> grads = [np.array([3.0]), np.array([4.0])]
    >>> ClipByGlobalNorm(1.0)(grads), grads
    (True, [array([0.6]), array([0.8])])
    """

    kind: ClassVar[str] = "global_norm"
