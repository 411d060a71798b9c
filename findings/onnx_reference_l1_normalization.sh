#!/usr/bin/env bash
# onnx.reference.ReferenceEvaluator divides by the sum, not by the sum of magnitudes, in
# LpNormalization with p = 1.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0.
# Expected: the operator divides by the Lp norm; for p = 1 that is the sum of |x|: (1, -3) becomes
#   (0.25, -0.75). ONNX Runtime gives this.
# Seen: the reference gives (-0.5, 1.5): signs are turned and magnitudes exceed 1.
# Matters: p = 1 normalises features of either sign (scikit-learn's Normalizer("l1")); whoever
#   compares an exported model with the standard's evaluator finds the model at fault.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnx==1.23.2' 'numpy==2.4.6' 'onnxruntime==1.32.0'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.array([[1.0, -3.0]], dtype=np.float32)
graph = helper.make_graph(
    [helper.make_node("LpNormalization", ["x"], ["y"], axis=-1, p=1)],
    "l1",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
runtime = session.run(None, {"x": x})[0]
reference = ReferenceEvaluator(model).run(None, {"x": x})[0]
print("x / sum |x|:", x / np.abs(x).sum(), "ONNX Runtime:", runtime, "reference:", reference)
assert np.allclose(runtime, [[0.25, -0.75]])
assert np.allclose(reference, [[-0.5, 1.5]]), "the reference now takes magnitudes"
print("AS SEEN: the reference evaluator's L1 normalisation of (1, -3) is (-0.5, 1.5)")
PYTHON
