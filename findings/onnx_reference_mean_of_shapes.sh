#!/usr/bin/env bash
# onnx.reference.ReferenceEvaluator cannot take the Mean of inputs that broadcast.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0.
# Expected: Mean supports multidirectional (NumPy-style) broadcasting by its specification since
#   opset 8; ONNX Runtime does it.
# Seen: the reference raises an error about a non-broadcastable output when the first input is the
#   smaller one. Sum and Max of the same inputs work.
# Matters: an ensemble that averages members of shapes (n, 1) and (n, k) passes the checker and runs
#   everywhere but in the standard's own evaluator.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnx==1.23.2' 'numpy==2.4.6' 'onnxruntime==1.32.0'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

a = np.array([[1.0], [2.0]], dtype=np.float32)
b = np.array([[3.0, 5.0]], dtype=np.float32)


def model(op):
    graph = helper.make_graph(
        [helper.make_node(op, ["a", "b"], ["y"])],
        op,
        [
            helper.make_tensor_value_info("a", TensorProto.FLOAT, [2, 1]),
            helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, 2]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 2])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(made, full_check=True)
    return made


session = onnxruntime.InferenceSession(
    model("Mean").SerializeToString(), providers=["CPUExecutionProvider"]
)
assert np.allclose(session.run(None, {"a": a, "b": b})[0], (a + b) / 2)
assert np.allclose(ReferenceEvaluator(model("Sum")).run(None, {"a": a, "b": b})[0], a + b)
try:
    ReferenceEvaluator(model("Mean")).run(None, {"a": a, "b": b})
except Exception as error:
    print("AS SEEN:", type(error).__name__, error)
else:
    raise SystemExit("the reference now broadcasts the inputs of Mean")
PYTHON
