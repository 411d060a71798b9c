#!/usr/bin/env bash
# MNN: MatMul of int32 matrices is 0.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: MatMul takes int32; (1, 2; 3, 4) times (5, 6; 7, 8) is (19, 22; 43, 50). An engine
#   without such a kernel refuses the model. Add and Mul of int32 are right in MNN.
# Seen: zeros of dtype int32, for an input and for a constant on the right: the bits of the
#   integers are multiplied as if they were floats (1 is 1.4e-45). The converter says "Converted
#   Success!".
# Matters: index arithmetic (strides times positions) and quantised products without zero points
#   are written like this.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'mnn==3.6.1' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import _tools  # what mnnconvert calls; the command first installs a logger by the pip on PATH
import numpy as np
import onnx
import onnxruntime
from MNN import expr, nn
from onnx import TensorProto, helper, numpy_helper


def run(nodes, inputs, constants=(), outputs=("y",), kind=TensorProto.FLOAT, opset=18):
    """The outputs in ONNX Runtime and in MNN, converted as by the command mnnconvert."""
    graph = helper.make_graph(
        nodes,
        "model",
        [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for n, a in inputs.items()
        ],
        [helper.make_tensor_value_info(n, kind, None) for n in outputs],
        [numpy_helper.from_array(a, n) for n, a in dict(constants).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.save(onnx.shape_inference.infer_shapes(model), "model.onnx")
    convert = ["", "-f", "ONNX", "--modelFile", "model.onnx"]
    convert += ["--MNNModel", "model.mnn", "--bizCode", "model"]
    _tools.mnnconvert(convert)
    net = nn.load_module_from_file("model.mnn", list(inputs), list(outputs))
    given = []
    for a in inputs.values():
        dtype = expr.float if a.dtype == np.float32 else expr.int
        given.append(expr.const(a, list(a.shape), expr.NCHW, dtype))
    found = net.forward(given)
    found = found if isinstance(found, (list, tuple)) else [found]
    seen = [np.array(expr.convert(f, expr.NCHW).read()) for f in found]
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    return session.run(list(outputs), inputs), seen


a = np.array([[1, 2], [3, 4]], dtype=np.int32)
b = np.array([[5, 6], [7, 8]], dtype=np.int32)
for name, inputs, constants in (("input", {"a": a, "b": b}, {}), ("constant", {"a": a}, {"b": b})):
    node = helper.make_node("MatMul", ["a", "b"], ["y"])
    (true,), (seen,) = run([node], inputs, constants, kind=TensorProto.INT32)
    print("right-hand side as", name, "ONNX Runtime:", true.tolist(), "MNN:", seen.tolist())
    assert np.array_equal(true, a @ b)
    assert np.all(seen == 0), "the product of integers is computed now"
    for operator, value in (("Add", a + b), ("Mul", a * b)):
        node = helper.make_node(operator, ["a", "b"], ["y"])
        _, (right,) = run([node], inputs, constants, kind=TensorProto.INT32)
        assert np.array_equal(right, value)
floats = {"a": a.astype(np.float32), "b": b.astype(np.float32)}
_, (right,) = run([helper.make_node("MatMul", ["a", "b"], ["y"])], floats)
assert np.allclose(right, a @ b, rtol=1e-3)
print("AS SEEN: the product of integer matrices is 0")
PYTHON
