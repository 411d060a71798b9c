#!/usr/bin/env bash
# onnx.reference.ReferenceEvaluator reads the pads of MaxPool in another order than the standard's.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0.
# Expected: `pads` lists all beginnings, then all ends: for two dimensions (top, left, bottom, right).
#   pads = (1, 0, 1, 0) pads above and below: an input of 4 x 5 and a kernel of 3 x 3 give 4 x 3, so
#   by onnx's own shape inference, ONNX Runtime, plain NumPy, and the reference's AveragePool.
# Seen: MaxPool of the reference gives 3 x 4, as if top and left were padded by one. Pads that are the
#   same on all sides hide it.
# Matters: "same" padding for odd strides is asymmetric; the standard's own evaluator then returns
#   another shape than its own shape inference has promised.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnx==1.23.2' 'numpy==2.4.6' 'onnxruntime==1.32.0'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.random.default_rng(0).permutation(20).reshape(1, 1, 4, 5).astype(np.float32)


def run(operator, pads):
    node = helper.make_node(operator, ["x"], ["y"], kernel_shape=[3, 3], pads=pads)
    graph = helper.make_graph(
        [node],
        "pool",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    inferred = onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    shape = tuple(d.dim_value for d in inferred.dim)
    return shape, session.run(None, {"x": x})[0], ReferenceEvaluator(model).run(None, {"x": x})[0]


padded = np.pad(x[0, 0], ((1, 1), (0, 0)), constant_values=-np.inf)
true = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).max(axis=(2, 3))
for operator in ("MaxPool", "AveragePool"):
    shape, runtime, reference = run(operator, [1, 0, 1, 0])
    print(operator, "inferred:", shape, "runtime:", runtime.shape, "reference:", reference.shape)
    assert shape == runtime.shape == (1, 1, 4, 3)
    if operator == "MaxPool":
        assert np.array_equal(runtime[0, 0], true)
        assert reference.shape == (1, 1, 3, 4), "the pads are now in the standard's order"
    else:
        assert reference.shape == shape
shape, runtime, reference = run("MaxPool", [1, 1, 1, 1])
assert np.array_equal(runtime, reference)
print("AS SEEN: the reference pads top and left where top and bottom were asked for")
PYTHON
