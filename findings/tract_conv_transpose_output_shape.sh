#!/usr/bin/env bash
# tract: ConvTranspose with output_shape cuts what is too much off the end only.
#
# Versions: tract 0.23.9, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6.
# Expected: the operator's text: the total padding that output_shape implies is divided between both ends, the
#   larger half at the beginning unless auto_pad is SAME_UPPER. A full output of 5 that shall be 3 loses one
#   element at each end; ONNX Runtime does so.
# Seen: the first 3 of the 5 elements: the picture is shifted.
# Matters: decoders that name the size of their output (autoencoders, segmentation) give shifted pictures
#   of the right shape.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'tract==0.23.9' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import tract
from onnx import TensorProto, helper, numpy_helper


def run(node, inputs):
    """The outputs of one node in ONNX Runtime and in tract; all inputs but x are constants."""
    names = list(node.output)
    graph = helper.make_graph(
        [node],
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, inputs["x"].shape)],
        [helper.make_empty_tensor_value_info(n) for n in names],
        [numpy_helper.from_array(a, n) for n, a in inputs.items() if n != "x"],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(onnx.shape_inference.infer_shapes(model), "model.onnx")
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    true = session.run(names, {"x": inputs["x"]})
    runnable = tract.onnx().load("model.onnx").into_model().into_runnable()
    return true, [t.to_numpy() for t in runnable.run([inputs["x"]])]


w = np.arange(1, 10, dtype=np.float32).reshape(1, 1, 3, 3)
x = np.array([[1.0, 2.0], [3.0, 5.0]], dtype=np.float32).reshape(1, 1, 2, 2)
for shape in ([5, 5], [4, 4], [3, 3], [5, 3]):
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], output_shape=shape)
    (true,), (seen,) = run(node, {"x": x, "w": w})
    print(shape, "ONNX Runtime:", true[0, 0].tolist(), "tract:", seen[0, 0].tolist())
    if shape == [5, 5]:
        full = true[0, 0]
        assert np.array_equal(seen[0, 0], full)
        continue
    rows, columns = ((5 - n + 1) // 2 for n in shape)
    assert np.array_equal(true[0, 0], full[rows : rows + shape[0], columns : columns + shape[1]])
    assert np.array_equal(seen[0, 0], full[: shape[0], : shape[1]]), "padding is now divided"
print("AS SEEN: the beginning of the full output")
PYTHON
