#!/usr/bin/env bash
# MNN: Shrink returns 0 for every negative number below -lambd.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: y = x + bias for x < -lambd, x - bias for x > lambd and 0 between: -3 with bias 0.25
#   and lambd 0.5 is -2.75.
# Seen: 0 for -3 and for -1, and -0.15 for -0.4, which lies between the thresholds; positive
#   numbers are right.
# Matters: soft thresholding (sparse codes, wavelet denoising, proximal steps) loses every negative
#   coefficient.
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


x = np.array([-3, -1, -0.4, 0, 0.4, 1, 3], dtype=np.float32)
node = helper.make_node("Shrink", ["x"], ["y"], bias=0.25, lambd=0.5)
(true,), (seen,) = run([node], {"x": x})
print("ONNX Runtime:", true, "MNN:", seen)
assert np.allclose(true, np.where(x < -0.5, x + 0.25, np.where(x > 0.5, x - 0.25, 0)))
assert np.allclose(seen[3:], true[3:])
assert np.all(seen[:2] == 0), "large negative numbers are kept now"
assert np.isclose(seen[2], -0.15), "numbers between the thresholds are 0 now"
print("AS SEEN: -3 becomes 0")
PYTHON
