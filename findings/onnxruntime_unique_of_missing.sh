#!/usr/bin/env bash
# ONNX Runtime: Unique takes every number for equal to a NaN that stands before it.
#
# Versions: ONNX Runtime 1.32.0, onnx 1.23.2, NumPy 2.4.6.
# Expected: the distinct values, with their first places, counts and the way back: y[inverse] is the input. For
#   (NaN, 3, 1, 7) these are four values (sorted: 1, 3, 7, NaN), as the reference evaluator of onnx gives.
# Seen: one value, NaN, counted four times; 3, 1 and 7 are gone, and y[inverse] is NaN throughout, sorted or not, float
#   or double. Where the NaN comes last it is counted among the 3s instead. No error, no warning.
# Matters: categories, and counts of classes, are found by Unique inside exported preprocessing; one gap in a column
#   takes the others with it. ndonnx's unique_values is built on it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnxruntime==1.32.0' 'onnx==1.23.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def unique(x, is_sorted):
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    outputs = {"y": kind, "first": TensorProto.INT64, "inverse": TensorProto.INT64, "count": TensorProto.INT64}
    graph = helper.make_graph(
        [helper.make_node("Unique", ["x"], list(outputs), sorted=is_sorted)],
        "unique",
        [helper.make_tensor_value_info("x", kind, ["n"])],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x}), ReferenceEvaluator(model).run(None, {"x": x})


for kind in (np.float32, np.float64):
    for is_sorted in (0, 1):
        whole = np.array([5, 3, 1, 3], kind)
        for seen, true in zip(*unique(whole, is_sorted)):
            assert np.array_equal(seen, true)
        gap = np.array([np.nan, 3, 1, 7], kind)
        seen, true = unique(gap, is_sorted)
        print(kind.__name__, "sorted", is_sorted, "ONNX Runtime:", [a.tolist() for a in seen])
        print("  reference evaluator:", [a.tolist() for a in true])
        assert np.array_equal(true[0][true[2]], gap, equal_nan=True)
        assert len(seen[0]) == 1 and np.isnan(seen[0][0]), "more than the NaN is found now"
        assert seen[3].tolist() == [4] and seen[2].tolist() == [0, 0, 0, 0]
print("AS SEEN: a leading NaN swallows the other values")
PYTHON
