#!/usr/bin/env bash
# OnnxSlim: a Mul after a Conv by a constant of shape (n,) is folded into the channels instead of
# the last axis.
#
# Versions: OnnxSlim 0.1.98, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: slim keeps what a model computes. By the standard's broadcasting a constant of shape
#   (3,) multiplies the last axis (the width), one of shape (3, 1, 1) the channels.
# Seen: where the convolution has three output channels and an output of width three, both
#   constants are multiplied into the weights of the channels: another function, with the same
#   shapes. An Add of shape (3,) is left alone.
# Matters: weights by position (windows, masks, calibration by column) become weights by channel.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnxslim==0.1.98' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import onnxslim
from onnx import TensorProto, helper, numpy_helper


def run(model, x):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


rng = np.random.default_rng(0)
x = rng.standard_normal((1, 2, 5, 5)).astype(np.float32)
w = rng.standard_normal((3, 2, 3, 3)).astype(np.float32)
scale = np.array([1, 10, 100], dtype=np.float32)
for operator, shape in (("Mul", (3,)), ("Mul", (3, 1, 1)), ("Add", (3,))):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node(operator, ["c", "s"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 3, 3, 3))],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(scale.reshape(shape), "s")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    before, after = run(model, x), run(onnxslim.slim(model), x)
    windows = np.lib.stride_tricks.sliding_window_view(x[0], (3, 3), axis=(1, 2))
    c = np.einsum("chwij,ocij->ohw", windows, w)
    true = c * scale.reshape(shape) if operator == "Mul" else c + scale.reshape(shape)
    print(operator, shape, "before:", before[0, :, 0, 0], "after:", after[0, :, 0, 0])
    assert np.allclose(before[0], true, rtol=1e-4, atol=1e-3)
    if operator == "Mul" and shape == (3,):
        by_channel = c * scale.reshape(3, 1, 1)
        assert np.allclose(after[0], by_channel, rtol=1e-4, atol=1e-3), "the last axis is scaled now"
        assert not np.allclose(after, before, rtol=1e-1)
    else:
        assert np.allclose(after, before, rtol=1e-4, atol=1e-3)
print("AS SEEN: factors of columns have become factors of channels")
PYTHON
