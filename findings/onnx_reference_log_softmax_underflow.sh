#!/usr/bin/env bash
# onnx.reference.ReferenceEvaluator: LogSoftmax of a logit 104 or more below the largest is -inf.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0, SciPy 1.17.1.
# Expected: log softmax(0, -200) = (0, -200): the operator exists beside Log and Softmax because its
#   result does not underflow; SciPy's log_softmax and ONNX Runtime give it, in float32 too.
# Seen: the reference takes the logarithm of the underflowed softmax: -inf. SoftmaxCrossEntropyLoss
#   becomes infinite in the same way where ONNX Runtime gives 200.
# Matters: the loss of one confidently wrong sample is infinite and so is the mean over the batch, in
#   the evaluator by which exporters and runtimes are judged.
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
from scipy.special import log_softmax

warnings.simplefilter("ignore")
x = np.array([[0.0, -200.0], [1.0, -1.0]], dtype=np.float32)
label = np.array([1, 0])
logits = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2])
target = helper.make_tensor_value_info("t", TensorProto.INT64, [2])


def both(node, inputs, shape, values):
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    graph = helper.make_graph([node], "g", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return ReferenceEvaluator(model).run(None, values)[0], session.run(None, values)[0]


node = helper.make_node("LogSoftmax", ["x"], ["y"], axis=1)
reference, runtime = both(node, [logits], [2, 2], {"x": x})
print("SciPy:", log_softmax(x, axis=1).tolist(), "runtime:", runtime.tolist())
print("reference:", reference.tolist())
assert np.allclose(runtime, log_softmax(x.astype(float), axis=1))
assert np.isneginf(reference[0, 1]), "LogSoftmax no longer underflows"
assert np.allclose(reference[1], runtime[1])
node = helper.make_node("SoftmaxCrossEntropyLoss", ["x", "t"], ["y"], reduction="mean")
reference, runtime = both(node, [logits, target], [], {"x": x, "t": label})
print("loss, reference:", reference, "runtime:", runtime)
assert np.isclose(runtime, (200.0 + np.log1p(np.exp(-2.0))) / 2)
assert np.isposinf(reference), "the loss is now finite"
print("AS SEEN: log softmax(0, -200) has an infinite entry")
PYTHON
