#!/usr/bin/env bash
# onnx.reference.ReferenceEvaluator turns the log of probability zero into NaN in ReduceLogSumExp.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0, SciPy 1.17.1.
# Expected: log(exp(-inf) + exp(-inf)) = log 0 = -inf: so SciPy's logsumexp and ONNX Runtime.
# Seen: NaN (the maximum is subtracted from itself: inf - inf).
# Matters: log-likelihoods hold -inf wherever a class or a state is impossible; one such row spoils
#   every sum after it in the standard's own evaluator.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnx==1.23.2' 'numpy==2.4.6' 'onnxruntime==1.32.0' 'scipy==1.17.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from scipy.special import logsumexp

warnings.simplefilter("ignore")
x = np.array([[-np.inf, -np.inf], [0.0, 0.0]], dtype=np.float32)
graph = helper.make_graph(
    [helper.make_node("ReduceLogSumExp", ["x"], ["y"], axes=[1], keepdims=0)],
    "log_sum_exp",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
runtime = session.run(None, {"x": x})[0]
reference = ReferenceEvaluator(model).run(None, {"x": x})[0]
print("SciPy:", logsumexp(x, axis=1), "ONNX Runtime:", runtime, "reference:", reference)
assert np.allclose(runtime, [-np.inf, np.log(2.0)])
assert np.isnan(reference[0]) and np.isclose(reference[1], np.log(2.0)), "-inf is now kept"
print("AS SEEN: the reference evaluator gives NaN for the log of 0")
PYTHON
