"""``from_onnx``: what fastopt, scikit-learn's converter and PyTorch write comes back."""

import numpy as np
import pytest

import fastopt

onnx = pytest.importorskip("onnx")
helper, numpy_helper = onnx.helper, onnx.numpy_helper

HIDDEN = "identity sigmoid tanh relu leaky_relu elu selu gelu silu softplus".split()  # noqa: SIM905
OPSETS = [13, 17, 18, 20, 22]
TOLERANCE = {"float32": 2e-6, "float64": 1e-12}
X = 2 * np.random.default_rng(1).normal(size=(20, 3))


def network(seed, sizes, activation, output="identity", **settings):
    rng = np.random.default_rng(seed)
    net = fastopt.MLP(sizes, activation, output, random_state=seed, **settings)
    net.parameters += 0.1 * rng.normal(size=net.n_parameters)
    net.statistics = np.abs(net.statistics + 0.3 * rng.normal(size=net.statistics.size))
    return net


def compare(net, path, dtype, opset=17, X=X):
    net = net.astype(dtype)
    net.to_onnx(path, opset, dtype)
    again = fastopt.from_onnx(path)
    assert again.dtype == dtype
    expected = net.predict(X).reshape(len(X), -1)
    size = max(1, np.abs(expected).max())
    found = again.predict(X).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * size)
    return again


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_every_activation(dtype, opset, tmp_path):
    for name in HIDDEN:
        if (name, dtype) == ("gelu", "float64"):
            continue
        net = network(1, [3, 6, 6, 4, 2], name)
        again = compare(net, tmp_path / "net.onnx", dtype, opset)
        assert again.activation == name
        if dtype == "float64":
            np.testing.assert_array_equal(again.parameters, net.parameters)


@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax", "softplus", "relu"])
def test_outputs(output, tmp_path):
    net = network(3, [3, 5, 4], "relu", output)
    assert compare(net, tmp_path / "net.onnx", "float64").output_activation == output


NORMALIZATIONS = [
    None,
    "batch",
    "layer",
    fastopt.BatchNormalization(position="after"),
    fastopt.LayerNormalization(position="after", epsilon=1e-3),
]
RESIDUALS = [False, True, 2, "projection", fastopt.Residual(2, projection=True)]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("opset", [13, 18, 22])
@pytest.mark.parametrize("normalization", NORMALIZATIONS, ids=str)
@pytest.mark.parametrize("residual", RESIDUALS, ids=str)
def test_normalization_and_shortcuts(residual, normalization, opset, dtype, tmp_path):
    widths = [6, 6, 6] if residual in (True, 2) else [6, 6, 4]
    net = network(
        *(2, [3, *widths, 2], ["tanh", "identity", "elu"]),
        normalization=normalization,
        residual=residual,
        dropout=0.1,
    )
    again = compare(net, tmp_path / "net.onnx", dtype, opset)
    assert again.residual == residual
    if isinstance(net.normalization, fastopt.LayerNormalization):
        assert again.normalization == net.normalization


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed, tmp_path):
    """Whatever ``to_onnx`` writes comes back, and can be trained on."""
    rng = np.random.default_rng(seed)
    depth = int(rng.integers(0, 5))
    residual = RESIDUALS[rng.integers(5)] if depth >= 3 else False
    equal = residual in (True, 2)
    widths = [
        int(w) for w in ([rng.integers(1, 9)] * depth if equal else rng.integers(1, 9, depth))
    ]
    dtype = list(TOLERANCE)[rng.integers(2)]
    names = [HIDDEN[i] for i in rng.integers(len(HIDDEN), size=depth)]
    if dtype == "float64":
        names = ["tanh" if name == "gelu" else name for name in names]
    settings = {
        "normalization": NORMALIZATIONS[rng.integers(5)] if depth else None,
        "residual": residual,
        "scale_inputs": [None, "standard", "minmax"][rng.integers(3)],
        "scale_targets": [None, "standard", "minmax"][rng.integers(3)],
    }
    net = network(seed, [3, *widths, 2], names or "tanh", **settings)
    far = X * [3, 1, 0] + [5, 0, 2]  # the last column is constant
    if settings["scale_inputs"] or settings["scale_targets"]:
        net.adapt(far, np.column_stack([10 + X[:, 0], np.full(20, 3.5)]))
    again = compare(net, tmp_path / "net.onnx", dtype, int(rng.choice(OPSETS)), far)
    history = again.fit(far, 10 + X[:, :2], epochs=2)
    assert np.isfinite(history.loss).all()


def test_scalings_stay_scalings(tmp_path):
    far = X * [1e3, 1, 0] + [5e4, 0, 7]
    Y = np.column_stack([1e4 + 1e3 * np.sin(X[:, 0]), np.full(20, 3.5)])
    settings = {"scale_inputs": "standard", "scale_targets": "standard", "dtype": "float32"}
    net = fastopt.MLP([3, 5, 2], random_state=0, **settings)
    net.fit(far, Y, epochs=3)
    net.to_onnx(tmp_path / "net.onnx")
    again = fastopt.from_onnx(tmp_path / "net.onnx")
    for name in ("input_scaling_", "target_scaling_"):
        own, theirs = getattr(net, name), getattr(again, name)
        np.testing.assert_allclose(theirs.scale, own.scale, rtol=1e-14)
        kept = own.scale > 0
        np.testing.assert_allclose(theirs.offset[kept], own.offset[kept], rtol=1e-14)
    np.testing.assert_allclose(again.predict(far), net.predict(far), rtol=1e-6)


# --- written by others -------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["regressor", "two", "three", "two, ZipMap", "scaled"])
def test_models_of_skl2onnx(kind, tmp_path):
    converter = pytest.importorskip("skl2onnx")
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    settings = {"hidden_layer_sizes": (6, 4), "max_iter": 5, "random_state": 0}
    classes = np.digitize(X[:, 0], [0.0] if "two" in kind else [-1.0, 1.0])
    options = None
    if kind == "regressor":
        model = MLPRegressor(activation="logistic", **settings).fit(X, X[:, 0])
        expected = model.predict(X)[:, None]
    else:
        mlp = MLPClassifier(activation="tanh", **settings)
        model = make_pipeline(StandardScaler(), mlp) if kind == "scaled" else mlp
        model.fit(X, classes)
        expected = model.predict_proba(X)
        options = {id(mlp): {"zipmap": "ZipMap" in kind}}
    data = converter.to_onnx(model, X[:1].astype("f4"), options=options).SerializeToString()
    (tmp_path / "net.onnx").write_bytes(data)
    net = fastopt.from_onnx(tmp_path / "net.onnx")
    assert net.dtype == np.float32
    found = net.predict(X).reshape(20, -1)
    if "two" in kind:
        found = np.column_stack([1 - found, found])
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dynamo", [False, True])
def test_models_of_torch(dynamo, tmp_path):
    torch = pytest.importorskip("torch")
    if dynamo:
        pytest.importorskip("onnxscript")
    nn = torch.nn
    torch.manual_seed(0)
    acts = [nn.GELU(), nn.SiLU(), nn.Tanh(), nn.Sigmoid(), nn.ReLU(), nn.LeakyReLU(), nn.ELU()]
    hidden = [m for act in [*acts, nn.SELU(), nn.Softplus()] for m in (act, nn.Linear(5, 5))]
    model = nn.Sequential(
        *[nn.Linear(3, 5), nn.BatchNorm1d(5), *hidden, nn.Dropout(0.1), nn.Linear(5, 2)],
        nn.Softmax(1),
    )
    model(torch.tensor(X, dtype=torch.float32))  # moves the running statistics
    model.eval()
    one = (torch.zeros(1, 3),)  # the batch of the file is 1
    torch.onnx.export(model, one, str(tmp_path / "net.onnx"), dynamo=dynamo)
    net = fastopt.from_onnx(tmp_path / "net.onnx")
    with torch.no_grad():
        expected = model(torch.tensor(X, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(net.predict(X), expected, atol=2e-6)


# --- models made here ----------------------------------------------------------------------------

RNG = np.random.default_rng(0)
W, V = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))
CONSTANTS = {
    "W": W,
    "V": V,
    "WT": W.T,
    "b": np.arange(4.0),
    "c": np.array([2.0, 3.0]),
    "five": np.arange(5.0),
    "half": np.array(0.5),
    "ints": np.arange(12).reshape(3, 4),
    "f16": W.astype(np.float16),
    "cube": np.ones((1, 3, 4)),
    "flat": np.array([-1]),
    "wide": np.array([-1, 8]),
}


def model(*nodes, inputs=("x",), outputs=("y",), **changes):
    made = [
        helper.make_node(op, i, [o], **(settings[0] if settings else {}))
        for o, op, i, *settings in nodes
    ]
    kind = onnx.TensorProto.DOUBLE
    graph = helper.make_graph(
        made,
        "g",
        [helper.make_tensor_value_info(n, kind, ["N", 3]) for n in inputs],
        [helper.make_tensor_value_info(n, kind, None) for n in outputs],
        [numpy_helper.from_array(np.asarray(a), n) for n, a in {**CONSTANTS, **changes}.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def read(made, folder, **settings):
    (folder / "net.onnx").write_bytes(made.SerializeToString())
    return fastopt.from_onnx(folder / "net.onnx", **settings)


LAST = ("y", "MatMul", ["a", "V"])


def test_transposed_weights_and_maps(tmp_path):
    made = model(
        ("m", "Sub", ["x", "half"]),
        ("s", "Mul", ["m", "minus"]),
        ("T", "Transpose", ["W"]),
        ("z", "Gemm", ["s", "T", "b"], {"transB": 1}),
        ("a", "Tanh", ["z"]),
        ("h", "Div", ["a", "b1"]),
        ("o", "MatMul", ["h", "V"]),
        ("p", "Add", ["c", "o"]),
        ("y", "Sub", ["half", "p"]),
        b1=np.arange(1.0, 5.0),
        minus=np.array([[-1.0, 2.0, 3.0]]),
    )
    expected = np.tanh(((X - 0.5) * [-1, 2, 3]) @ W + np.arange(4)) / np.arange(1, 5) @ V
    np.testing.assert_allclose(read(made, tmp_path).predict(X), 0.5 - (expected + [2, 3]))


def test_outputs_are_chosen(tmp_path):
    nodes = [("a", "MatMul", ["x", "W"]), LAST]
    made = model(*nodes, outputs=("a", "y"))
    with pytest.raises(fastopt.FormatError, match="has the outputs a, y: give output="):
        read(made, tmp_path)
    assert read(made, tmp_path, output="a").layer_sizes == (3, 4)
    assert read(made, tmp_path, output="y").layer_sizes == (3, 4, 2)
    with pytest.raises(ValueError, match="output must be one of a, y, got 'z'"):
        read(made, tmp_path, output="z")


A = ("a", "MatMul", ["x", "W"])
REFUSED = {
    "no input": (model(A, LAST, inputs=()), r"must have one input, got \[\]"),
    "two inputs": (model(A, LAST, inputs=("x", "u")), "must have one input"),
    "operator": (model(("a", "Sin", ["x"]), LAST), r"node 1 \(Sin\) is no part of a dense"),
    "slope": (
        model(("z", *A[1:]), ("a", "LeakyRelu", ["z"], {"alpha": 0.3}), LAST),
        r"node 2 \(LeakyRelu\): alpha=0.3.* is not fastopt's 0.01",
    ),
    "alpha": (model(("a", "Gemm", ["x", "W"], {"alpha": 2.0}), LAST), "alpha must be 1"),
    "transA": (model(("a", "Gemm", ["x", "W"], {"transA": 1}), LAST), "transA must be 0"),
    "widths": (model(A, ("y", "MatMul", ["a", "W"])), "reads 3 numbers, and the layer before"),
    "unknown": (model(("a", "MatMul", ["x", "U"]), LAST), r"reads \['U'\], which nothing before"),
    "computed weights": (
        model(("u", "MatMul", ["x", "W"]), ("a", "MatMul", ["x", "u"]), LAST),
        "its input 2 must be constant",
    ),
    "integers": (model(("a", "MatMul", ["x", "ints"]), LAST), "must have a matrix of weights"),
    "half": (model(("a", "MatMul", ["x", "f16"]), LAST), "f16 holds numbers of type FLOAT16"),
    "cube": (model(("a", "MatMul", ["x", "cube"]), LAST), "cube has 3 dimensions"),
    "biases": (model(("z", *A[1:]), ("a", "Add", ["z", "five"]), LAST), "5 numbers for 4 columns"),
    "twice": (
        model(("z", *A[1:]), ("t", "Tanh", ["z"]), ("a", "Relu", ["t"]), LAST),
        "cannot stand",
    ),
    "products": (
        model(("z", *A[1:]), ("t", "Tanh", ["z"]), ("a", "Mul", ["z", "t"]), LAST),
        "two tensors that depend on the input",
    ),
    "branches": (
        model(
            *[("z", *A[1:]), ("t", "Tanh", ["z"]), ("u", *A[1:]), ("v", "Relu", ["u"])],
            *[("a", "Add", ["t", "v"]), LAST],
        ),
        "adds two branches",
    ),
    "shortcut": (
        model(
            *[
                ("z", *A[1:]),
                ("t", "Tanh", ["z"]),
                ("s", "Add", ["t", "z"]),
                ("y", "MatMul", ["s", "V"]),
            ]
        ),
        "adds what is not the output of a layer",
    ),
    "constant": (model(("y", "Identity", ["W"])), "does not depend on the input"),
    "nothing": (model(("y", "Tanh", ["x"])), "comes before the first dense layer"),
    "reshape": (model(A, ("o", "MatMul", ["a", "V"]), ("y", "Reshape", ["o", "wide"])), "makes"),
    "inverse": (model(A, ("y", "Div", ["half", "a"])), "a constant divided by"),
    "softmax": (model(("z", *A[1:]), ("a", "Softmax", ["z"]), LAST), "softmax is of outputs"),
    "infinite": (
        model(A, ("y", "MatMul", ["a", "inf"]), inf=np.full((4, 2), np.inf)),
        "holds numbers that are not finite",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_by_name(case, tmp_path):
    made, match = REFUSED[case]
    with pytest.raises(fastopt.FormatError, match=match):
        read(made, tmp_path)


def test_weights_elsewhere_and_used_again(tmp_path):
    made = model(A, LAST)
    first = made.graph.initializer[0]
    first.ClearField("raw_data")
    first.data_location = onnx.TensorProto.EXTERNAL
    first.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(fastopt.FormatError, match="W keeps its numbers in another file"):
        read(made, tmp_path)
    square = np.eye(200)  # a small file for a network of 40 million weights
    nodes = [("h0", "MatMul", ["x", "in"])]
    nodes += [(f"h{i + 1}", "MatMul", [f"h{i}", "square"]) for i in range(1000)]
    made = model(*nodes, outputs=("h1000",), square=square, **{"in": np.ones((3, 200))})
    with pytest.raises(fastopt.FormatError, match="uses weights that another layer has"):
        read(made, tmp_path)


@pytest.mark.parametrize("dims", [[3, 5], [-3, -4], [1 << 40, 1 << 40], [12, 1 << 62]])
def test_shapes_that_lie(dims, tmp_path):
    made = model(A, LAST)
    del made.graph.initializer[0].dims[:]
    made.graph.initializer[0].dims.extend(dims)
    with pytest.raises(fastopt.FormatError, match="W must hold an array of shape"):
        read(made, tmp_path)


def test_bytes_that_are_no_model(tmp_path):
    path = tmp_path / "net.onnx"
    network(0, [3, 4, 2], "softplus", scale_inputs=None).to_onnx(path)
    whole = path.read_bytes()
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(fastopt.FormatError):
            fastopt.from_onnx(path)
    with pytest.raises(FileNotFoundError):
        fastopt.from_onnx(tmp_path / "none.onnx")


def test_a_long_chain_takes_no_stack(tmp_path):
    nodes = [A] + [(f"a{i + 1}", "Identity", [f"a{i}" if i else "a"]) for i in range(5000)]
    net = read(model(*nodes, ("y", "MatMul", ["a5000", "V"])), tmp_path)
    np.testing.assert_allclose(net.predict(X), X @ W @ V, atol=1e-12)
