#!/usr/bin/env bash
# onnx.reference.ReferenceEvaluator ignores sequence_lens and clip of RNN, GRU and LSTM.
#
# Versions: onnx 1.23.2, NumPy 2.4.6, ONNX Runtime 1.32.0.
# Expected: by the operators' specification `sequence_lens` gives the length of each sequence of a
#   padded batch: outputs after a sequence's end are 0 and the final state is that at its end; `clip`
#   bounds the inputs of the activations to [-clip, clip]. ONNX Runtime does both.
# Seen: the reference runs through the padding and never clips; it refuses neither.
# Matters: padded series are the usual input of these cells; the final state that the standard's own
#   evaluator gives depends on the padding.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'onnx==1.23.2' 'numpy==2.4.6' 'onnxruntime==1.32.0'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def run(op, gates, x, lengths=None, **attributes):
    size = 2
    w = np.full((1, gates * size, 1), 0.9, np.float32)
    r = np.full((1, gates * size, size), 0.4, np.float32)
    names = ["x", "w", "r"] + (["", "lengths"] if lengths is not None else [])
    initializers = [numpy_helper.from_array(w, "w"), numpy_helper.from_array(r, "r")]
    if lengths is not None:
        initializers.append(numpy_helper.from_array(np.array(lengths, np.int32), "lengths"))
    graph = helper.make_graph(
        [helper.make_node(op, names, ["", "last"], hidden_size=size, **attributes)],
        op,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("last", TensorProto.FLOAT, [1, x.shape[1], size])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0], ReferenceEvaluator(model).run(None, {"x": x})[0]


x = np.array([[[1.0], [1.0]], [[0.5], [0.5]], [[-7.0], [0.2]]], dtype=np.float32)
for op, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
    short, _ = run(op, gates, x[:2])
    runtime, reference = run(op, gates, x, lengths=[2, 3])
    print(op, "first sequence, length 2: ONNX Runtime", runtime[0, 0], "reference", reference[0, 0])
    assert np.allclose(runtime[0, 0], short[0, 0], atol=1e-6)
    assert not np.allclose(reference[0, 0], short[0, 0], atol=0.1), op + ": lengths now count"
    clipped, unclipped = run(op, gates, x, clip=0.1)
    assert not np.allclose(clipped, unclipped, atol=0.01), op + ": clip now counts"
    assert np.allclose(unclipped, run(op, gates, x)[1], atol=1e-6), op + ": clip now counts"
print("AS SEEN: the reference evaluator runs on through the padding and never clips")
PYTHON
