#!/usr/bin/env bash
# tract: Relu, HardSigmoid, Celu, Max and ReduceMax turn NaN into ordinary numbers.
#
# Versions: tract 0.23.9, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: NaN stays NaN, as in ONNX Runtime, in onnx' reference evaluator, in NumPy and in the frameworks the
#   models come from; tract's own Elu, LeakyRelu and Gelu keep it too.
# Seen: Relu and Celu of NaN are 0, HardSigmoid of NaN is 1, Max and ReduceMax skip it.
# Matters: a row with a gap, or a network whose weights have diverged, gets a prediction that looks sound.
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


x = np.array([[np.nan, 1.0, -1.0, 3.0]], dtype=np.float32)
axes, zero = np.array([1], dtype=np.int64), np.zeros(1, dtype=np.float32)
for operator, more, expected in (
    ("Relu", {}, 0.0),
    ("Celu", {}, 0.0),
    ("HardSigmoid", {}, 1.0),
    ("Max", {"zero": zero}, 0.0),
    ("ReduceMax", {"axes": axes}, 3.0),
    ("Elu", {}, np.nan),
    ("LeakyRelu", {}, np.nan),
):
    (true,), (seen,) = run(helper.make_node(operator, ["x", *more], ["y"]), {"x": x, **more})
    print(operator, "ONNX Runtime:", true.ravel(), "tract:", seen.ravel())
    assert np.isnan(true.ravel()[0]) and np.allclose(true.ravel()[1:], seen.ravel()[1:])
    assert np.array_equal(seen.ravel()[0], expected, equal_nan=True), operator + " keeps NaN now"
print("AS SEEN: NaN becomes 0, 1 or the largest of the other numbers")
PYTHON
