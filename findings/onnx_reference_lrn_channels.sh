#!/usr/bin/env bash
# onnx.reference.ReferenceEvaluator normalises only as many channels in LRN as the batch has samples.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0.
# Expected: LRN divides every channel by (bias + alpha/size * sum of squares over `size` neighbouring
#   channels)**beta; the formula in NumPy and ONNX Runtime agree.
# Seen: the loop over channels ends at the batch size. With one sample and five channels the first
#   channel is right and the other four are returned as they came; a batch of five is right.
# Matters: a single image, the usual test of an exported network, is the worst case; the deviation
#   vanishes in larger batches, so that it looks like a fault of the model.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnx==1.23.2' 'numpy==2.4.6' 'onnxruntime==1.32.0'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

alpha, beta, bias, size = 0.1, 0.75, 1.0, 3
node = helper.make_node("LRN", ["x"], ["y"], alpha=alpha, beta=beta, bias=bias, size=size)
io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 5, 2, 2]) for n in "xy"]
graph = helper.make_graph([node], "lrn", io[:1], io[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
session = onnxruntime.InferenceSession(
    model.SerializeToString(), providers=["CPUExecutionProvider"]
)
wrong = {}
for batch in (1, 3, 5):
    x = np.random.default_rng(0).uniform(1, 5, (batch, 5, 2, 2)).astype(np.float32)
    squares = np.pad(x.astype(float) ** 2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    true = x / (bias + alpha / size * sums) ** beta
    assert np.allclose(session.run(None, {"x": x})[0], true, rtol=1e-5)
    seen = ReferenceEvaluator(model).run(None, {"x": x})[0]
    wrong[batch] = [c for c in range(5) if not np.allclose(seen[:, c], true[:, c], rtol=1e-5)]
    print("batch of", batch, "wrong channels:", wrong[batch])
    assert np.array_equal(seen[:, wrong[batch]], x[:, wrong[batch]])
assert wrong == {1: [1, 2, 3, 4], 3: [3, 4], 5: []}, "all channels are now normalised"
print("AS SEEN: as many channels are normalised as the batch has samples")
PYTHON
