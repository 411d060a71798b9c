#!/usr/bin/env bash
# onnx.reference.ReferenceEvaluator cannot run a Pad that crops.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0.
# Expected: the operator's text says of `pads` that a value may be negative, which removes elements from
#   that side. pads = (-1, 2) turns 1, 2, 3 into 2, 3, 0, 0; ONNX Runtime gives this.
# Seen: ValueError: index can't contain negative values, from numpy.pad, in every mode.
# Matters: exporters write a crop as a negative Pad (PyTorch's F.pad with negative widths, shifts of a
#   series by one step); the checker accepts the model and the runtimes run it.
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

x = np.array([1.0, 2.0, 3.0], dtype=np.float32)
for mode, pads, true in (
    ("constant", [-1, 2], [2.0, 3.0, 0.0, 0.0]),
    ("constant", [0, -1], [1.0, 2.0]),
    ("edge", [-1, 1], [2.0, 3.0, 3.0]),
):
    graph = helper.make_graph(
        [helper.make_node("Pad", ["x", "pads"], ["y"], mode=mode)],
        "pad",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [len(true)])],
        [numpy_helper.from_array(np.array(pads), "pads")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    print(mode, pads, "runtime:", session.run(None, {"x": x})[0])
    assert np.array_equal(session.run(None, {"x": x})[0], true)
    try:
        ReferenceEvaluator(model).run(None, {"x": x})
    except ValueError as error:
        print("  reference:", error)
        assert "negative" in str(error)
    else:
        raise SystemExit("the reference now crops")
print("AS SEEN: the reference refuses negative pads")
PYTHON
