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
    pytest.importorskip(os.environ.setdefault("KERAS_BACKEND", "jax"))
    return pytest.importorskip("keras")


def computed(model, X):
    import keras

    return keras.ops.convert_to_numpy(model(X, training=False))


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
        expected = computed(model, X)
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


# --- to_keras --------------------------------------------------------------------------------

HIDDEN = "identity sigmoid tanh relu leaky_relu elu selu gelu silu softplus".split()  # noqa: SIM905


@pytest.fixture
def doubles(keras):
    """JAX has them where it is told so; the other backends always have."""
    if keras.backend.backend() != "jax":
        yield
        return
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def compare(net, X, dtype, tolerance=None):
    model = net.to_keras()
    X = X.astype(dtype)
    expected = net.predict(X).reshape(len(X), -1)
    found = computed(model, X)
    assert found.dtype == dtype
    if os.environ["KERAS_BACKEND"] == "torch":
        # Keras 3.15 multiplies matrices of doubles in single precision there: of eleven layers,
        # stretched by normalisations, 5e-6 was seen.
        tolerance = 2e-5
    atol = (tolerance or {"float32": 3e-6, "float64": 1e-12}[dtype]) * max(1, abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "normalization",
    [
        None,
        fastopt.BatchNormalization(0.9, 1e-4),
        fastopt.BatchNormalization(position="after"),
        "layer",
        fastopt.LayerNormalization(position="after"),
    ],
    ids=str,
)
def test_there_and_back(keras, doubles, normalization, dtype, tmp_path):
    """All activations in one network.

    Keras 3.15 on JAX computes tanh and normalisations in single precision, of doubles, too.
    """
    if normalization is None:
        others = [name for name in HIDDEN if name != "tanh"]
        there_and_back(others, None, dtype, None, tmp_path)
    else:
        there_and_back(HIDDEN, normalization, dtype, 3e-6, tmp_path)


def there_and_back(names, normalization, dtype, tolerance, tmp_path):
    rates = [0.1, *np.linspace(0, 0.4, len(names))]
    sizes = [3, *range(4, 4 + len(names)), 2]
    net = fastopt.MLP(
        *(sizes, names, "softmax"),
        dtype=dtype,
        normalization=normalization,
        dropout=rates,
        random_state=0,
    )
    net.statistics = np.abs(net.statistics + 0.3 * RNG.normal(size=net.statistics.size))
    model = compare(net, X, dtype, tolerance)
    model.save(tmp_path / "net.keras")
    again = fastopt.from_keras(tmp_path / "net.keras")
    np.testing.assert_array_equal(again.parameters, net.parameters)
    np.testing.assert_array_equal(again.statistics, net.statistics)
    assert (repr(again), again.dropout) == (repr(net), tuple(rates))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scalings_go_to_keras(keras, doubles, dtype):
    far = (X * [1e3, 1, 0] + [5e4, 0, 7]).astype("f4")  # the last column is constant
    Y = np.column_stack([1e4 + 1e3 * np.sin(X[:, 0]), np.full(30, 3.5)])
    settings = {"scale_inputs": "standard", "scale_targets": "minmax", "dropout": [0.2, 0.1]}
    net = fastopt.MLP([3, 5, 2], "silu", dtype=dtype, random_state=0, **settings)
    net.fit(far, Y, epochs=3)
    model = compare(net, far, dtype)
    model.compile("adam", "mse")
    model.fit(far, Y, epochs=1, verbose=0)  # it is trained on there


@pytest.mark.filterwarnings("ignore")
def test_what_keras_has_no_place_for(keras):
    if keras.backend.backend() == "jax":
        with pytest.raises(ValueError, match="Keras on 'jax' keeps float32 where the network has"):
            fastopt.MLP([3, 2, 1]).to_keras()
    with pytest.raises(ValueError, match=r"has no shortcuts.*residual='projection'"):
        fastopt.MLP([3, 2, 1], residual="projection").to_keras()


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
        with pytest.raises(fastopt.FormatError, match=r"bad\.keras is damaged or unknown"):
            fastopt.from_keras(tmp_path / "bad.keras")
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = W[0]
    with pytest.raises(ValueError, match="holds weights alone: give config="):
        fastopt.from_keras(tmp_path / "w.weights.h5")
    with pytest.raises(FileNotFoundError):
        fastopt.from_keras(tmp_path / "none.keras")
