#!/usr/bin/env bash
# onnxscript: a ModelProto that was converted to a later opset still names the former one.
#
# Versions: onnxscript 0.7.2, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: version_converter.convert_version(model, 20) converts an onnx.ModelProto in place "to the specified ONNX
#   opset version". For an ir.Model it does, and the result runs with the same numbers.
# Seen: the nodes of the ModelProto are those of opset 20, its opset_import says 18. GridSample has the mode "linear",
#   which opset 18 does not know: ONNX Runtime refuses the model. Set to 20 by hand, it runs and gives the right numbers.
# Matters: models are upgraded so that a later runtime or another pass takes them; the result is invalid, or is read by
#   the rules of the former version.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnxscript==0.7.2' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import ModelProto, TensorProto, helper
from onnxscript import ir, version_converter


def run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x, "g": grid})[0]


onnxruntime.set_default_logger_severity(4)
x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
grid = np.linspace(-0.9, 0.9, 18, dtype=np.float32).reshape(1, 3, 3, 2)
inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in (("x", x), ("g", grid))]
output = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 1, 3, 3))
node = helper.make_node("GridSample", ["x", "g"], ["y"], mode="bilinear")
graph = helper.make_graph([node], "g", inputs, [output])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
true = run(model)

by_ir = ir.from_proto(model)
version_converter.convert_version(by_ir, 20)
by_ir = ir.to_proto(by_ir)
assert by_ir.opset_import[0].version == 20 and np.allclose(run(by_ir), true)

proto = ModelProto.FromString(model.SerializeToString())
version_converter.convert_version(proto, 20)
mode = {a.name: a.s for a in proto.graph.node[0].attribute}["mode"]
print("ModelProto: opset", proto.opset_import[0].version, "mode", mode)
assert mode == b"linear"
assert proto.opset_import[0].version == 18, "the version is written now"
try:
    run(proto)
    raise SystemExit("the converted model runs now")
except onnxruntime.capi.onnxruntime_pybind11_state.Fail as error:
    print("ONNX Runtime:", str(error)[:80])
proto.opset_import[0].version = 20
assert np.allclose(run(proto), true)
print("AS SEEN: nodes of opset 20 under opset 18")
PYTHON
