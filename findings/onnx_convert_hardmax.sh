#!/usr/bin/env bash
# onnx.version_converter leaves Hardmax as it is from opset 12 to 13, where its meaning changes.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0.
# Expected: convert_version keeps what a model computes. Opset 13 changed Softmax, LogSoftmax and
#   Hardmax alike: from the largest of all that follows `axis` to the largest along `axis`. The
#   converter rewrites Softmax and LogSoftmax with Flatten and Reshape.
# Seen: a Hardmax of shape (2, 3, 4), axis 1, marks 1 entry a sample before the conversion and 4
#   after it (same axis, no Flatten); the checker is content.
# Matters: Hardmax is the one-hot label of a classifier; converting models to one opset changes it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnx==1.23.2' 'numpy==2.4.6' 'onnxruntime==1.32.0'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, version_converter

x = (np.arange(24, dtype=np.float32) * 7 % 24).reshape(2, 3, 4)
sums = {}
for op in ("Softmax", "Hardmax"):
    graph = helper.make_graph(
        [helper.make_node(op, ["x"], ["y"], axis=1)],
        op,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)],
    )
    old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    new = version_converter.convert_version(old, 13)
    checker.check_model(new, full_check=True)
    for name, model in (("opset 12", old), ("converted", new)):
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        sums[op, name] = session.run(None, {"x": x})[0].sum(axis=(1, 2))
        print(op, name, "sum of each sample:", sums[op, name])
assert np.allclose(sums["Softmax", "opset 12"], 1) and np.allclose(sums["Softmax", "converted"], 1)
assert np.allclose(sums["Hardmax", "opset 12"], 1)
assert np.allclose(sums["Hardmax", "converted"], 4), "Hardmax is now converted"
print("AS SEEN: Hardmax marks 4 entries a sample after the conversion instead of 1")
PYTHON
