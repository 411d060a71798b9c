#!/usr/bin/env bash
# OpenVINO runs a float64 ONNX model in float32 and hands the result back as float64.
#
# Versions: OpenVINO 2026.4.1 (CPU), onnx 1.23.2, NumPy 2.4.6.
# Expected: the ONNX model's tensors are declared double from input to output, its only operator is
#   Sub: 100000001 - 100000000 = 1. An engine without double refuses such a model.
# Seen: 0 of dtype float64; INFERENCE_PRECISION_HINT has no double to ask for.
# Matters: models are exported in double where float32 is not enough (time stamps, coordinates,
#   inputs near 1e5 with a scaler in the graph); the dtype of the answer promises what was lost.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'openvino==2026.4.1' 'onnx==1.23.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import openvino
from onnx import TensorProto, helper

graph = helper.make_graph(
    [helper.make_node("Sub", ["a", "b"], ["y"])],
    "difference",
    [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [1]) for name in "ab"],
    [helper.make_tensor_value_info("y", TensorProto.DOUBLE, [1])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
core = openvino.Core()
compiled = core.compile_model(core.read_model(model.SerializeToString()), "CPU")
seen = compiled({"a": np.array([100000001.0]), "b": np.array([100000000.0])})[compiled.output(0)]
print("declared:", compiled.output(0).element_type, "seen:", seen.dtype, seen)
assert seen.dtype == np.float64
assert seen[0] == 0.0, "double is now kept"
print("AS SEEN: 100000001 - 100000000 = 0 in a double model")
PYTHON
