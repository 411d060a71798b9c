#!/usr/bin/env bash
# tract: RNN, GRU and LSTM ignore the attribute clip, LSTM also input_forget.
#
# Versions: tract 0.23.9, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: clip bounds the inputs of the activation functions to [-clip, clip]; input_forget couples
#   the input gate of an LSTM to the forget gate. ONNX Runtime does both; what a runtime lacks it refuses.
# Seen: the outputs are those without the attribute.
# Matters: clipped cells are trained so that they stay in range (8-bit weights, long series); run without
#   the bound they leave it, and nothing says so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'tract==0.23.9' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import tract
from onnx import TensorProto, helper, numpy_helper


def run(node, inputs):
    """The outputs of one node in ONNX Runtime and in tract; all inputs but x are constants."""
    names = list(node.output)
    graph = helper.make_graph(
        [node],
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, inputs["x"].shape)],
        [helper.make_empty_tensor_value_info(n) for n in names],
        [numpy_helper.from_array(a, n) for n, a in inputs.items() if n != "x"],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(onnx.shape_inference.infer_shapes(model), "model.onnx")
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    true = session.run(names, {"x": inputs["x"]})
    runnable = tract.onnx().load("model.onnx").into_model().into_runnable()
    return true, [t.to_numpy() for t in runnable.run([inputs["x"]])]


random = np.random.default_rng(0)
gates = {"RNN": 1, "GRU": 3, "LSTM": 4}


def inputs(operator):
    shapes = {"x": (4, 1, 2), "w": (1, 3 * gates[operator], 2), "r": (1, 3 * gates[operator], 3)}
    shapes["b"] = (1, 6 * gates[operator])
    return {n: random.normal(size=s).astype(np.float32) for n, s in shapes.items()}


def node(operator, **attributes):
    return helper.make_node(operator, ["x", "w", "r", "b"], ["y", "h"], hidden_size=3, **attributes)


def close(one, other):
    return all(np.allclose(a, b, atol=1e-4) for a, b in zip(one, other))


for operator, attributes in (
    ("RNN", {"clip": 0.3}),
    ("GRU", {"clip": 0.3}),
    ("LSTM", {"clip": 0.3}),
    ("LSTM", {"input_forget": 1}),
):
    data = inputs(operator)
    (true, seen), (default, usual) = run(node(operator, **attributes), data), run(node(operator), data)
    print(operator, attributes, "ONNX Runtime:", true[1].ravel(), "tract:", seen[1].ravel())
    assert close(default, usual) and not close(default, true)
    if operator == "RNN":
        assert np.all(np.abs(true[0]) <= np.tanh(0.3) + 1e-4) and np.any(np.abs(seen[0]) > np.tanh(0.3) + 1e-2)
    assert close(seen, default), operator + " now takes " + next(iter(attributes))
print("AS SEEN: clip and input_forget have no effect")
PYTHON
