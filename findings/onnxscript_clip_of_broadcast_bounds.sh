#!/usr/bin/env bash
# onnxscript: the optimizer fuses Min and Max to a Clip that drops the dimensions their bounds add.
#
# Versions: onnxscript 0.7.2, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: optimizer.optimize leaves what the model computes as it is. Min and Max broadcast: of a vector of 4 and a
#   bound of shape (1, 1, 1) the result has the shape (1, 1, 4).
# Seen: after optimize() the shape is (4,): a Clip has the shape of its first input. The rule asks for bounds of one
#   element, not for bounds that do not broadcast. The model still says (1, 1, 4) for its output.
# Matters: the next layer, or the program that reads the output, gets another rank: sums over an axis and products of
#   matrices mean something else.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnxscript==0.7.2' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxscript import optimizer

x = np.array([-2.0, -0.7, 0.3, 2.0], np.float32)
onnxruntime.set_default_logger_severity(4)


def run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


for ones in ((), (1, 1, 1)):
    bounds = [numpy_helper.from_array(np.full(ones, v, np.float32), k) for k, v in (("high", 0.5), ("low", 0.0))]
    nodes = [helper.make_node("Min", ["x", "high"], ["t"]), helper.make_node("Max", ["t", "low"], ["y"])]
    true_shape = np.broadcast_shapes((4,), ones)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, true_shape)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, bounds)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    fused = optimizer.optimize(ModelProto.FromString(model.SerializeToString()))
    true, seen = run(model), run(fused)
    print("bounds of shape", ones, "before:", true.shape, "after:", seen.shape, [n.op_type for n in fused.graph.node])
    assert true.shape == true_shape and np.array_equal(true.ravel(), seen.ravel())
    assert seen.shape == (4,), "the shape is kept now"
print("AS SEEN: (4,) instead of (1, 1, 4)")
PYTHON
