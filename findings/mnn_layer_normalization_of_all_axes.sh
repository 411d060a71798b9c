#!/usr/bin/env bash
# MNN: LayerNormalization with axis=0 returns zeros.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: axis=0 normalises over all axes: the output has mean 0 and variance 1.
# Seen: zeros everywhere, with and without a bias; the scale is then without effect. axis=1 and 2
#   are right.
# Matters: networks of one sample without a batch axis, and normalisations of a whole field, are
#   exported with axis=0; the layers behind see a constant.
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


x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
for axis in (0, 1, 2):
    constants = {"s": np.ones(x.shape[axis:], np.float32), "b": np.zeros(x.shape[axis:], np.float32)}
    node = helper.make_node("LayerNormalization", ["x", "s", "b"], ["y"], axis=axis)
    (true,), (seen,) = run([node], {"x": x}, constants)
    over = tuple(range(axis, 3))
    spread = np.sqrt(x.var(axis=over, keepdims=True) + 1e-5)
    assert np.allclose(true, (x - x.mean(axis=over, keepdims=True)) / spread, atol=1e-3)
    print("axis", axis, "ONNX Runtime:", true.ravel()[:4], "MNN:", seen.ravel()[:4])
    if axis == 0:
        assert np.all(seen == 0), "all axes are normalised now"
    else:
        assert np.allclose(seen, true, atol=1e-2)
print("AS SEEN: normalised over all axes everything is 0")
PYTHON
