#!/usr/bin/env bash
# onnxoptimizer: of two Reshapes the first is dropped although a 0 in the second copies a size from
# it.
#
# Versions: onnxoptimizer 0.4.2, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: in Reshape a 0 means the size of that axis in the node's own input. (2, 3, 4) to (4, 6)
#   and on to (0, -1, 3) is (4, 2, 3); the optimised model gives the same.
# Seen: eliminate_consecutive_idempotent_ops leaves the second node alone with the input of shape
#   (2, 3, 4): (2, 4, 3). For other sizes the optimised model cannot run. Without a 0 the result is
#   right.
# Matters: attention layers split and join heads by such pairs; a wrong order of axes is silent
#   where sizes allow it.
# Known: issues 171 and 259 of onnx/optimizer report errors of this pass in large models, without
#   the cause.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnxoptimizer==0.4.2' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def run(model, x):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


passes = ["eliminate_consecutive_idempotent_ops", "eliminate_deadend"]
x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
for last, changed in (([4, -1, 3], False), ([0, -1, 3], True)):
    nodes = [
        helper.make_node("Reshape", ["x", "first"], ["r"]),
        helper.make_node("Reshape", ["r", "last"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("a", "b", "c"))],
        [
            numpy_helper.from_array(np.array([4, 6]), "first"),
            numpy_helper.from_array(np.array(last), "last"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    smaller = onnxoptimizer.optimize(model, passes)
    before, after = run(model, x).shape, run(smaller, x).shape
    print(last, "before:", before, "after:", after)
    assert len(smaller.graph.node) == 1, "the Reshapes are kept now"
    assert before == (4, 2, 3)
    assert after == ((2, 4, 3) if changed else before), "the 0 copies the right size now"
print("AS SEEN: (4, 2, 3) has become (2, 4, 3)")
PYTHON
