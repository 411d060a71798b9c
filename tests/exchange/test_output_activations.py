"""Outputs that only losses of counts and quantiles have, in what exports write."""

import subprocess

import numpy as np
import pytest

import fastopt


def network(output):
    net = fastopt.MLP([2, 5, 4], output_activation=output, random_state=0)
    net.parameters = np.random.default_rng(1).normal(size=net.n_parameters)
    return net, np.random.default_rng(2).normal(size=(30, 2))


@pytest.mark.parametrize("output", ["exp", "increasing"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_c(output, dtype, tmp_path):
    net, _ = network(output)
    net.to_c(tmp_path / "model.c", dtype=dtype)
    command = ["cc", "-std=c99", "-Wall", "-Werror", "-DMODEL_TEST", "model.c", "-lm", "-o", "test"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "test"], check=True, capture_output=True)


@pytest.mark.parametrize("output", ["exp", "increasing"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx(output, dtype, tmp_path):
    ort = pytest.importorskip("onnxruntime")
    net, X = network(output)
    net.to_onnx(tmp_path / "net.onnx", dtype=dtype)
    session = ort.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: X.astype(dtype)})[0]
    np.testing.assert_allclose(found, net.predict(X), rtol=1e-4 if dtype == "float32" else 1e-12)
    if output == "increasing":
        assert (np.diff(found, axis=1) >= 0).all()


@pytest.mark.parametrize("output", ["exp", "increasing"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx_and_back(output, dtype, tmp_path):
    pytest.importorskip("onnx")
    net, X = network(output)
    net.to_onnx(tmp_path / "net.onnx", dtype=dtype)
    back = fastopt.from_onnx(tmp_path / "net.onnx")
    assert back.output_activation == output
    np.testing.assert_allclose(
        back.predict(X), net.predict(X), rtol=1e-4 if dtype == "float32" else 1e-12
    )


def test_keras_exponential():
    class Layer:
        name = "dense"

        def get_weights(self):
            return [np.ones((2, 3)), np.zeros(3)]

    class Sequential:
        layers = (Layer(),)

        def get_config(self):
            settings = {"name": "dense", "units": 3, "activation": "exponential"}
            return {"layers": [{"class_name": "Dense", "config": settings}]}

    net = fastopt.from_keras(Sequential())
    assert net.output_activation == "exp"
    np.testing.assert_allclose(net.predict([[0.5, -1.0]]), np.exp([[-0.5] * 3]), rtol=1e-15)


def test_matlab(tmp_path):
    for output in ("exp", "increasing"):
        net, X = network(output)
        net.to_matlab(tmp_path / "net.m")
        back = fastopt.from_matlab(tmp_path / "net.m")
        assert back.output_activation == output
        np.testing.assert_allclose(back.predict(X), net.predict(X), rtol=1e-12)


def test_frameworks_without_such_layers_refuse_by_name():
    for output in ("exp", "increasing"):
        pytest.importorskip("torch")
        with pytest.raises(ValueError, match=f"PyTorch has no layer for .*{output}"):
            network(output)[0].to_torch()
