"""Dense networks from ONNX models: those that fastopt, skl2onnx and PyTorch write.

From the output back to the input, each tensor is the outcome of a part of a network: a dense layer,
an activation in one node or written out, a normalisation, a shortcut, a map of each column.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt._errors import FormatError
from fastopt.exchange.layers_in import Act, Dense, Norm
from fastopt.exchange.onnx_blocks import Chain, Map, Part, Shape, Shortcut
from fastopt.exchange.onnx_graph import Graph, Node
from fastopt.exchange.reading import reading
from fastopt.network import MLP

Numbers = npt.NDArray[Any]

_LARGEST = 1 << 31  # bytes; no message of Protocol Buffers may be larger
_PROBABILITIES = ("probabilities", "output_probability")  # as fastopt and skl2onnx call them
_BYTES_OF_A_NUMBER = 4  # at least: no network has more weights than the file has room for

# --- activations -------------------------------------------------------------------------------

# In one node: fastopt's name, and the settings that it means the same with, first the default's.
_NODES: dict[str, tuple[str, dict[str, tuple[Any, ...]]]] = {
    "Tanh": ("tanh", {}),
    "Sigmoid": ("sigmoid", {}),
    "Relu": ("relu", {}),
    "Softplus": ("softplus", {}),
    "Exp": ("exp", {}),
    "LeakyRelu": ("leaky_relu", {"alpha": (0.01,)}),
    "Elu": ("elu", {"alpha": (1.0,)}),
    "Selu": ("selu", {"alpha": (1.6732632423543772,), "gamma": (1.0507009873554805,)}),
    "Gelu": ("gelu", {"approximate": ("none",)}),
    "Softmax": ("softmax", {"axis": (-1, 1)}),
}
_EXP_LESS_1 = ("Sub", ("Exp", "z"), 1.0)
_POSITIVE = ("Greater", "z", 0.0)
_SIGMOID = ("Div", 1.0, ("Add", 1.0, ("Exp", ("Neg", "z"))))
_SCALE, _ALPHA = 1.0507009873554805, 1.6732632423543772  # of selu: Klambauer et al. 2017
_E = ("Exp", ("Neg", ("Abs", "z")))
_U = ("Add", 1.0, _E)
_IS_ONE = ("Equal", _U, 1.0)
_LOG = ("Div", ("Mul", ("Log", _U), _E), ("Where", _IS_ONE, 1.0, ("Sub", _U, 1.0)))
_SOFTPLUS = ("Add", ("Relu", "z"), ("Where", _IS_ONE, _E, _LOG))
_HALF_ERFC = ("Add", ("Erf", ("Mul", "z", 2**-0.5)), 1.0)
_HALF_ERFC_2 = ("Add", ("Erf", ("Div", "z", 2**0.5)), 1.0)
_WRITTEN_OUT: list[tuple[str, Any]] = [
    ("sigmoid", _SIGMOID),
    ("silu", ("Mul", "z", _SIGMOID)),
    ("silu", ("Mul", "z", ("Sigmoid", "z"))),
    ("leaky_relu", ("Where", _POSITIVE, "z", ("Mul", "z", 0.01))),
    ("elu", ("Where", _POSITIVE, "z", _EXP_LESS_1)),
    (
        "selu",
        ("Where", _POSITIVE, ("Mul", "z", _SCALE), ("Mul", _EXP_LESS_1, _SCALE * _ALPHA)),
    ),
    ("softplus", _SOFTPLUS),
    # PyTorch's, which is linear beyond a threshold.
    ("softplus", ("Where", ("Greater", "z", 20.0), "z", ("Softplus", "z"))),
    *(
        ("gelu", pattern)
        for half in (_HALF_ERFC, _HALF_ERFC_2)
        for pattern in (
            ("Mul", ("Mul", "z", 0.5), half),
            ("Mul", ("Mul", "z", half), 0.5),
            ("Mul", "z", ("Mul", 0.5, half)),
        )
    ),
]
_INCREASING = [
    ("CumSum", ("Where", "first", "z", softplus), "axis")
    for softplus in (("Softplus", "z"), _SOFTPLUS)
]
_APART = ("Sub", "z", ("Mean", "z"))
_DEVIATION = ("Sqrt", ("Add", ("Mean", ("Mul", _APART, _APART)), "epsilon"))
_LAYER_NORM = ("Add", ("Mul", ("Div", _APART, _DEVIATION), "gamma"), "beta")


def from_onnx(path: Any, output: str | None = None) -> MLP:
    """Return a network that computes what an ONNX model of a dense network does.

    Parameters
    ----------
    path : str or path
        As ``to_onnx``, skl2onnx and PyTorch write it, in one file; it needs the extra
        ``fastopt[onnx]``. Of Gemm, MatMul, the activations that fastopt has (in one operator or
        written out), batch and layer normalisation, shortcuts where fastopt has them, and a map of
        each column of inputs or outputs (a scaler), which becomes the network's own scaling.
    output : str, optional
        Which output, where there are several. By default that of numbers: of a classifier its
        probabilities, of two classes that of the second.

    Returns
    -------
    MLP
        In the model's precision. Batch normalisation is in the weights, dropout is left out.

    Raises
    ------
    FormatError
        The file is damaged, or something in it is none of a multilayer perceptron: it is named.

    Examples
    --------
    >>> import fastopt
    >>> net = fastopt.from_onnx("net.onnx")  # doctest: +SKIP
    """
    path = Path(os.fspath(path))
    size = path.stat().st_size
    if size > _LARGEST:
        raise FormatError(f"{path.name} is larger than {_LARGEST >> 20} MB")
    with reading(path):
        graph = Graph(path.read_bytes())
        chain = Chain(graph.input, size // _BYTES_OF_A_NUMBER)
        for name, part in reversed([*_parts(graph, _output(graph, output))]):
            chain.add(name, part)
        return chain.network()


def _output(graph: Graph, chosen: str | None) -> str:
    """Return the tensor that is read: of a classifier the probabilities."""
    if chosen is not None and chosen not in graph.outputs:
        raise FormatError(f"output must be one of {', '.join(graph.outputs)}, got {chosen!r}")
    names = [*graph.outputs] if chosen is None else [chosen]
    if len(names) > 1:
        named = [n for n in names if n in _PROBABILITIES]
        names = named or [n for n in names if _holds_numbers(graph, n)]
    if len(names) != 1:
        raise FormatError(f"the model has the outputs {', '.join(graph.outputs)}: give output=")
    name = graph.resolved(names[0])
    node = graph.nodes.get(name)
    if node is not None and node.op == "ai.onnx.ml.ZipMap":
        name = node.inputs[0]
    # Of two classes: the probabilities of both.
    both = graph.nodes.get(name)
    if both is not None and both.op == "Concat":
        found = graph.match(name, ("Concat", ("Sub", 1.0, "p"), "p"))
        if found is not None and both.settings.get("axis") in (1, -1):
            name = found["p"]
    return name


def _holds_numbers(graph: Graph, name: str) -> bool:
    kind = graph.outputs[name].type
    return kind.tensor_type.elem_type in (1, 11) or kind.HasField("sequence_type")


# --- parts ---------------------------------------------------------------------------------------


def _parts(graph: Graph, name: str) -> Iterator[tuple[str, Part]]:
    """Yield each tensor with the part that it is the outcome of, from an output to the input."""
    while (name := graph.resolved(name)) != graph.input:
        node = graph.nodes.get(name)
        if node is None:
            raise FormatError(f"{name!r} does not depend on the input {graph.input!r}")
        before, part = _part(graph, name, node)
        yield name, part
        name = before


def _part(graph: Graph, name: str, node: Node) -> tuple[str, Part]:
    """Return which tensor a node works on, and what it does to it."""
    first = node.inputs[0] if node.inputs else ""
    if node.op in _NODES:
        return first, _activation(node)
    for word, pattern in _WRITTEN_OUT:
        if (found := graph.match(name, pattern)) is not None:
            return found["z"], Act(word, str(node))
    for pattern in _INCREASING:
        if (found := graph.match(name, pattern)) is not None and _from_first(graph, node, found):
            return found["z"], Act("increasing", str(node))
    if (found := graph.match(name, _LAYER_NORM)) is not None:
        gamma, beta, epsilon = (graph.constant(found[n]) for n in ("gamma", "beta", "epsilon"))
        if gamma is not None and beta is not None and epsilon is not None and epsilon.size == 1:
            return found["z"], Norm(_row(node, gamma), _row(node, beta), _short(epsilon), str(node))
    if node.op in ("Gemm", "MatMul"):
        return first, _dense(graph, node)
    if node.op == "LayerNormalization":
        if node.settings.get("axis", -1) not in (1, -1):
            raise FormatError(f"{node}: axis must be -1")
        gamma = _row(node, graph.numbers(node, 1))
        beta = _row(node, graph.numbers(node, 2)) if len(node.inputs) > 2 else None
        return first, Norm(gamma, beta, _short(node.settings.get("epsilon", 1e-5)), str(node))
    if node.op == "BatchNormalization":
        if node.settings.get("training_mode", 0):
            raise FormatError(f"{node}: training_mode=1 normalises by the batch: export in eval()")
        gamma, beta, mean, variance = (_row(node, graph.numbers(node, i)) for i in (1, 2, 3, 4))
        added = float(node.settings.get("epsilon", 1e-5))
        return first, Norm(gamma, beta, added, str(node), mean, variance)
    if node.op in ("Add", "Sub", "Mul", "Div") and len(node.inputs) == 2:
        return _arithmetic(graph, node)
    if node.op == "ai.onnx.ml.Scaler":
        offset, scale = (np.asarray(node.settings.get(n) or 0.0) for n in ("offset", "scale"))
        return first, Map(_row(node, scale), _row(node, -offset * scale), str(node))
    if node.op == "Reshape":
        return first, Shape(graph.numbers(node, 1).reshape(-1).tolist(), str(node))
    raise FormatError(
        f"{node} is no part of a dense network that fastopt knows: it takes Gemm, MatMul, "
        f"{', '.join(_NODES)}, BatchNormalization, LayerNormalization, and Add, Sub, Mul, Div"
    )


def _from_first(graph: Graph, node: Node, found: dict[str, str]) -> bool:
    """Whether columns are added up from the first one, which is taken as it is."""
    first, axis = graph.constant(found["first"]), graph.constant(found["axis"])
    if first is None or axis is None or axis.size != 1 or axis.item() not in (1, -1):
        return False
    alone = first.reshape(-1).tolist()
    plain = not any(node.settings.get(setting, 0) for setting in ("exclusive", "reverse"))
    return plain and alone == [True] + [False] * (len(alone) - 1)


def _activation(node: Node) -> Act:
    name, needed = _NODES[node.op]
    # The format's own defaults: of LeakyRelu 0.01, of Elu 1, of Softmax the last axis.
    for setting, values in needed.items():
        value = node.settings.get(setting, values[0])
        same = value in values or (
            isinstance(value, float) and math.isclose(value, values[0], rel_tol=1e-6)
        )
        if not same:
            raise FormatError(f"{node}: {setting}={value!r} is not fastopt's {values[0]!r}")
    return Act(name, str(node))


def _dense(graph: Graph, node: Node) -> Dense:
    for setting, needed in {"transA": 0, "alpha": 1, "beta": 1}.items():
        if node.settings.get(setting, needed) != needed:
            raise FormatError(f"{node}: {setting} must be {needed}")
    W = graph.numbers(node, 1)
    if node.settings.get("transB", 0):
        W = W.T
    if W.ndim != 2 or W.dtype.kind != "f" or 0 in W.shape:
        raise FormatError(f"{node} must have a matrix of weights, got one of shape {W.shape}")
    has_bias = node.op == "Gemm" and len(node.inputs) > 2 and node.inputs[2]
    return Dense(W, _row(node, graph.numbers(node, 2)) if has_bias else None, str(node))


def _arithmetic(graph: Graph, node: Node) -> tuple[str, Part]:
    """Return a map of each column by constants, or what a shortcut adds."""
    a, b = node.inputs
    c = graph.constant(b)
    swapped = c is None
    if c is None:
        c = graph.constant(a)
    if c is None:
        if node.op != "Add":
            raise FormatError(f"{node} of two tensors that depend on the input is not known here")
        return _shortcut(graph, node)
    c = _row(node, c)
    if node.op == "Div" and swapped:
        raise FormatError(f"{node}: a constant divided by what depends on the input")
    one, zero = np.ones(1), np.zeros(1)
    with np.errstate(divide="ignore"):  # told when the weights are not finite
        factor, shift = {
            "Add": (one, c),
            "Sub": (-one, c) if swapped else (one, -c),
            "Mul": (c, zero),
            "Div": (1 / c.astype(np.float64), zero),
        }[node.op]
    return b if swapped else a, Map(factor, shift, str(node))


def _shortcut(graph: Graph, node: Node) -> tuple[str, Part]:
    """Return the tensor that goes on, and the earlier one that is added to it."""
    orders = (node.inputs, node.inputs[::-1])
    for main, other in orders:
        if graph.is_before(other, main):
            return main, Shortcut(other, None, str(node))
    for main, other in orders:
        projection = graph.nodes.get(other)
        if projection is None or projection.op not in ("Gemm", "MatMul"):
            continue
        dense = _dense(graph, projection)
        if dense.b is None and graph.is_before(projection.inputs[0], main):
            return main, Shortcut(projection.inputs[0], dense.W, str(node))
    raise FormatError(f"{node} adds two branches, and neither is an earlier layer (times weights)")


def _row(node: Node, numbers: Numbers) -> Numbers:
    """Return numbers of the columns (1,) or (k,)."""
    if numbers.dtype.kind == "b":
        raise FormatError(f"{node} has truth values where numbers are needed")
    if numbers.ndim > 2 or (numbers.ndim == 2 and numbers.shape[0] != 1) or not numbers.size:
        raise FormatError(f"{node} must have a number for each column, got {numbers.shape}")
    return numbers.reshape(-1)


def _short(epsilon: Any) -> float:
    """Return the number that was meant: the format has singles."""
    value = np.asarray(epsilon)
    single = value.dtype == np.float32 or np.float32(value) == value
    return float(str(np.float32(value))) if single else float(value.item())
