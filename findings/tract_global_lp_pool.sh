#!/usr/bin/env bash
# tract: GlobalLpPool takes the mean of x^p instead of the sum of |x|^p.
#
# Versions: tract 0.23.9, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: for each channel the p-norm over the other axes, (sum |x|^p)^(1/p), as in ONNX Runtime and in
#   numpy.linalg.norm.
# Seen: (mean x^p)^(1/p): for four numbers half of the norm for p = 2, the signed mean for p = 1, NaN for
#   p = 3 where the sum of cubes is negative.
# Matters: features that are pooled by their energy change their scale with the size of the picture.
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


x = np.array([1.0, -2.0, 3.0, -4.0, 0.5, 0.25, -8.0, 1.0], dtype=np.float32).reshape(1, 2, 2, 2)
for p in (1, 2, 3):
    node = helper.make_node("GlobalLpPool", ["x"], ["y"], p=p)
    (true,), (seen,) = run(node, {"x": x})
    print("p =", p, "ONNX Runtime:", true.ravel(), "tract:", seen.ravel())
    flat = x.reshape(2, 4)
    assert np.allclose(true.ravel(), np.linalg.norm(flat, p, axis=1))
    with np.errstate(invalid="ignore"):
        mean = np.mean(flat**p, axis=1) ** (1 / p)
    assert np.allclose(seen.ravel(), mean, equal_nan=True), "no longer the mean of powers"
print("AS SEEN: no sum and no magnitudes")
PYTHON
