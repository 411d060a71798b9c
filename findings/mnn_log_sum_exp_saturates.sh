#!/usr/bin/env bash
# MNN: Softplus and ReduceLogSumExp end at 87 or a little above.
#
# Versions: MNN 3.6.1 (CPU), onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: log(exp(1000) + exp(1000)) = 1000.69 and softplus(200) = 200; these operators exist
#   because exp would overflow.
# Seen: 87.69 and 87: exp is taken first, with its argument limited to 87, and no maximum is
#   subtracted. No infinity shows it.
# Matters: log-likelihoods and partition functions beyond 87 are all the same number; gradients and
#   comparisons of models by them mean nothing.
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


for values in ([1.0, 2.0], [80.0, 79.0], [1000.0, 1000.0], [-1000.0, 500.0]):
    x = np.array([values], dtype=np.float32)
    node = helper.make_node("ReduceLogSumExp", ["x"], ["y"], axes=[1])
    (true,), (seen,) = run([node], {"x": x}, opset=13)
    print("ReduceLogSumExp", values, "ONNX Runtime:", true.ravel(), "MNN:", seen.ravel())
    assert np.allclose(true, np.logaddexp(*values), rtol=1e-5)
    if max(values) < 87:
        assert np.allclose(seen.ravel(), true.ravel(), rtol=1e-3)
    else:
        assert 80 < seen.item() < 90, "large terms are added now"
x = np.array([-5, 0, 50, 100, 200], dtype=np.float32)
(true,), (seen,) = run([helper.make_node("Softplus", ["x"], ["y"])], {"x": x})
print("Softplus", x, "ONNX Runtime:", true, "MNN:", seen)
assert np.allclose(true, np.logaddexp(0, x), rtol=1e-4)
assert np.allclose(seen[:3], true[:3], rtol=1e-3)
assert np.all((80 < seen[3:]) & (seen[3:] < 90)), "large arguments are kept now"
print("AS SEEN: 200 and 1000 become 87")
PYTHON
