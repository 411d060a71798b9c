#!/usr/bin/env bash
# MNN: LogSoftmax of opset 11 is computed along one axis, Softmax as the standard says.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: before opset 13 both operators normalise over all axes from `axis` on: for (2, 3, 4)
#   and axis=1 the 12 probabilities of a sample sum to 1.
# Seen: Softmax does so; LogSoftmax normalises along axis 1 alone: each of the four columns sums to
#   1, the sample to 4.
# Matters: log-probabilities of older models are too large, while the probabilities of the same model
#   are right.
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


x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
found = {}
for operator in ("Softmax", "LogSoftmax"):
    node = helper.make_node(operator, ["x"], ["y"], axis=1)
    (true,), (seen,) = run([node], {"x": x}, opset=11)
    if operator == "LogSoftmax":
        true, seen = np.exp(true), np.exp(seen)
    sums = true.sum(axis=(1, 2)), seen.sum(axis=(1, 2))
    print(operator, "sums of the samples, ONNX Runtime and MNN:", *sums)
    assert np.allclose(true.sum(axis=(1, 2)), 1, atol=1e-4)
    if operator == "Softmax":
        assert np.allclose(seen, true, atol=1e-3)
    else:
        assert np.allclose(seen.sum(axis=1), 1, atol=1e-2), "it no longer sums to 1 along the axis"
        assert np.allclose(seen.sum(axis=(1, 2)), 4, atol=1e-2)
print("AS SEEN: LogSoftmax is that of opset 13")
PYTHON
