#!/usr/bin/env bash
# ONNX Runtime adds int64 in floating point in ReduceSum: sums beyond 2**53 lose their last digits.
#
# Versions: ONNX Runtime 1.32.0 (CPU), onnx 1.23.2, NumPy 2.4.6.
# Expected: integer addition is exact: (2**53 + 1) + 1 = 9007199254740994, as from Add, CumSum, the
#   reference evaluator and Python's integers.
# Seen: ReduceSum gives 9007199254740992, along either axis, with type int64. ReduceMax and CumSum of
#   the same numbers are exact.
# Matters: time stamps in nanoseconds, hashes and checksums are int64 of about 2**60; a sum of two of
#   them is off by up to hundreds, and the declared type promises that it is not.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnx==1.23.2' 'numpy==2.4.6' 'onnxruntime==1.32.0'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

x = np.array([[2**53 + 1, 1], [1, 2**53]])
stamps = np.array([[1700000000000000001, 1700000000000000002]])


def run(operator, x):
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", "axis"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.INT64, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.INT64, None)],
        [numpy_helper.from_array(np.array([1] if operator != "CumSum" else 1), "axis")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0], ReferenceEvaluator(model).run(None, {"x": x})[0]


for values in (x, stamps):
    true = [sum(row) for row in values.tolist()]
    runtime, reference = run("ReduceSum", values)
    cumulated = run("CumSum", values)[0][:, -1]
    print("exact:", true, "ReduceSum:", runtime.ravel().tolist(), "CumSum:", cumulated.tolist())
    assert runtime.dtype == np.int64
    assert reference.ravel().tolist() == cumulated.tolist() == true
    assert runtime.ravel().tolist() != true, "ReduceSum of int64 is now exact"
    assert np.allclose(runtime.ravel(), true, rtol=1e-15, atol=0)
assert np.array_equal(run("ReduceMax", x)[0].ravel(), x.max(axis=1))
print("AS SEEN: sums of int64 have the precision of double")
PYTHON
