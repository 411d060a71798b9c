#!/usr/bin/env bash
# MNN: a Pad that crops at the beginning crops at the end.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: a negative entry of `pads` removes elements from that side: (-2, 0) turns 1, 2, 3, 4, 5
#   into 3, 4, 5. Together with padding at the other end, (-2, 1), MNN gives 3, 4, 5, 0 as the
#   standard asks.
# Seen: (-2, 0) gives 1, 2, 3. For two rows and pads (0, -1, 0, 1), a shift to the left by one, the
#   input comes back unchanged.
# Matters: causal convolutions and residual connections shift and trim sequences by such a Pad; the
#   length is right, the alignment is lost.
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


def pad(x, pads):
    node = helper.make_node("Pad", ["x", "pads"], ["y"])
    (true,), (seen,) = run([node], {"x": x}, {"pads": np.array(pads)})
    print(pads, "ONNX Runtime:", true.tolist(), "MNN:", seen.tolist())
    return true, seen


x = np.array([1, 2, 3, 4, 5], dtype=np.float32)
for pads in ([1, 2], [-2, 1], [0, -2]):
    true, seen = pad(x, pads)
    assert np.array_equal(true, seen)
true, seen = pad(x, [-2, 0])
assert np.array_equal(true, x[2:])
assert np.array_equal(seen, x[:3]), "cropping at the beginning is right now"
x = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
true, seen = pad(x, [0, -1, 0, 1])
assert np.array_equal(true, [[2, 3, 0], [5, 6, 0]])
assert np.array_equal(seen, x), "the shift is right now"
print("AS SEEN: elements are removed at the wrong end")
PYTHON
