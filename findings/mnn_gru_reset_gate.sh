#!/usr/bin/env bash
# MNN: GRU with linear_before_reset=0, the standard's default, runs as with linear_before_reset=1.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: the attribute says whether the reset gate multiplies the state before the recurrent
#   matrix (0, the default, the form of the paper and of Keras' reset_after=False) or the product
#   after it (1, PyTorch's form). The results differ.
# Seen: both values of the attribute give the numbers of 1.
# Matters: GRUs that were trained in the first form are converted without a word to another
#   recurrence; the deviation of a step is small and grows along the sequence.
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
x = rng.standard_normal((6, 1, 2)).astype(np.float32)
w = rng.standard_normal((1, 9, 2)).astype(np.float32)
r = 1.5 * rng.standard_normal((1, 9, 3)).astype(np.float32)


def plain(after):
    """The recurrence in NumPy: gates in the order update, reset, candidate."""
    h, states = np.zeros(3), []
    (wz, wr, wh), (rz, rr, rh) = w[0].reshape(3, 3, 2), r[0].reshape(3, 3, 3)
    for v in x[:, 0]:
        z = 1 / (1 + np.exp(-(wz @ v + rz @ h)))
        s = 1 / (1 + np.exp(-(wr @ v + rr @ h)))
        candidate = np.tanh(wh @ v + (s * (rh @ h) if after else rh @ (s * h)))
        h = (1 - z) * candidate + z * h
        states.append(h)
    return np.array(states)


found = {}
for after in (0, 1):
    node = helper.make_node(
        "GRU", ["x", "w", "r"], ["y", "last"], hidden_size=3, linear_before_reset=after
    )
    true, seen = run([node], {"x": x}, {"w": w, "r": r}, outputs=("y", "last"))
    print("linear_before_reset =", after, "ONNX Runtime:", true[1].ravel(), "MNN:", seen[1].ravel())
    assert np.allclose(true[0][:, 0, 0], plain(after), atol=1e-4)
    found[after] = seen[0][:, 0, 0]
assert np.max(np.abs(plain(0) - plain(1))) > 0.05
assert np.allclose(found[1], plain(1), atol=1e-3)
assert np.allclose(found[0], plain(1), atol=1e-3), "linear_before_reset=0 has an effect now"
print("AS SEEN: the reset gate acts after the product in both cases")
PYTHON
