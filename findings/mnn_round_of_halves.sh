#!/usr/bin/env bash
# MNN: Round takes halves away from zero.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: the operator's text: halves go to the nearest even integer; (-2.5, -0.5, 0.5, 2.5)
#   becomes (-2, 0, 0, 2), as in NumPy, PyTorch and TensorFlow.
# Seen: (-3, -1, 1, 3).
# Matters: quantisation that is written out with Round gains a bias; comparisons with the
#   framework's numbers fail by a whole step.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'mnn==3.6.1' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import _tools  # the module behind the command mnnconvert
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


for size in (1, 16):
    x = np.repeat(np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, 2.6], dtype=np.float32), size)
    (true,), (seen,) = run([helper.make_node("Round", ["x"], ["y"])], {"x": x})
    print(x[::size], "ONNX Runtime:", true[::size], "MNN:", seen[::size])
    assert np.array_equal(true, np.round(x))
    away = np.copysign(np.floor(np.abs(x) + 0.5), x)
    assert np.array_equal(seen, away), "halves go to even numbers now"
print("AS SEEN: 0.5 becomes 1")
PYTHON
