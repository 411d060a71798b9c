#!/usr/bin/env bash
# MNN: ReduceL1, ReduceL2, ReduceLogSumExp, ReduceLogSum and ReduceSumSquare of opset 18 ignore the
# axes.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: since opset 18 the axes of these operators are an input, as they are for ReduceSum
#   since opset 13. The converter reads both forms for ReduceSum and ReduceMax, and axes as an
#   attribute (opset 13) for all.
# Seen: with axes as an input the five operators reduce over everything: one number (21 for the
#   rows (1, -2, 3) and (4, 5, -6) in ReduceL1) instead of one a row (6 and 15). mnnconvert says
#   "Converted Success!".
# Matters: norms of rows and sums of squares (normalisation, penalties) mix all samples of a batch.
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


x = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
axes = np.array([1])
wrong = ["ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceLogSum", "ReduceSumSquare"]
for operator in [*wrong, "ReduceSum", "ReduceMax"]:
    node = helper.make_node(operator, ["x", "axes"], ["y"], keepdims=0)
    (true,), (seen,) = run([node], {"x": x}, {"axes": axes})
    (whole,), _ = run([helper.make_node(operator, ["x"], ["y"], keepdims=0)], {"x": x})
    node = helper.make_node(operator, ["x"], ["y"], keepdims=0, axes=[1])
    if operator != "ReduceSum":
        _, (attribute,) = run([node], {"x": x}, opset=13)
        assert np.allclose(attribute, true, rtol=1e-3)
    print(operator, "ONNX Runtime:", true, "MNN:", seen)
    assert true.shape == (2,)
    if operator in wrong:
        assert seen.size == 1, operator + " reduces over the axes now"
        assert np.allclose(seen, whole, rtol=1e-3)
    else:
        assert np.allclose(seen, true, rtol=1e-3)
print("AS SEEN: axes given as an input are ignored by five reductions")
PYTHON
