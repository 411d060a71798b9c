"""``from_keras``: files as Keras writes them, predictions equal to its own, and without it."""

import io
import json
import os
import zipfile

import numpy as np
import pytest

import fastopt

h5py = pytest.importorskip("h5py")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3)).astype("f4")


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    pytest.importorskip("jax")
    return pytest.importorskip("keras")


# --- with Keras ------------------------------------------------------------------------------


def models(keras):
    layer, Dense = keras.layers, keras.layers.Dense
    yield "plain", [Dense(5, "tanh"), Dense(2)]
    yield "one layer", [Dense(3, "softmax")]
    yield "twelve layers", [*[Dense(4, "relu") for _ in range(11)], Dense(1, "sigmoid")]
    norms = [layer.BatchNormalization(momentum=0.9), layer.BatchNormalization(momentum=0.9)]
    yield (
        "batch",
        [
            *[Dense(5, use_bias=False), norms[0], layer.Activation("elu"), layer.Dropout(0.2)],
            *[Dense(4), norms[1], layer.ReLU(), Dense(2)],
        ],
    )
    yield "after", [Dense(5, "silu"), layer.BatchNormalization(scale=False), Dense(2)]
    yield "layer", [Dense(5, "selu"), layer.LayerNormalization(center=False), Dense(2)]
    scaled = layer.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 1.0, 0.25])
    yield "scaled", [scaled, Dense(5, "gelu"), Dense(1, "softplus")]
    leaky = layer.LeakyReLU(negative_slope=0.01)
    yield "layers", [layer.Dropout(0.1), Dense(4), leaky, Dense(3), layer.Softmax()]


# Keras' own code, under a NumPy newer than it knows.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", [".keras", ".weights.h5", "object", ".h5"])
def test_predictions_of_every_kind(keras, form, tmp_path):
    for name, layers in models(keras):
        model = keras.Sequential([keras.Input((3,)), *layers], name="net")
        model.set_weights([w + 0.3 * RNG.random(w.shape) for w in model.get_weights()])
        path = tmp_path / f"model{form}"
        if form == ".weights.h5":
            model.save_weights(path)
            net = fastopt.from_keras(path, model.get_config())
        elif form == "object":
            net = fastopt.from_keras(model)
        else:
            model.save(path)
            net = fastopt.from_keras(path)
        assert net.dtype == np.float32
        expected = np.asarray(model(X, training=False))
        size = max(1, np.abs(expected).max())
        np.testing.assert_allclose(net.predict(X), expected, rtol=0, atol=3e-6 * size, err_msg=name)


@pytest.mark.filterwarnings("ignore")
def test_layers_that_are_refused(keras):
    layer, Dense = keras.layers, keras.layers.Dense
    cases = [
        ([layer.Reshape((3, 1)), layer.Conv1D(2, 1)], TypeError, r"\(Reshape\) is no layer"),
        (
            [Dense(4), layer.LeakyReLU(), Dense(1)],
            ValueError,
            "negative_slope=0.3 is not fastopt's",
        ),
        ([Dense(4, "leaky_relu"), Dense(1)], ValueError, "'leaky_relu' .as a function its slope"),
        ([Dense(4, "mish"), Dense(1)], ValueError, "activation 'mish' is none of fastopt's"),
        ([Dense(4), layer.ReLU(6.0), Dense(1)], ValueError, "max_value=6.0 is not"),
        ([Dense(4, "softmax"), Dense(1)], ValueError, "of a hidden layer"),
    ]
    for layers, error, match in cases:
        with pytest.raises(error, match=match):
            fastopt.from_keras(keras.Sequential([keras.Input((3,)), *layers]))
    x = keras.Input((3,))
    with pytest.raises(TypeError, match="only Sequential models"):
        fastopt.from_keras(keras.Model(x, Dense(1)(x)))


# --- without Keras ---------------------------------------------------------------------------

W = [RNG.normal(size=shape).astype("f4") for shape in [(3, 4), (4,), (4, 2), (2,)]]
CONFIG = {
    "class_name": "Sequential",
    "config": {
        "layers": [
            {"class_name": "InputLayer", "config": {"name": "input"}},
            {"class_name": "Dense", "config": {"name": "zebra", "units": 4, "activation": "tanh"}},
            {
                "class_name": "Dense",
                "config": {"name": "apple", "units": 2, "activation": "linear"},
            },
        ]
    },
}


def written(path, change=None, config=CONFIG):
    """A .keras file, as Keras 3 lays it out."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for folder, arrays in (("dense", W[:2]), ("dense_1", W[2:])):
            group = file.create_group(f"layers/{folder}/vars")
            for i, array in enumerate(arrays):
                group[str(i)] = array
        if change is not None:
            change(file)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", stream.getvalue())
    return path


def test_a_file_is_read_without_keras_and_trained_on(tmp_path):
    net = fastopt.from_keras(written(tmp_path / "net.keras"))
    expected = np.tanh(X @ W[0] + W[1]) @ W[2] + W[3]
    np.testing.assert_allclose(net.predict(X), expected, rtol=0, atol=1e-5)
    before = net.evaluate(X, X[:, :2])
    double = net.astype("float64")
    assert double.fit(X, X[:, :2], "lm", epochs=10).loss[-1] < 0.5 * before


def replaced(name, make):
    def change(file):
        del file[name]
        make(file, name)

    return change


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda f: f.__delitem__("layers/dense_1"), "layers/dense_1/vars is missing, or a link"),
        (lambda f: f.__delitem__("layers/dense/vars/1"), r"zebra \(Dense\) has 1 arrays"),
        (
            replaced("layers/dense/vars/0", lambda f, n: f.__setitem__(n, h5py.SoftLink("/x"))),
            "0 is missing, or a link",
        ),
        (
            replaced(
                "layers/dense/vars/0",
                lambda f, n: f.__setitem__(n, h5py.ExternalLink("/etc/passwd", "/x")),
            ),
            "0 is missing, or a link",
        ),
        (
            replaced(
                "layers/dense/vars/0",
                lambda f, n: f.create_dataset(n, (1 << 20, 1 << 20), "f4", chunks=(64, 64)),
            ),
            "0 is not stored whole in the file",
        ),
        (
            replaced("layers/dense/vars/0", lambda f, n: f.__setitem__(n, "text")),
            "0 holds no numbers",
        ),
    ],
)
def test_damaged_and_hostile_files(change, match, tmp_path):
    with pytest.raises(fastopt.FormatError, match=match):
        fastopt.from_keras(written(tmp_path / "net.keras", change))


def test_bytes_that_are_no_model(tmp_path):
    whole = written(tmp_path / "net.keras").read_bytes()
    for cut in range(0, len(whole) - 1, 331):
        (tmp_path / "bad.keras").write_bytes(whole[:cut])
        with pytest.raises(fastopt.FormatError, match="is no model of Keras, or damaged"):
            fastopt.from_keras(tmp_path / "bad.keras")
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = W[0]
    with pytest.raises(ValueError, match="holds weights alone: give config="):
        fastopt.from_keras(tmp_path / "w.weights.h5")
    with pytest.raises(FileNotFoundError):
        fastopt.from_keras(tmp_path / "none.keras")
