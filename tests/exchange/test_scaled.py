"""Scalings of inputs and targets go out with the network, in double precision."""

import numpy as np
import pytest

import fastopt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)) * [1e3, 1, 1e-2] + [5e4, 0, 1]
X[:, 1] = 2.0  # constant: dropped
Y = 1e4 + 1e3 * np.sin((X[:, 0] - 5e4) / 1e3)


@pytest.mark.parametrize(("dtype", "rel"), [("float64", 1e-13), ("float32", 1e-6)])
def test_onnx(dtype, rel, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    net = fastopt.MLP(
        [3, 6, 1], random_state=0, scale_inputs="standard", scale_targets="minmax", dtype=dtype
    )
    net.fit(X, Y, "adam", epochs=20)
    net.to_onnx(tmp_path / "net.onnx", dtype=dtype)
    x = X.astype(dtype)
    found = runtime.InferenceSession(tmp_path / "net.onnx").run(None, {"x": x})[0]
    np.testing.assert_allclose(found[:, 0], net.predict(x), rtol=rel)


def test_what_is_not_learned_is_refused(tmp_path):
    net = fastopt.MLP([3, 6, 1], scale_inputs="standard")
    with pytest.raises(ValueError, match="scaling has not been learned"):
        net.to_c(tmp_path / "net.c")
    assert not any(tmp_path.iterdir())
