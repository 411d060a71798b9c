"""``to_onnx``: every model is opened by ONNX Runtime and compared."""

import numpy as np
import pytest

import fastopt
from fastopt.exchange.onnx_out import OLDEST_RUNTIMES, is_read_by
from onnx_cases import opsets

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

HIDDEN = "identity sigmoid tanh relu leaky_relu elu selu gelu silu softplus".split()  # noqa: SIM905
OPSETS = opsets(13, 17, 18, 20, 22)
DTYPES = ["float32", "float64"]
# Of outputs of order one: ONNX Runtime's own single-precision functions err by a few roundings.
TOLERANCE = {"float32": 1e-6, "float64": 1e-13}


def network(rng, d, q, activation, output="identity", **settings):
    """A network as after training: running statistics, γ and β are those of nobody."""
    net = fastopt.MLP([d, 6, 6, 4, q], activation, output, random_state=0, **settings)
    net.parameters += 0.1 * rng.normal(size=net.n_parameters)
    net.statistics = np.abs(net.statistics + 0.3 * rng.normal(size=net.statistics.size))
    return net


def compare(net, X, path, dtype, opset=17):
    net.to_onnx(path, opset, dtype)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(None, {"x": X.astype(dtype)})[0]
    assert found.dtype == dtype
    expected = net.predict(X.astype(dtype)).reshape(found.shape)
    size = max(1, np.abs(expected).max())
    assert np.abs(found - expected).max() <= TOLERANCE[dtype] * size
    one = session.run(None, {"x": X[:1].astype(dtype)})[0]  # any number of rows
    assert np.abs(one - expected[:1]).max() <= TOLERANCE[dtype] * size
    return onnx.load(path)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", HIDDEN)
def test_activations(activation, dtype, opset, tmp_path):
    rng = np.random.default_rng(1)
    X = 3 * rng.normal(size=(20, 3))
    net = network(rng, 3, 2, activation)
    path = tmp_path / "net.onnx"
    if activation == "gelu" and dtype == "float64":
        with pytest.raises(ValueError, match="no error function in double precision"):
            net.to_onnx(path, opset, dtype)
        assert not path.exists()
        return
    model = compare(net, X, path, dtype, opset)
    assert [entry.version for entry in model.opset_import] == [opset]


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "normalization",
    [
        None,
        "batch",
        "layer",
        fastopt.BatchNormalization(position="after"),
        fastopt.LayerNormalization(position="after", epsilon=1e-3),
    ],
    ids=str,
)
@pytest.mark.parametrize("residual", [False, "projection", fastopt.Residual(2, True)], ids=str)
def test_normalization_and_shortcuts(residual, normalization, dtype, opset, tmp_path):
    rng = np.random.default_rng(2)
    net = network(
        rng, 3, 2, "tanh", normalization=normalization, residual=residual, dropout=0.2, dtype=dtype
    )
    compare(net, rng.normal(size=(20, 3)), tmp_path / "net.onnx", dtype, opset)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax", "softplus"])
def test_outputs(output, dtype, tmp_path):
    rng = np.random.default_rng(3)
    net = network(rng, 4, 3, "relu", output)
    compare(net, rng.normal(size=(20, 4)), tmp_path / "net.onnx", dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_saturated_sigmoids_and_softplus(dtype, tmp_path):
    """ONNX Runtime's own double sigmoid is wrong in the third digit at −30."""
    X = np.linspace(-60, 60, 121)[:, None]
    for activation in ("sigmoid", "softplus", "elu", "silu"):
        net = fastopt.MLP([1, 1], output_activation=activation, initializer=np.array([1.0, 0.0]))
        net.to_onnx(tmp_path / "net.onnx", dtype=dtype)
        session = runtime.InferenceSession(tmp_path / "net.onnx")
        found = session.run(None, {"x": X.astype(dtype)})[0]
        np.testing.assert_allclose(
            found,
            net.predict(X),
            rtol=1e-13 if dtype == "float64" else 0,
            atol=1e-6 * 60 * (dtype == "float32"),
        )


def test_one_target_and_no_hidden_layer(tmp_path):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(30, 2))
    net = fastopt.MLP([2, 1], random_state=0)
    net.fit(X, X[:, 0], epochs=1)
    model = compare(net, X, tmp_path / "net.onnx", "float64")
    dims = [
        value.type.tensor_type.shape.dim for value in (model.graph.input[0], model.graph.output[0])
    ]
    assert [(d[0].dim_param, d[1].dim_value) for d in dims] == [("N", 2), ("N", 1)]
    assert (model.ir_version, model.producer_name) == (8, "fastopt")


def test_equal_networks_are_equal_files(tmp_path):
    rng = np.random.default_rng(5)
    net = network(rng, 3, 1, "tanh")
    net.to_onnx(tmp_path / "a.onnx")
    net.copy().to_onnx(tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.onnx", "b.onnx"]


def test_verify(tmp_path, monkeypatch):
    rng = np.random.default_rng(6)
    net = network(rng, 3, 1, "tanh")
    path = tmp_path / "net.onnx"
    net.to_onnx(path, verify=True)
    net.to_onnx(path, dtype="float64", verify=rng.normal(size=(10, 3)))
    kept = path.read_bytes()
    predict = net.predict
    monkeypatch.setattr(fastopt.MLP, "predict", lambda self, X: predict(X) + 1)
    with pytest.raises(ValueError, match=r"ONNX Runtime computes .* nothing was written"):
        net.to_onnx(path, verify=True)
    assert path.read_bytes() == kept


def test_each_opset_needs_a_runtime(tmp_path, monkeypatch):
    assert set(OLDEST_RUNTIMES) == set(range(13, 23))
    assert is_read_by("1.9.0", 13) is False  # a number, not a text
    net, path = fastopt.MLP([2, 1], random_state=0), tmp_path / "net.onnx"
    monkeypatch.setattr(runtime, "__version__", "1.20.1")
    with pytest.raises(ValueError, match=r"opset=22 is read by ONNX Runtime 1\.21 or later, and 1"):
        net.to_onnx(path, 22, verify=True)
    assert not path.exists()
    net.to_onnx(path, 22)


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"opset": 12}, ValueError, r"opset must be an integer in \[13, 22\]"),
        ({"opset": "17"}, TypeError, "opset must be an integer"),
        ({"dtype": "float16"}, ValueError, "dtype must be one of 'float32', 'float64'"),
    ],
)
def test_bad_settings(settings, error, match, tmp_path):
    with pytest.raises(error, match=match):
        fastopt.MLP([2, 1]).to_onnx(tmp_path / "net.onnx", **settings)
    assert not any(tmp_path.iterdir())


def test_weights_beyond_single_precision(tmp_path):
    net = fastopt.MLP([1, 1], initializer=np.array([1e300, 0.0]))
    with pytest.raises(ValueError, match="a weight is not finite in float32"):
        net.to_onnx(tmp_path / "net.onnx")
    net.to_onnx(tmp_path / "net.onnx", dtype="float64")
