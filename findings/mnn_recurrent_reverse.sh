#!/usr/bin/env bash
# MNN: RNN and GRU with direction="reverse" run forward.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: direction="reverse" goes through the sequence from its end; the result is that of the
#   forward direction on the reversed sequence, reversed.
# Seen: both outputs are those of direction="forward", for both operators; the converter says
#   nothing.
# Matters: the backward half of a network that was exported as two layers reads the sequence the
#   wrong way; shapes and sizes of the numbers are as usual.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'mnn==3.6.1' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import _tools  # what mnnconvert calls; the command first installs a logger by the pip on PATH
import numpy as np
import onnx
import onnxruntime
from MNN import expr, nn
from onnx import TensorProto, helper, numpy_helper


def run(nodes, inputs, constants=(), outputs=("y",), kind=TensorProto.FLOAT, opset=18):
    """The outputs in ONNX Runtime and in MNN, converted as by the command mnnconvert."""
    graph = helper.make_graph(
        nodes,
        "model",
        [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for n, a in inputs.items()
        ],
        [helper.make_tensor_value_info(n, kind, None) for n in outputs],
        [numpy_helper.from_array(a, n) for n, a in dict(constants).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.save(onnx.shape_inference.infer_shapes(model), "model.onnx")
    convert = ["", "-f", "ONNX", "--modelFile", "model.onnx"]
    convert += ["--MNNModel", "model.mnn", "--bizCode", "model"]
    _tools.mnnconvert(convert)
    net = nn.load_module_from_file("model.mnn", list(inputs), list(outputs))
    given = []
    for a in inputs.values():
        dtype = expr.float if a.dtype == np.float32 else expr.int
        given.append(expr.const(a, list(a.shape), expr.NCHW, dtype))
    found = net.forward(given)
    found = found if isinstance(found, (list, tuple)) else [found]
    seen = [np.array(expr.convert(f, expr.NCHW).read()) for f in found]
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    return session.run(list(outputs), inputs), seen


rng = np.random.default_rng(0)
x = rng.standard_normal((4, 1, 2)).astype(np.float32)
for operator, gates in (("RNN", 1), ("GRU", 3)):
    constants = {
        "w": rng.standard_normal((1, gates * 3, 2)).astype(np.float32),
        "r": rng.standard_normal((1, gates * 3, 3)).astype(np.float32),
    }
    settings = {"hidden_size": 3}
    if operator == "GRU":
        settings["linear_before_reset"] = 1
    found = {}
    for direction in ("forward", "reverse"):
        node = helper.make_node(
            operator, ["x", "w", "r"], ["y", "last"], direction=direction, **settings
        )
        found[direction] = run([node], {"x": x}, constants, outputs=("y", "last"))
    true, seen = found["forward"]
    assert all(np.allclose(a, b, atol=1e-3) for a, b in zip(true, seen))
    forward = seen
    true, seen = found["reverse"]
    node = helper.make_node(operator, ["x", "w", "r"], ["y", "last"], **settings)
    (turned, _), _ = run([node], {"x": x[::-1].copy()}, constants, outputs=("y", "last"))
    assert np.allclose(true[0], turned[::-1], atol=1e-5)
    print(operator, "reverse, ONNX Runtime:", true[1].ravel(), "MNN:", seen[1].ravel())
    assert not any(np.allclose(a, b, atol=1e-3) for a, b in zip(true, seen)), "reverse is right now"
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(forward, seen))
print("AS SEEN: reverse gives what forward gives")
PYTHON
