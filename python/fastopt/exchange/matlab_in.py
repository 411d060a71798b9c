"""Networks of MATLAB's Deep Learning Toolbox: a saved ``network``, or a function of genFunction."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt._errors import FormatError
from fastopt.exchange.layers_in import Act, Dense, Layer, network, scaling_of_inputs
from fastopt.exchange.matlab_file import Struct, Unread, variables
from fastopt.exchange.matlab_steps import Step, backward, forward, kept_rows, scaling_kind
from fastopt.exchange.matlab_text import Text
from fastopt.exchange.reading import reading
from fastopt.network import MLP
from fastopt.training.scaling import Scaling, Scalings

Numbers = npt.NDArray[np.float64]

_TRANSFERS = {
    "tansig": "tanh",
    "logsig": "sigmoid",
    "purelin": "identity",
    "softmax": "softmax",
    "poslin": "relu",
    "exponential": "exp",
}
# What ``net.to_matlab`` writes beside those of the toolbox.
_OWN = ("leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "increasing")
_LARGEST_TEXT = 64 << 20  # bytes: three million weights
_LARGEST_MAT = 1 << 30  # bytes, once they are no longer compressed
_MOST_REMOVED = 1 << 24  # numbers of the first weights, with zeros for inputs that were removed


def from_matlab(path: Any) -> MLP:
    """Return a network that computes what one of MATLAB's does.

    Parameters
    ----------
    path : str or path
        A .mat file with a ``network`` of feed-forward layers (fitnet, patternnet, feedforwardnet),
        as ``save`` writes it (not -v7.3); or a .m file that genFunction wrote, which is read as
        text and never executed. Samples stand in rows here.

    Returns
    -------
    MLP
        In double precision. What the toolbox does before and after the network (mapminmax, mapstd,
        removeconstantrows) is the network's own scaling, so that training goes on in its units;
        constant inputs that it removes are dropped.

    Raises
    ------
    FormatError
        The file is damaged, or something else; or the network has delays, several inputs, cascades
        or functions that are not known here, which are named. It is a ValueError.

    Examples
    --------
    >>> import fastopt
    >>> text = '''function [y1] = net(x1)
    ... x1_step1.xoffset = 0; x1_step1.gain = 2; x1_step1.ymin = -1;
    ... b1 = [0.5;-0.25];
    ... IW1_1 = [1;2];
    ... b2 = 0.125;
    ... LW2_1 = [1 -1];
    ... xp1 = mapminmax_apply(x1,x1_step1);
    ... a1 = tansig_apply(repmat(b1,1,Q) + IW1_1*xp1);
    ... a2 = repmat(b2,1,Q) + LW2_1*a1;
    ... '''
    >>> with open("/tmp/net.m", "w") as file:
    ...     _ = file.write(text)
    >>> fastopt.from_matlab("/tmp/net.m").predict([[0.5]]).round(4)
    array([[0.832]])
    """
    path = Path(os.fspath(path))
    kind = path.suffix.lower()
    if kind not in (".m", ".mat"):
        raise ValueError(f"from_matlab reads .mat and .m files, got {path.name!r}")
    path.open("rb").close()  # the system's own errors
    with reading(path):
        if kind == ".mat":
            return _assembled(_of_mat(path), _TRANSFERS)
        return _assembled(_of_text(path), {**_TRANSFERS, **{name: name for name in _OWN}})


@dataclass
class _Parts:
    """What both kinds of files say: weights (units × inputs), and maps of inputs and outputs.

    A map is y = factor·x + shift; ``kept`` are the inputs, from 0, that are not removed; the kinds
    are how fastopt calls the maps, None where there is none.
    """

    weights: list[Numbers]
    biases: list[Numbers]
    transfers: list[str]
    n_inputs: int
    kept: npt.NDArray[np.intp]
    input_map: tuple[Numbers, Numbers]
    output_map: tuple[Numbers, Numbers]
    input_kind: str | None
    output_kind: str | None


def _assembled(parts: _Parts, transfers: dict[str, str]) -> MLP:
    layers: list[Layer] = []
    inputs, targets = _scaling_of_inputs(parts), _scaling_of_targets(parts)
    for i, (W, b, transfer) in enumerate(
        zip(parts.weights, parts.biases, parts.transfers, strict=True)
    ):
        name = f"layer {i + 1}"
        if transfer not in transfers:
            raise ValueError(
                f"{name}: the transfer function {transfer!r} is none of fastopt's: "
                f"{', '.join(transfers)} are"
            )
        W, b = W.T, b.reshape(-1)
        if len(b) != W.shape[1]:
            raise FormatError(f"{name} has {W.shape[1]} units and {len(b)} biases")
        if i == 0:
            W, b = _with_all_inputs(parts, W, b, folded=inputs is None)
        if i == len(parts.weights) - 1 and targets is None:
            factor, shift = parts.output_map
            W, b = W * factor, b * factor + shift
        layers += [Dense(W, b, name), Act(transfers[transfer], name)]
    net = network(layers, np.float64)
    scaled_inputs = None if inputs is None else parts.input_kind
    scaled_targets = None if targets is None else parts.output_kind
    net._take_scalings(Scalings(scaled_inputs, scaled_targets, inputs, targets))
    return net


def _scaling_of_inputs(parts: _Parts) -> Scaling | None:
    """Return the map of the inputs; None where there is none or it has to go into the weights."""
    if parts.input_kind is None:
        return None
    factor, shift = np.zeros(parts.n_inputs), np.zeros(parts.n_inputs)
    factor[parts.kept], shift[parts.kept] = parts.input_map
    return scaling_of_inputs(factor, shift)


def _scaling_of_targets(parts: _Parts) -> Scaling | None:
    """Return the same of the outputs; of others than purelin's it is refused."""
    factor, shift = parts.output_map
    if (factor == 1).all() and (shift == 0).all():
        return None
    if parts.transfers[-1] != "purelin":
        raise ValueError(
            f"layer {len(parts.transfers)}: outputs of {parts.transfers[-1]} that are mapped back "
            "by the toolbox have no place here: train it with outputs{end}.processFcns = {}"
        )
    is_scaling = (factor > 0).all() and np.isfinite(shift).all()
    return Scaling(shift, factor) if parts.output_kind and is_scaling else None


def _with_all_inputs(
    parts: _Parts, W: Numbers, b: Numbers, folded: bool
) -> tuple[Numbers, Numbers]:
    """Return the first layer's weights of all inputs, with the map of the inputs where asked."""
    factor, shift = parts.input_map
    if W.shape[0] != len(factor):
        raise FormatError(
            f"the first layer reads {W.shape[0]} numbers, and its inputs are {len(factor)}"
        )
    if folded:
        b, W = b + shift @ W, W * factor[:, None]
    whole = np.zeros((parts.n_inputs, W.shape[1]))
    whole[parts.kept] = W
    return whole, b


def _check_inputs(n_inputs: int, W: Numbers) -> None:
    """Refuse inputs that the file only says are there, and that would fill the memory."""
    if n_inputs != W.shape[1] and n_inputs * W.shape[0] > _MOST_REMOVED:
        raise FormatError(
            f"{n_inputs} inputs of which the weights have {W.shape[1]}: too many were removed"
        )


# --- a function of genFunction -------------------------------------------------------------------


def _of_text(path: Path) -> _Parts:
    if path.stat().st_size > _LARGEST_TEXT:
        raise FormatError(f"{path.name} is larger than {_LARGEST_TEXT >> 20} MB")
    text = Text(path.read_text(encoding="utf-8", errors="replace"))
    weights, transfers = [text.matrix("IW1_1")], []
    while text.uses(f"LW{len(weights) + 1}_{len(weights)}"):
        weights.append(text.matrix(f"LW{len(weights) + 1}_{len(weights)}"))
    biases = [
        text.matrix(f"b{i}") if text.uses(f"b{i}") else np.zeros(len(W))
        for i, W in enumerate(weights, start=1)
    ]
    chain = {"IW1_1", *(f"LW{i + 1}_{i}" for i in range(1, len(weights)))}
    others = [n for n in text.numbers if n.startswith(("IW", "LW")) and n not in chain]
    if others:
        raise ValueError(
            f"{others[0]} is a connection beyond a chain of layers (a cascade or feedback): only "
            "feed-forward networks are known here"
        )
    for i in range(1, len(weights) + 1):
        if i in text.changed:
            raise ValueError(
                f"a{i}, the outputs of layer {i}, is computed in several statements (a shortcut, a "
                "normalisation): only a weighted sum and a transfer function are known here"
            )
        if i not in text.transfers:
            raise FormatError(f"a{i}, the outputs of layer {i}, is not computed in the file")
        transfers.append(text.transfers[i])
    called = {step: function for function, _, step in text.steps}
    given = {name.split(".")[0] for name in text.numbers if "_step" in name}
    if given - set(called):
        raise FormatError(f"{min(given - set(called))} has settings and is not used in the file")
    if "fixunknowns" in called.values():
        _refuse_unknowns()
    inputs, outputs = (
        [(function, text.fields(step)) for step, function in called.items() if step[0] == side]
        for side in "xy"
    )
    n_inputs = text.n_inputs or _width(inputs, weights[0].shape[1])
    _check_inputs(n_inputs, weights[0])
    kept, input_map = forward(inputs, n_inputs)
    # They are undone in the order of the file, the last step first.
    return _Parts(
        weights,
        biases,
        transfers,
        n_inputs,
        kept,
        input_map,
        backward(outputs[::-1], weights[-1].shape[0]),
        scaling_kind(inputs),
        scaling_kind(outputs),
    )


def _width(steps: list[Step], after: int) -> int:
    """Return how many inputs there are before all steps."""
    for function, settings in steps:
        if function == "removeconstantrows":
            # genFunction does not say how many rows there were: at least up to the last kept one.
            return int(np.max(kept_rows(settings, 1 << 30))) + 1
    return after


# --- a saved network -----------------------------------------------------------------------------


def _of_mat(path: Path) -> _Parts:
    if path.stat().st_size > _LARGEST_MAT:
        raise FormatError(f"{path.name} is larger than {_LARGEST_MAT >> 20} MB")
    data = path.read_bytes()
    if b"MATLAB 7.3" in data[:128]:
        raise FormatError(f"{path.name} was saved with -v7.3: save it with -v7, or use genFunction")
    contents = variables(data, _LARGEST_MAT)
    found = [(k, v) for k, v in contents if isinstance(v, Struct | Unread) and v.classname]
    nets = [v for _, v in found if isinstance(v, Struct) and v.classname == "network"]
    if not nets and any(isinstance(v, Unread) and v.classname == "network" for _, v in found):
        raise FormatError(
            f"{path.name} holds an object of a newer class that only MATLAB can read: use "
            "genFunction(net, 'name.m', 'MatrixOnly', 'yes') there"
        )
    if len(nets) != 1:
        what = ", ".join(f"{k} ({v.classname})" for k, v in found) or "no object"
        raise FormatError(f"{path.name} must hold one network, and there is {what}")
    try:
        return _of_network(_record(nets[0]))
    except FormatError:
        raise
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise FormatError(f"the network in {path.name} lacks {error}") from None


def _of_network(n: Any) -> _Parts:
    inputs, layers = n["inputs"].reshape(-1), n["layers"].reshape(-1)
    if len(inputs) != 1:
        raise ValueError(f"several inputs are not known here: the network has {len(inputs)}")
    depth = len(layers)
    weights = [_doubles(n["IW"][0, 0])]
    for i in range(depth):
        for j in range(depth):
            connected = n["LW"][i, j].size > 0
            if connected != (j + 1 == i):
                raise ValueError(
                    f"layer {j + 1} and layer {i + 1} are {'' if connected else 'not '}connected: "
                    "only a chain of layers is known here, no cascade or feedback"
                )
        if i > 0 and n["IW"][i, 0].size:
            raise ValueError(f"layer {i + 1} reads the inputs: cascades are not known here")
        if i > 0:
            weights.append(_doubles(n["LW"][i, i - 1]))
    transfers = [_word(_record(layer)["transferFcn"]) for layer in layers]
    biases = []
    for i in range(depth):
        b = _doubles(n["b"][i, 0])
        biases.append(b if b.size else np.zeros(weights[i].shape[0]))
    first, last = _record(inputs[0]), _record(n["outputs"].reshape(-1)[-1])
    settings = _steps(first)
    n_inputs = weights[0].shape[1]
    if settings and "xrows" in settings[0][1]:
        n_inputs = int(settings[0][1]["xrows"].item())
    elif "size" in first:
        n_inputs = int(_doubles(first["size"]).item())
    if weights[0].shape[1] > n_inputs:
        raise ValueError("delays are not known here: the first layer reads inputs of several times")
    _check_inputs(n_inputs, weights[0])
    kept, input_map = forward(settings, n_inputs)
    undone = _steps(last)
    output_map = backward(undone, weights[-1].shape[0])
    kinds = scaling_kind(settings), scaling_kind(undone)
    return _Parts(weights, biases, transfers, n_inputs, kept, input_map, output_map, *kinds)


def _steps(side: Any) -> list[Step]:
    functions = [_word(f) for f in side["processFcns"].reshape(-1)]
    if "fixunknowns" in functions:
        _refuse_unknowns()
    settings = side["processSettings"].reshape(-1)
    return [
        (function, {name: _doubles(v) for name, v in _settings(s).items()})
        for function, s in zip(functions, settings, strict=True)
    ]


def _refuse_unknowns() -> None:
    raise ValueError(
        "fixunknowns replaces missing inputs and adds rows that say so: not known here"
    )


def _record(value: Any) -> dict[str, Any]:
    if not isinstance(value, Struct) or len(value.records) != 1:
        raise FormatError("the network lacks a struct where it should have one")
    return value.records[0]


def _settings(value: Any) -> dict[str, Any]:
    """Return the settings of a step; one without any is saved as an empty array."""
    return value.records[0] if isinstance(value, Struct) and value.records else {}


def _doubles(value: Any) -> Numbers:
    return value if isinstance(value, np.ndarray) and value.dtype == np.float64 else np.empty(0)


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise FormatError(f"the network has {type(value).__name__} instead of a name")
    return value
