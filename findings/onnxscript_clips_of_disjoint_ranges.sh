#!/usr/bin/env bash
# onnxscript: two Clips whose ranges do not meet are fused to one with another result.
#
# Versions: onnxscript 0.7.2, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: optimizer.optimize leaves what the model computes as it is. Clip to [-1, -0.5] and then to [0, 1] is 0
#   for every input, and so is Clip to [-1, -0.5] and then Relu.
# Seen: -0.5 for every input after optimize(), and after rewriter.rewrite() of a model with shapes: the fused Clip has
#   the larger lower and the smaller upper bound, 0 and -0.5, and a Clip whose bounds are crossed gives the upper one.
#   Ranges that meet are fused rightly.
# Matters: saturating units that are switched off by their bounds come back with a constant offset, without a warning.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnxscript==0.7.2' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import ModelProto, TensorProto, helper, numpy_helper, shape_inference
from onnxscript import optimizer, rewriter


def run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


onnxruntime.set_default_logger_severity(4)
x = np.array([-2.0, -0.7, 0.3, 2.0], np.float32)
cases = {
    "Clip to [-1, -0.5], Clip to [0, 1]": (("c", -1.0, -0.5), ("c", 0.0, 1.0), False),
    "Clip to [-1, -0.5], Relu": (("c", -1.0, -0.5), None, False),
    "Clip to [-1, 0.5], Clip to [0, 1]": (("c", -1.0, 0.5), ("c", 0.0, 1.0), True),
    "Clip to [-1, 0.5], Relu": (("c", -1.0, 0.5), None, True),
}
for name, (first, second, right) in cases.items():
    bounds = {"a": first[1], "b": first[2], "c": (second or first)[1], "d": (second or first)[2]}
    nodes = [helper.make_node("Clip", ["x", "a", "b"], ["t"])]
    nodes.append(helper.make_node("Clip", ["t", "c", "d"], ["y"]) if second else helper.make_node("Relu", ["t"], ["y"]))
    shapes = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [4]) for n in "xy"]
    constants = [numpy_helper.from_array(np.float32(v), k) for k, v in bounds.items()]
    graph = helper.make_graph(nodes, "g", shapes[:1], shapes[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    model = shape_inference.infer_shapes(model)
    true = run(model)
    by_hand = np.clip(x, *first[1:])
    by_hand = np.clip(by_hand, *second[1:]) if second else np.maximum(by_hand, 0)
    assert np.array_equal(true, by_hand)
    for function in (optimizer.optimize, rewriter.rewrite):
        seen = run(function(ModelProto.FromString(model.SerializeToString())))
        print(name, "before:", true, function.__name__ + ":", seen)
        assert np.array_equal(seen, true) == right, "ranges that do not meet are fused rightly now"
        assert right or (seen == -0.5).all()
print("AS SEEN: -0.5 instead of 0")
PYTHON
