#!/usr/bin/env bash
# tract: LogSoftmax, ReduceLogSumExp and Softplus overflow and underflow.
#
# Versions: tract 0.23.9, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: LogSoftmax of (0, -200, -50) is (0, -200, -50), the log of the sum of exponentials of (100, 200)
#   is 200, Softplus of 100 is 100: all are ordinary float32 numbers, and ONNX Runtime gives them.
# Seen: -inf for the -200, +inf for the other two: the formulas are evaluated as they stand, over
#   numbers that leave the range of float32 on the way.
# Matters: log-likelihoods of confident classifiers, and scales made positive by Softplus, become infinite.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'tract==0.23.9' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import tract
from onnx import TensorProto, helper, numpy_helper


def run(node, inputs):
    """The outputs of one node in ONNX Runtime and in tract; all inputs but x are constants."""
    names = list(node.output)
    graph = helper.make_graph(
        [node],
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, inputs["x"].shape)],
        [helper.make_empty_tensor_value_info(n) for n in names],
        [numpy_helper.from_array(a, n) for n, a in inputs.items() if n != "x"],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(onnx.shape_inference.infer_shapes(model), "model.onnx")
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    true = session.run(names, {"x": inputs["x"]})
    runnable = tract.onnx().load("model.onnx").into_model().into_runnable()
    return true, [t.to_numpy() for t in runnable.run([inputs["x"]])]


two = np.array([1], dtype=np.int64)
for node, x, more in (
    (helper.make_node("LogSoftmax", ["x"], ["y"], axis=1), [[0.0, -200.0, -50.0]], {}),
    (helper.make_node("ReduceLogSumExp", ["x", "axes"], ["y"]), [[100.0, 200.0]], {"axes": two}),
    (helper.make_node("Softplus", ["x"], ["y"]), [[1.0, 80.0, 100.0]], {}),
):
    x = np.array(x, dtype=np.float32)
    for shift in (0.0, 1.0):  # other numbers give the same
        (true,), (seen,) = run(node, {"x": x + np.float32(shift), **more})
        print(node.op_type, "ONNX Runtime:", true.ravel(), "tract:", seen.ravel())
        assert np.all(np.isfinite(true))
        assert np.any(np.isinf(seen)), node.op_type + " is finite now"
    small, found = run(node, {"x": x / 100, **more})
    assert np.allclose(small[0], found[0], atol=1e-4)
print("AS SEEN: finite values are infinite")
PYTHON
