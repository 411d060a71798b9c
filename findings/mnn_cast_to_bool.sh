#!/usr/bin/env bash
# MNN: Cast to bool truncates to an integer: 0.5 is false, and true is 2 or -1.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: by the operator's text a number other than 0 becomes true; cast back to float, true is
#   1: (-1.5, -0.5, 0, 0.5, 2.7) becomes (1, 1, 0, 1, 1).
# Seen: (-1, 0, 0, 0, 2).
# Matters: masks and weights between 0 and 1 become false, and a sum that counts the trues counts
#   something else.
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


x = np.array([-1.5, -0.5, 0, 0.5, 2.7], dtype=np.float32)
nodes = [
    helper.make_node("Cast", ["x"], ["mask"], to=TensorProto.BOOL),
    helper.make_node("Cast", ["mask"], ["y"], to=TensorProto.FLOAT),
]
(true,), (seen,) = run(nodes, {"x": x})
print("ONNX Runtime:", true, "MNN:", seen)
assert np.array_equal(true, x != 0)
assert np.array_equal(seen, np.trunc(x)), "the cast gives 0 and 1 now"
print("AS SEEN: a mask holds -1 and 2, and 0.5 is false")
PYTHON
