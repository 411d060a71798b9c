#!/usr/bin/env bash
# onnx.reference.ReferenceEvaluator runs Softmax, LogSoftmax and Hardmax of opsets 1 ... 12 by the
# rules of opset 13.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0.
# Expected: until opset 12 the operators' specification flattens the input to two dimensions before
#   `axis` (default 1) and normalises each row of that matrix: for an input of shape (2, 3, 4) and
#   axis 1, each sample's 12 numbers sum to 1. ONNX Runtime does so.
# Seen: the reference implementation normalises along axis 1 alone: each sample sums to 4.
# Matters: it is the standard's own evaluator, used to decide who is right when a runtime and an
#   exporter disagree; models of opset 11 and 12 are still common.
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

x = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 8
sums = {}
for opset in (12, 13):
    shape = [TensorProto.FLOAT, [2, 3, 4]]
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["y"], axis=1)],
        "softmax",
        [helper.make_tensor_value_info("x", *shape)],
        [helper.make_tensor_value_info("y", *shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    runtime = session.run(None, {"x": x})[0]
    reference = ReferenceEvaluator(model).run(None, {"x": x})[0]
    sums[opset] = runtime.sum(axis=(1, 2)), reference.sum(axis=(1, 2))
    print("opset", opset, "sum of a sample: ONNX Runtime", sums[opset][0], "reference", sums[opset][1])
assert np.allclose(sums[13][0], 4) and np.allclose(sums[13][1], 4)
assert np.allclose(sums[12][0], 1)
assert np.allclose(sums[12][1], 4), "the reference now flattens before opset 13"
print("AS SEEN: the reference evaluator's opset-12 Softmax sums to 4 a sample instead of 1")
PYTHON
