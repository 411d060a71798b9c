#!/usr/bin/env bash
# OpenVINO: MaxPool with ceil_mode=1 adds windows that hold padding only: -3.4e38.
#
# Versions: OpenVINO 2026.4.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: by the operator's text (opset 22, as in PyTorch) sliding windows that would start in the
#   padding at the end are left out. A row of 5, kernel 3, stride 3, pads 1 and 1 has two windows; onnx's
#   shape inference, its reference and ONNX Runtime agree.
# Seen: three windows, the last one -3.4028235e38, the smallest float32.
# Matters: what follows (a convolution, a mean) turns the number into inf or into noise of 1e38; the
#   output is also larger than what the model's own shapes say.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'openvino==2026.4.1' 'onnx==1.23.2' 'numpy==2.4.6' 'onnxruntime==1.32.0'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.arange(5, dtype=np.float32).reshape(1, 1, 1, 5)
node = helper.make_node(
    "MaxPool", ["x"], ["y"], kernel_shape=[1, 3], strides=[1, 3], pads=[0, 1, 0, 1], ceil_mode=1
)
graph = helper.make_graph(
    [node],
    "pool",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
inferred = onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape
content = model.SerializeToString()
session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
runtime = session.run(None, {"x": x})[0]
core = openvino.Core()
compiled = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
seen = compiled({"x": x})[compiled.output(0)]
print("inferred:", [d.dim_value for d in inferred.dim], "runtime:", runtime, "OpenVINO:", seen)
assert [d.dim_value for d in inferred.dim] == [1, 1, 1, 2]
assert np.array_equal(runtime.ravel(), [1.0, 4.0])
assert seen.shape == (1, 1, 1, 3) and seen.ravel()[2] < -3e38, "the last window is now left out"
assert np.array_equal(seen.ravel()[:2], runtime.ravel())
print("AS SEEN: OpenVINO adds a window of padding")
PYTHON
