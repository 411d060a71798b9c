#!/usr/bin/env bash
# OpenCV's dnn module: Tanh of 90 is NaN, Softplus of 90 is infinite.
#
# Versions: opencv-python-headless 5.0.0.93, onnx 1.23.2, NumPy 2.4.6.
# Expected: tanh 90 = 1 and log(1 + exp 90) = 90 in float32, as from NumPy and ONNX Runtime.
# Seen: NaN for tanh from about 89 on (exp overflows and inf / inf is taken), inf for softplus; -90 is
#   right.
# Matters: a network whose hidden units saturate on an unscaled input predicts NaN in C++ programs
#   that use OpenCV to run it, and is right everywhere else.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'opencv-python-headless==5.0.0.93' 'onnx==1.23.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import cv2
import numpy as np
from onnx import TensorProto, helper

x = np.array([[-90.0, -1.0, 0.0, 1.0, 20.0, 90.0, 200.0, 90.0]], dtype=np.float32)
true = {"Tanh": np.tanh(x), "Softplus": np.logaddexp(np.float32(0.0), x)}
seen = {}
for op in true:
    graph = helper.make_graph(
        [helper.make_node(op, ["x"], ["y"])],
        op,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    network.setInput(x)
    seen[op] = network.forward()
    print(op, "NumPy:", true[op][0].tolist(), "OpenCV:", seen[op][0].tolist())
    assert np.allclose(seen[op][0, :5], true[op][0, :5], atol=1e-4)
assert np.isnan(seen["Tanh"][0, 5:]).all(), "tanh now saturates"
assert np.isinf(seen["Softplus"][0, 5:]).all(), "softplus is now linear for large inputs"
print("AS SEEN: tanh(90) is NaN, softplus(90) is inf")
PYTHON
