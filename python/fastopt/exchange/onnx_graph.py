"""The graph of an ONNX model as nodes and numbers: read, checked, and never run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from fastopt._errors import FormatError
from fastopt.exchange.files import missing

Numbers = npt.NDArray[Any]
# Names of tensors that a pattern has found, by the pattern's own words.
Bound = dict[str, str]

_LARGEST_GRAPH = 10_000  # nodes; a layer of those that fastopt writes has at most 20
_COMMUTATIVE = ("Add", "Mul")
_AXES = ([1], [-1])  # the features of (N, d)

# TensorProto.DataType: which numbers, and in which field they stand where they are not raw.
_KINDS = {
    1: ("<f4", "float_data"),
    11: ("<f8", "double_data"),
    7: ("<i8", "int64_data"),
    9: ("|b1", "int32_data"),
}
_FLOATS = (1, 11)


@dataclass(frozen=True)
class Node:
    """One operation."""

    op: str
    name: str
    inputs: tuple[str, ...]
    settings: dict[str, Any]
    order: int

    def __str__(self) -> str:
        return f"{self.name} ({self.op})"


class Graph:
    """What a model computes: its one input, its outputs, and the node that makes each tensor."""

    def __init__(self, data: bytes) -> None:
        try:
            import onnx
        except ImportError as error:
            raise missing("from_onnx", "onnx", "onnx") from error
        try:
            graph = onnx.ModelProto.FromString(data).graph
        except Exception as error:  # whatever damaged bytes make of it
            raise FormatError(f"this is no ONNX model, or damaged: {error}") from None
        if not 0 < len(graph.node) <= _LARGEST_GRAPH:
            raise FormatError(
                f"a model of 1 … {_LARGEST_GRAPH} nodes is read, got one of {len(graph.node)}"
            )
        self.nodes: dict[str, Node] = {}
        self._tensors = {t.name: t for t in graph.initializer}
        self._constants: dict[str, Numbers] = {}
        self._same: dict[str, str] = {}
        own = [i for i in graph.input if i.name not in self._tensors]
        if len(own) != 1:
            raise FormatError(f"a model must have one input, got {[i.name for i in own]}")
        self.input: str = own[0].name
        self.outputs = {o.name: o for o in graph.output}
        known = {self.input, *self._tensors}
        for order, node in enumerate(graph.node):
            self._take(order, node, known)
        if not self.outputs or not self.outputs.keys() <= known:
            raise FormatError("the model has no output, or one that nothing computes")

    def _take(self, order: int, node: Any, known: set[str]) -> None:
        settings = {a.name: _setting(a) for a in node.attribute}
        name = node.name or f"node {order + 1}"
        op = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        inputs = tuple(node.input)
        unknown = [i for i in inputs if i and i not in known]
        if unknown or not node.output:
            raise FormatError(f"{name} ({op}) reads {unknown}, which nothing before it computes")
        for output in node.output:
            if output and output in known:
                raise FormatError(f"{output!r} is computed twice")
            known.add(output)
        made = Node(op, name, tuple(self.resolved(i) for i in inputs), settings, order)
        made = self._plain(made)
        self.nodes[node.output[0]] = made
        if op == "Constant":
            self._take_constant(node.output[0], made)
        elif op in ("Identity", "Cast", "Dropout", "Flatten") and self._is_same(made):
            self._same[node.output[0]] = made.inputs[0]
        elif op == "Transpose" and (array := self.constant(made.inputs[0])) is not None:
            self._constants[node.output[0]] = array.T  # no copy

    def _is_same(self, node: Node) -> bool:
        """Whether a node only gives on what it gets, in use."""
        settings = node.settings
        if node.op == "Cast":
            return settings.get("to") in _FLOATS
        if node.op == "Dropout":
            return len(node.inputs) < 3 or not np.any(self.constant(node.inputs[2]))
        return node.op != "Flatten" or settings.get("axis", 1) == 1

    def _plain(self, node: Node) -> Node:
        """Return means over features as "Mean", and squares as products."""
        if node.op in ("ReduceMean", "Pow") and len(node.inputs) > 1:
            second = self.constant(node.inputs[1])
        else:
            second = None
        if node.op == "ReduceMean":
            axes = node.settings.get("axes") if second is None else second.tolist()
            if axes in _AXES and node.settings.get("keepdims", 1) == 1:
                return Node("Mean", node.name, node.inputs[:1], {}, node.order)
        if node.op == "Pow" and second is not None and second.size == 1 and second.item() == 2:
            return Node("Mul", node.name, node.inputs[:1] * 2, {}, node.order)
        return node

    def _take_constant(self, output: str, node: Node) -> None:
        if "value" in node.settings:
            self._tensors[output] = node.settings["value"]
        for name in ("value_float", "value_floats", "value_int", "value_ints"):
            if name in node.settings:
                self._constants[output] = np.asarray(node.settings[name])

    def resolved(self, name: str) -> str:
        """Return the tensor that this one only passes on."""
        return self._same.get(name, name)

    def constant(self, name: str) -> Numbers | None:
        """Return the numbers of a tensor that does not depend on the input."""
        name = self.resolved(name)
        if name not in self._constants:
            if name not in self._tensors:
                return None
            self._constants[name] = _decoded(name, self._tensors[name])
        return self._constants[name]

    def numbers(self, node: Node, index: int) -> Numbers:
        """Return an input of a node that has to be constant."""
        found = self.constant(node.inputs[index]) if index < len(node.inputs) else None
        if found is None:
            raise FormatError(f"{node}: its input {index + 1} must be constant numbers")
        return found

    def is_before(self, one: str, other: str) -> bool:
        """Whether a tensor depends on another one."""
        return bool(self._behind.get(other, 0) & self._bit(one))

    def _bit(self, name: str) -> int:
        name = self.resolved(name)
        if name == self.input:
            return 1
        return 2 << self.nodes[name].order if name in self.nodes else 0

    @cached_property
    def _behind(self) -> dict[str, int]:
        """Of each tensor the set of those that it depends on, a bit for each."""
        behind: dict[str, int] = {}
        for name, node in self.nodes.items():
            own = 0
            for one in node.inputs:
                own |= self._bit(one) | behind.get(one, 0)
            behind[name] = own
        return behind

    def match(self, name: str, pattern: Any, bound: Bound | None = None) -> Bound | None:
        """Return which tensors the words of a pattern stand for, or None.

        A pattern is a number, a word (the same tensor wherever it stands), or (op, pattern, …).
        """
        bound, name = bound or {}, self.resolved(name)
        if isinstance(pattern, str):
            return {**bound, pattern: name} if bound.get(pattern, name) == name else None
        if not isinstance(pattern, tuple):
            number = self.constant(name)
            is_one = number is not None and number.size == 1 and number.dtype.kind == "f"
            # Constants of a model in single precision are rounded to it.
            close = is_one and math.isclose(number.item(), pattern, rel_tol=1e-6)  # type: ignore[union-attr]
            return bound if close else None
        node = self.nodes.get(name)
        if node is None or node.op != pattern[0] or len(node.inputs) != len(pattern) - 1:
            return None
        orders = [node.inputs, node.inputs[::-1]] if node.op in _COMMUTATIVE else [node.inputs]
        for inputs in orders:
            found: Bound | None = bound
            for one, part in zip(inputs, pattern[1:], strict=True):
                found = self.match(one, part, found)
                if found is None:
                    break
            else:
                return found
        return None


def _setting(attribute: Any) -> Any:
    """Return the value of an attribute, by its type."""
    fields = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints"}
    field = fields.get(attribute.type)
    if field is None:
        return None
    value = getattr(attribute, field)
    if field == "s":
        return value.decode("utf-8", "replace")
    return list(value) if field in ("floats", "ints") else value


def _decoded(name: str, tensor: Any) -> Numbers:
    if tensor.data_location == 1 or len(tensor.external_data):
        raise FormatError(
            f"{name} keeps its numbers in another file: save the model as one file "
            "(onnx.save_model(onnx.load(path), one_file))"
        )
    if tensor.data_type not in _KINDS:
        _refuse_kind(name, tensor.data_type)
    code, field = _KINDS[tensor.data_type]
    dims = list(tensor.dims)
    if tensor.HasField("raw_data"):
        raw = tensor.raw_data
        if len(raw) % np.dtype(code).itemsize:
            raise FormatError(f"{name} has {len(raw)} bytes")
        flat = np.frombuffer(raw, dtype=code)
    else:
        flat = np.array(getattr(tensor, field), dtype=code)
    if min(dims, default=0) < 0 or math.prod(dims) != flat.size:
        raise FormatError(f"{name} must hold an array of shape {dims}, and has {flat.size} numbers")
    if len(dims) > 2:
        raise FormatError(f"{name} has {len(dims)} dimensions: dense networks have matrices")
    return flat.reshape(dims).astype(np.dtype(code).newbyteorder("="), copy=False)


def _refuse_kind(name: str, kind: int) -> NoReturn:
    import onnx

    try:
        word = onnx.TensorProto.DataType.Name(kind)
    except ValueError:
        word = str(kind)
    raise FormatError(f"{name} holds numbers of type {word}: FLOAT and DOUBLE are read")
