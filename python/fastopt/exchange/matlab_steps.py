"""What MATLAB's toolbox does before and after a network: its processing functions as maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt._errors import FormatError

Numbers = npt.NDArray[np.float64]
Step = tuple[str, dict[str, Any]]  # the function's name and its settings


def _affine(function: str, settings: dict[str, Any], width: int) -> tuple[Numbers, Numbers]:
    """Return factor and shift of mapminmax or mapstd forward."""

    def setting(*names: str) -> Numbers:
        for name in names:
            if name in settings:
                values = np.asarray(settings[name], dtype=np.float64).reshape(-1)
                if len(values) not in (1, width):
                    raise FormatError(f"{function}: {name} has {len(values)} numbers, not {width}")
                return np.broadcast_to(values, width)
        raise FormatError(f"{function}: the setting {names[0]!r} is missing")

    if function == "mapminmax":
        if "gain" in settings:
            offset, gain, low = setting("xoffset"), setting("gain"), setting("ymin")
        else:  # as older versions save it
            offset, low = setting("xmin"), setting("ymin")
            span = setting("xmax") - offset
            with np.errstate(divide="ignore"):
                gain = (setting("ymax") - low) / span
            gain = np.where(span == 0, 1.0, gain)  # a constant row is moved only
    elif function == "mapstd":
        offset, low = setting("xoffset", "xmean"), setting("ymean")
        if "gain" in settings:
            gain = setting("gain")
        else:
            spread = setting("xstd")
            gain = setting("ystd") / np.where(spread == 0, 1.0, spread)
    else:
        raise ValueError(
            f"the processing function {function!r} is not known here: mapminmax, mapstd and "
            "removeconstantrows are"
        )
    return np.array(gain), low - offset * gain


def forward(
    steps: list[Step], n_inputs: int
) -> tuple[npt.NDArray[np.intp], tuple[Numbers, Numbers]]:
    """Return which inputs are kept, and factor and shift of all steps together."""
    kept = np.arange(n_inputs)
    factor, shift = np.ones(n_inputs), np.zeros(n_inputs)
    for function, settings in steps:
        if function == "removeconstantrows":
            stay = kept_rows(settings, len(kept))
            kept, factor, shift = kept[stay], factor[stay], shift[stay]
            continue
        gain, move = _affine(function, settings, len(kept))
        factor, shift = factor * gain, shift * gain + move
    return kept, (factor, shift)


def kept_rows(settings: dict[str, Any], width: int) -> npt.NDArray[np.intp]:
    """Return the rows, from 0, that removeconstantrows keeps of so many."""
    if "keep" not in settings:
        raise FormatError("removeconstantrows: the setting 'keep' is missing")
    stay = np.asarray(settings["keep"], dtype=np.float64).reshape(-1)
    if (stay < 1).any() or (stay > width).any() or (stay != np.floor(stay)).any():
        raise FormatError(f"removeconstantrows: 'keep' must hold rows 1 … {width}")
    return stay.astype(np.intp) - 1


def scaling_kind(steps: list[Step]) -> str | None:
    """Return how fastopt calls such steps."""
    functions = {function for function, _ in steps}
    if "mapstd" in functions:
        return "standard"
    return "minmax" if functions & {"mapminmax", "removeconstantrows"} else None


def backward(steps: list[Step], n_outputs: int) -> tuple[Numbers, Numbers]:
    """Return factor and shift of the steps of outputs, which are undone."""
    if any(
        function == "removeconstantrows" and len(kept_rows(s, 1 << 30)) != n_outputs
        for function, s in steps
    ):
        raise ValueError("constant outputs that removeconstantrows took away are not known here")
    own = [(f, s) for f, s in steps if f != "removeconstantrows"]
    _, (factor, shift) = forward(own, n_outputs)
    if (factor == 0).any() or not np.isfinite(factor).all():
        raise FormatError("the map of the outputs cannot be undone")
    return 1 / factor, -shift / factor
