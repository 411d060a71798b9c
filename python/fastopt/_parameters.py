"""The arrays of a network: flat vectors, and views of them layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt.layers import HiddenLayers

Array = npt.NDArray[Any]


class Parameters:
    """Live views of what a network learns, in the memory of its native part."""

    def __init__(self, core: Any, hidden: HiddenLayers) -> None:
        self._core, self._hidden = core, hidden

    @property
    def parameters(self) -> Array:
        """All weights and biases (n,)."""
        flat: Array = self._core.parameters
        return flat

    @property
    def statistics(self) -> Array:
        """Running means and variances of batch normalisation."""
        flat: Array = self._core.statistics
        return flat

    def layers(self) -> list[dict[str, Array]]:
        """Return the arrays of each layer by their names."""
        return self._hidden.views(self.parameters)

    def named(self, name: str) -> list[Array | None]:
        """Return one array of each layer, None where a layer has none."""
        return [layer.get(name) for layer in self.layers()]

    def set_parameters(self, values: Any) -> None:
        """Copy numbers into the parameters, or refuse those that do not fit."""
        new = _fitting("parameters", self.parameters, values)
        _validation.check_finite("parameters", new, self.parameters.dtype)
        self.parameters[:] = new

    def set_statistics(self, values: Any) -> None:
        """Copy numbers into the statistics, or refuse those that cannot be some."""
        new = _fitting("statistics", self.statistics, values)
        self.check_statistics(new)
        self.statistics[:] = new

    def check_statistics(self, values: Array) -> None:
        """Refuse statistics that are not finite, and variances below zero."""
        _validation.check_finite("statistics", values, self.statistics.dtype)
        start = 0
        for width in self._hidden.normalized_widths:
            variances = values[start + width : start + 2 * width]
            if (variances < 0).any():
                at = start + width + int(np.argmax(variances < 0))
                raise ValueError(
                    f"statistics[{at}] is a variance and must be >= 0, got {values[at]}"
                )
            start += 2 * width


def _fitting(name: str, flat: Array, values: Any) -> Array:
    _validation.check_masks(name, values)
    new = np.asarray(values)
    if new.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {new.dtype}")
    if new.shape != flat.shape:
        raise ValueError(f"{name} must have shape {flat.shape}, got {new.shape}")
    return new
