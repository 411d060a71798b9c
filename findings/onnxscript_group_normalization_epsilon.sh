#!/usr/bin/env bash
# onnxscript: converting GroupNormalization to opset 21 loses its epsilon.
#
# Versions: onnxscript 0.7.2, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: version_converter.convert_version changes the version, not what the model computes. Opset 21 asks for a scale
#   and a bias for each channel instead of each group; epsilon means the same in both.
# Seen: with the default epsilon, 1e-5, the outputs agree. A model with epsilon=0.1 runs with 1e-5 after the conversion:
#   other numbers, without a warning. Only num_groups is copied to the new node.
# Matters: groups of small variance (after ReLU, early layers) are scaled up to 100 times; some models use 1e-3.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnxscript==0.7.2' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxscript import ir, version_converter


def run(model, x):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


x = np.linspace(-0.3, 0.3, 16, dtype=np.float32).reshape(1, 4, 2, 2)
scale, bias = np.array([1, 2], np.float32), np.array([0, 1], np.float32)
for epsilon in (1e-5, 0.1):
    node = helper.make_node("GroupNormalization", ["x", "s", "b"], ["y"], num_groups=2, epsilon=epsilon)
    shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name in "xy"]
    constants = [numpy_helper.from_array(scale, "s"), numpy_helper.from_array(bias, "b")]
    graph = helper.make_graph([node], "g", shapes[:1], shapes[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    converted = ir.from_proto(model)
    version_converter.convert_version(converted, 21)
    converted = ir.to_proto(converted)
    assert converted.opset_import[0].version == 21
    groups = x.reshape(2, 8)
    spread = np.sqrt(groups.var(1, keepdims=True) + epsilon)
    by_hand = ((groups - groups.mean(1, keepdims=True)) / spread * scale[:, None] + bias[:, None]).reshape(x.shape)
    true, seen = run(model, x), run(converted, x)
    print("epsilon", epsilon, "before:", true.ravel()[:3], "after:", seen.ravel()[:3])
    assert np.allclose(true, by_hand, atol=1e-4)
    assert np.allclose(seen, true, atol=1e-4) == (epsilon == 1e-5), "epsilon is kept now"
print("AS SEEN: epsilon = 0.1 becomes 1e-5")
PYTHON
