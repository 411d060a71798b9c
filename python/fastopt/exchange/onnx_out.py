"""A network as an ONNX model of plain operators, in single or double precision.

Single precision uses the operators that ONNX Runtime has for it. In double precision it has only
some of them, and none at every opset: the others are written out in those that it has. An attribute
of ONNX is a single, so every constant of a double model is a tensor.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt.exchange.files import missing, write
from fastopt.exchange.plan import Affine, LayerNorm, Plan, Step, plan_of

# The first ONNX Runtime that opens all that is written here for an opset: tried in 1.15, the oldest
# with a wheel for Python 3.11, and the versions up to 1.32.
OLDEST_RUNTIMES = {
    **dict.fromkeys(range(13, 19), "1.15"),
    19: "1.16",
    20: "1.17",
    21: "1.18",
    22: "1.21",
}

# Which version of the file format the runtimes expect beside an opset.
_IR_VERSIONS = {**dict.fromkeys(range(13, 19), 8), 19: 9, 20: 9, 21: 10, 22: 10}

# What verify lets pass, beside numbers of order one: 40 and 4000 times the rounding of a number.
_TOLERANCES = {"float32": 1e-5, "float64": 1e-12}


class Labels(NamedTuple):
    """What the classes of a classifier are called; ``several``: a column of 0 and 1 for each."""

    classes: npt.NDArray[Any]
    several: bool


def export(
    net: Any,
    path: Any,
    opset: int = 17,
    dtype: str = "float32",
    verify: Any = None,
    labels: Labels | None = None,
) -> None:
    """Write ``net.to_onnx``."""
    data = model_bytes(net, opset, dtype, labels)
    if verify is not None:
        _verify(net, data, opset, np.dtype(dtype), verify, labels)
    write(path, data)


def model_bytes(
    net: Any, opset: int = 17, dtype: str = "float32", labels: Labels | None = None
) -> bytes:
    """Return the file."""
    onnx = _onnx()
    opset = _validation.integer("opset", opset, low=13, high=22)
    dtype = _validation.choice("dtype", dtype, ("float32", "float64"))
    model = onnx.helper.make_model(
        graph_of(net, opset, dtype, labels),
        producer_name="fastopt",
        ir_version=_IR_VERSIONS[opset],
        opset_imports=[onnx.helper.make_opsetid("", opset)],
    )
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def graph_of(net: Any, opset: int, dtype: str, labels: Labels | None) -> Any:
    """Return the graph: from "x" to "y", or to "label" and "probabilities"."""
    return _Graph(_onnx(), plan_of(net), opset, np.dtype(dtype)).build(labels)


def _onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise missing("to_onnx", "onnx", "onnx") from error
    return onnx


def is_read_by(version: str, opset: int) -> bool:
    """Return whether a version of ONNX Runtime opens what is written for an opset."""
    one, other = (tuple(map(int, v.split(".")[:2])) for v in (version, OLDEST_RUNTIMES[opset]))
    return one >= other


def _verify(
    net: Any, data: bytes, opset: int, dtype: np.dtype[Any], verify: Any, labels: Labels | None
) -> None:
    try:
        import onnxruntime
    except ImportError as error:
        raise missing("to_onnx(verify=…)", "onnxruntime", "onnx") from error
    if not is_read_by(onnxruntime.__version__, opset):
        raise ValueError(
            f"opset={opset} is read by ONNX Runtime {OLDEST_RUNTIMES[opset]} or later, and "
            f"{onnxruntime.__version__} is here to verify: take a lower opset (17), or verify=None"
        )
    if verify is True:
        verify = plan_of(net).samples(100)
    X = np.ascontiguousarray(_validation.array("verify", verify), dtype=dtype)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    *label, found = session.run(None, {"x": X})
    expected = np.asarray(net.predict(X), dtype=np.float64).reshape(len(X), -1)
    if labels is not None:
        expected = _probabilities(expected, labels)
    found = found.astype(np.float64)
    name = "float32" if np.float32 in (dtype, net.dtype) else "float64"
    apart = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    if not apart.max() <= _TOLERANCES[name]:
        row = int(np.argmax(apart.max(axis=1)))
        raise ValueError(
            f"ONNX Runtime computes {found[row]} where the network computes {expected[row]}, at "
            f"row {row} of the data to verify: nothing was written. dtype='float64' is more exact"
        )
    if labels is not None and not np.array_equal(label[0], _named(found, labels)):
        raise ValueError(
            "ONNX Runtime gives other labels than its probabilities have: nothing was written"
        )


def _probabilities(outputs: npt.NDArray[Any], labels: Labels) -> npt.NDArray[Any]:
    if labels.several or outputs.shape[1] > 1:
        return outputs
    if len(labels.classes) == 1:
        return np.ones_like(outputs)
    return np.hstack([1 - outputs, outputs])


def _named(probabilities: npt.NDArray[Any], labels: Labels) -> npt.NDArray[Any]:
    """Return what a classifier predicts at these probabilities."""
    if labels.several:
        return (probabilities > 0.5).astype(np.int64)
    if len(labels.classes) == 2:
        return np.asarray(labels.classes[(probabilities[:, 1] > 0.5).astype(int)])
    return np.asarray(labels.classes[probabilities.argmax(axis=1)])


class _Graph:
    """Builds the graph node by node; each method returns the name of a tensor."""

    def __init__(self, onnx: Any, plan: Plan, opset: int, dtype: np.dtype[Any]) -> None:
        self.onnx, self.plan, self.opset, self.dtype = onnx, plan, opset, dtype
        self.double = dtype == np.float64
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def build(self, labels: Labels | None = None) -> Any:
        plan, helper = self.plan, self.onnx.helper
        kind = helper.np_dtype_to_tensor_dtype(self.dtype)
        x = self.affine_in_double("x", plan.input_offset, plan.input_factor, before=True)
        values = [x]
        for index, step in enumerate(plan.steps, start=1):
            values.append(self.layer(step, index, values))
        y = self.affine_in_double(values[-1], plan.output_offset, plan.output_scale, before=False)
        outputs = [] if labels is None else [self.label(y, labels)]
        if labels is not None:
            y = self.probabilities(y, labels)
        name = "y" if labels is None else "probabilities"
        self.nodes.append(helper.make_node("Identity", [y], [name], name=name))
        width = plan.n_outputs
        if labels is not None and not labels.several:
            width = len(labels.classes)
        outputs.append(helper.make_tensor_value_info(name, kind, ["N", width]))
        return helper.make_graph(
            self.nodes,
            "fastopt",
            [helper.make_tensor_value_info("x", kind, ["N", plan.n_inputs])],
            outputs,
            list(self.constants.values()),
        )

    # --- classifiers ---------------------------------------------------------------------------

    def label(self, y: str, labels: Labels) -> Any:
        """Write what the estimator's ``predict`` gives; return its description."""
        helper, kinds = self.onnx.helper, self.onnx.TensorProto
        if labels.several:
            kind, shape = kinds.INT64, ["N", self.plan.n_outputs]
            label = self.node("Cast", self.above_half(y), to=kinds.INT64)
        else:
            names = labels.classes
            if names.dtype.kind not in "biuf":
                names = np.array([str(name) for name in names], dtype=object)
            elif names.dtype.kind in "iu":
                names = names.astype(np.int64)
            tensor = self.onnx.numpy_helper.from_array(names, "classes")
            self.constants["classes"], kind, shape = tensor, tensor.data_type, ["N"]
            label = self.node("Gather", "classes", self.index(y, len(names)))
        self.nodes.append(helper.make_node("Identity", [label], ["label"], name="label"))
        return helper.make_tensor_value_info("label", kind, shape)

    def index(self, y: str, n_classes: int) -> str:
        """Return the number of the class of each sample (N,)."""
        kinds = self.onnx.TensorProto
        if n_classes > 2:
            return self.node("ArgMax", y, axis=1, keepdims=0)
        is_second = self.node("Cast", self.above_half(y), to=kinds.INT64)
        if n_classes == 1:
            is_second = self.node("Mul", is_second, self.constant(0, "zero", np.int64))
        return self.node("Reshape", is_second, self.constant([-1], "column", np.int64))

    def above_half(self, y: str) -> str:
        return self.node("Greater", y, self.constant(0.5))

    def probabilities(self, y: str, labels: Labels) -> str:
        """Return those of all classes: a network has one output for two of them."""
        one = self.constant(1.0)
        if labels.several or len(labels.classes) > 2:
            return y
        if len(labels.classes) == 1:
            return self.node("Add", self.node("Mul", y, self.constant(0.0)), one)
        return self.node("Concat", self.node("Sub", one, y), y, axis=1)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"{operator.lower()}_{len(self.nodes)}"
        made = self.onnx.helper.make_node(operator, inputs, [name], name=name, **attributes)
        self.nodes.append(made)
        return name

    def constant(self, value: npt.ArrayLike, name: str = "", dtype: Any = None) -> str:
        with np.errstate(over="ignore"):  # an overflow is reported below
            array = np.asarray(value).astype(self.dtype if dtype is None else dtype)
        array = np.ascontiguousarray(array).reshape(array.shape)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"a weight is not finite in {array.dtype}: dtype='float64' holds more")
        name = name or f"c_{array.dtype.name}_{array.item()!r}"
        if name not in self.constants:
            self.constants[name] = self.onnx.numpy_helper.from_array(array, name)
        return name

    def affine_in_double(self, x: str, offset: Any, scale: Any, before: bool) -> str:
        """(x − offset)·scale, or x·scale + offset: small differences of large numbers."""
        if offset is None:
            return x
        names = ("input_offset", "input_factor") if before else ("output_offset", "output_scale")
        c, s = (
            self.constant(v, n, np.float64) for v, n in zip((offset, scale), names, strict=True)
        )
        kinds = self.onnx.TensorProto
        if not self.double:
            x = self.node("Cast", x, to=kinds.DOUBLE)
        if before:
            x = self.node("Mul", self.node("Sub", x, c), s)
        else:
            x = self.node("Add", self.node("Mul", x, s), c)
        return x if self.double else self.node("Cast", x, to=kinds.FLOAT)

    def layer(self, step: Step, index: int, values: list[str]) -> str:
        W, b = self.constant(step.W, f"W{index}"), self.constant(step.b, f"b{index}")
        if self.double:
            # Not Gemm: ONNX Runtime 1.17 fuses it with Relu and Tanh into what it lacks in double.
            z = self.node("Add", self.node("MatMul", values[-1], W), b)
        else:
            z = self.node("Gemm", values[-1], W, b)
        if step.before is not None:
            z = self.normalized(z, step.before, index)
        a = self.activated(step.activation, z)
        if isinstance(step.after, LayerNorm):
            a = self.normalized(a, step.after, index)
        elif isinstance(step.after, Affine):
            factor = self.constant(step.after.factor, f"factor{index}")
            a = self.node("Mul", a, factor)
            a = self.node("Add", a, self.constant(step.after.shift, f"shift{index}"))
        if step.start is not None:
            start = values[step.start]
            if step.P is not None:
                start = self.node("MatMul", start, self.constant(step.P, f"P{index}"))
            a = self.node("Add", a, start)
        return a

    def normalized(self, z: str, norm: LayerNorm, index: int) -> str:
        apart = self.node("Sub", z, self.mean(z))
        variance = self.mean(self.node("Mul", apart, apart))
        root = self.node("Sqrt", self.node("Add", variance, self.constant(norm.epsilon)))
        gamma = self.constant(norm.gamma, f"gamma{index}")
        scaled = self.node("Mul", self.node("Div", apart, root), gamma)
        return self.node("Add", scaled, self.constant(norm.beta, f"beta{index}"))

    def mean(self, x: str) -> str:
        if self.opset >= 18:
            axes = self.constant([1], "axes", np.int64)
            return self.node("ReduceMean", x, axes, keepdims=1)
        return self.node("ReduceMean", x, axes=[1], keepdims=1)

    # --- activations ---------------------------------------------------------------------------

    def activated(self, name: str, z: str) -> str:
        natives = {"tanh": "Tanh", "relu": "Relu"}
        if not self.double:
            natives |= {"sigmoid": "Sigmoid", "softplus": "Softplus"}
        if name == "identity":
            return z
        if name in natives:
            return self.node(natives[name], z)
        if name == "softmax":
            return self.node("Softmax", z, axis=1)
        written: str = getattr(self, name)(z)
        return written

    def sigmoid(self, z: str) -> str:
        """1/(1 + exp(−z)): ONNX Runtime's own is wrong in double below −30."""
        one = self.constant(1.0)
        return self.node("Div", one, self.node("Add", one, self.node("Exp", self.node("Neg", z))))

    def silu(self, z: str) -> str:
        return self.node("Mul", z, self.activated("sigmoid", z))

    def softplus(self, z: str) -> str:
        """max(z, 0) + log(1 + e), e = exp(−|z|); log(1 + e) as log(u)·e/(u − 1) with u = 1 + e."""
        one = self.constant(1.0)
        e = self.node("Exp", self.node("Neg", self.node("Abs", z)))
        u = self.node("Add", one, e)
        is_one = self.node("Equal", u, one)
        rest = self.node("Where", is_one, one, self.node("Sub", u, one))
        log = self.node("Div", self.node("Mul", self.node("Log", u), e), rest)
        return self.node("Add", self.node("Relu", z), self.node("Where", is_one, e, log))

    def exp(self, z: str) -> str:
        return self.node("Exp", z)

    def increasing(self, z: str) -> str:
        """z₁, then sums of softplus(z)."""
        first = np.zeros((1, self.plan.n_outputs), dtype=bool)
        first[0, 0] = True
        is_first = self.constant(first, "first", bool)
        steps = self.node("Where", is_first, z, self.activated("softplus", z))
        return self.node("CumSum", steps, self.constant(1, "axis", np.int64))

    def below_zero(self, z: str, above: str, below: str) -> str:
        return self.node("Where", self.node("Greater", z, self.constant(0.0)), above, below)

    def leaky_relu(self, z: str) -> str:
        return self.below_zero(z, z, self.node("Mul", z, self.constant(0.01)))

    def elu(self, z: str) -> str:
        return self.below_zero(z, z, self.node("Sub", self.node("Exp", z), self.constant(1.0)))

    def selu(self, z: str) -> str:
        # Klambauer et al. 2017.
        scale, alpha = 1.0507009873554805, 1.6732632423543772
        below = self.node("Sub", self.node("Exp", z), self.constant(1.0))
        below = self.node("Mul", below, self.constant(scale * alpha))
        return self.below_zero(z, self.node("Mul", z, self.constant(scale)), below)

    def gelu(self, z: str) -> str:
        if self.double:
            raise ValueError(
                "ONNX Runtime has no error function in double precision, which the exact 'gelu' "
                "needs: dtype='float32' can be written"
            )
        if self.opset >= 20:
            return self.node("Gelu", z)
        error = self.node("Erf", self.node("Mul", z, self.constant(2**-0.5)))
        half = self.node("Mul", z, self.constant(0.5))
        return self.node("Mul", half, self.node("Add", error, self.constant(1.0)))
