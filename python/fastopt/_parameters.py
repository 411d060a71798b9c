"""The arrays of a network: flat vectors, and views of them layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt.layers import HiddenLayers

Array = npt.NDArray[Any]


class Parameters:
    """What a network learns: parameters and running statistics."""

    _core: Any
    _hidden: HiddenLayers

    @property
    def n_parameters(self) -> int:
        """How many weights and biases there are."""
        return int(self._core.parameters.size)

    @property
    def parameters(self) -> Array:
        """All weights and biases as one flat vector (n,): a live view; assigning copies into it."""
        flat: Array = self._core.parameters
        return flat

    @parameters.setter
    def parameters(self, values: Any) -> None:
        flat = self._core.parameters
        new = _fitting("parameters", flat, values)
        _validation.check_finite("parameters", new, flat.dtype)
        flat[:] = new

    @property
    def coefs_(self) -> list[Array]:
        """W of each layer, (fan_in, fan_out): live views of ``parameters``."""
        return [layer["W"] for layer in self._layers()]

    @property
    def intercepts_(self) -> list[Array | None]:
        """B of each layer, (fan_out,): live views; None where a normalisation has taken its place.

        Such layers have β, see :attr:`shifts_`.
        """
        return [layer.get("b") for layer in self._layers()]

    @property
    def scales_(self) -> list[Array | None]:
        """γ of each layer, (fan_out,): live views; None where it is not normalised."""
        return [layer.get("gamma") for layer in self._layers()]

    @property
    def shifts_(self) -> list[Array | None]:
        """β of each layer, (fan_out,): live views; None where it is not normalised."""
        return [layer.get("beta") for layer in self._layers()]

    @property
    def projections_(self) -> list[Array | None]:
        """P of each layer, (width at the shortcut's start, fan_out); None where there is none."""
        return [layer.get("P") for layer in self._layers()]

    def _layers(self) -> list[dict[str, Array]]:
        return self._hidden.views(self.parameters)

    @property
    def statistics(self) -> Array:
        """Running means and variances of batch normalisation as one flat vector, like `parameters`.

        Of each normalised layer the means, then the variances: a live view; assigning copies into
        it (finite, no variance below zero). No parameters, but they belong to copies and pickles.
        """
        flat: Array = self._core.statistics
        return flat

    @statistics.setter
    def statistics(self, values: Any) -> None:
        flat = self._core.statistics
        new = _fitting("statistics", flat, values)
        self._check_statistics(new)
        flat[:] = new

    def _check_statistics(self, values: Array) -> None:
        """Refuse statistics that are not finite, and variances below zero."""
        _validation.check_finite("statistics", values, self._core.statistics.dtype)
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
