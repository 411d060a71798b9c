"""``from_torch`` and ``to_torch``: predictions equal PyTorch's, there and back."""

import numpy as np
import pytest

import fastopt

HIDDEN = "identity sigmoid tanh relu leaky_relu elu selu gelu silu softplus".split()  # noqa: SIM905
RNG = np.random.default_rng(0)
X = 2 * RNG.normal(size=(30, 3))
# Of numbers of order one; PyTorch's Softplus is linear beyond 20, where it is off by 2e-9.
TOLERANCE = {"float32": 2e-6, "float64": 1e-12}


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def network(activation, output="identity", **settings):
    net = fastopt.MLP([3, 6, 6, 4, 2], activation, output, random_state=0, **settings)
    net.parameters += 0.1 * RNG.normal(size=net.n_parameters)
    net.statistics = np.abs(net.statistics + 0.3 * RNG.normal(size=net.statistics.size))
    return net


def outputs(torch, module, dtype):
    with torch.no_grad():
        return module(torch.tensor(X, dtype=getattr(torch, dtype))).numpy()


NORMALIZATIONS = [
    None,
    fastopt.BatchNormalization(0.9, 1e-4),
    fastopt.BatchNormalization(position="after"),
    "layer",
    fastopt.LayerNormalization(position="after"),
]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("normalization", NORMALIZATIONS, ids=str)
@pytest.mark.parametrize("activation", HIDDEN)
def test_there_and_back(torch, activation, normalization, dtype):
    output = "softmax" if activation in ("relu", "tanh") else "identity"
    rates = [0.0, 0.1, 0.2, 0.3]
    net = network(activation, output, normalization=normalization, dropout=rates, dtype=dtype)
    module = net.to_torch()
    assert not module.training
    expected = net.predict(X)
    atol = TOLERANCE[dtype] * max(1, np.abs(expected).max())
    np.testing.assert_allclose(outputs(torch, module, dtype), expected, rtol=0, atol=atol)
    again = fastopt.from_torch(module)
    np.testing.assert_array_equal(again.parameters, net.parameters)
    np.testing.assert_allclose(again.statistics, net.statistics, rtol=1e-6)
    assert (repr(again), again.dropout) == (repr(net), tuple(rates))
    np.testing.assert_allclose(again.predict(X), expected, rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_scalings(torch, normalization, dtype):
    far = X * [5, 1, 0] + [20, 0, 7]  # the last column is constant
    Y = np.column_stack([100 + 30 * np.sin(X[:, 0]), np.full(30, 3.5)])
    settings = {"scale_inputs": "standard", "scale_targets": "minmax", "dtype": dtype}
    net = fastopt.MLP([3, 5, 2], random_state=0, normalization=normalization, **settings)
    net.fit(far, Y, epochs=3)
    with torch.no_grad():
        found = net.to_torch()(torch.tensor(far, dtype=getattr(torch, dtype))).numpy()
    # The offset is in the bias: 20 times the rounding of a number of order one.
    atol = {"float32": 20, "float64": 1}[dtype] * TOLERANCE[dtype]
    np.testing.assert_allclose(found, net.predict(far), rtol=atol)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("seed", range(10))
def test_random_sequentials(torch, seed, dtype):
    rng, nn = np.random.default_rng(seed), torch.nn
    torch.manual_seed(seed)
    acts = [nn.Tanh(), nn.ReLU(), nn.ELU(), nn.GELU(), nn.SiLU(), nn.LeakyReLU(), nn.Sigmoid()]
    batch, d, layers = bool(rng.integers(2)), 3, []
    for _ in range(rng.integers(0, 5)):
        width = int(rng.integers(1, 9))
        layers.append(nn.Linear(d, width, bias=bool(rng.integers(2))))
        if batch:
            layers.append(nn.BatchNorm1d(width))
        layers += [acts[rng.integers(len(acts))], nn.Dropout(0.1)]
        d = width
    module = nn.Sequential(nn.Flatten(), nn.Sequential(*layers), nn.Linear(d, 2)).to(
        getattr(torch, dtype)
    )
    module(torch.tensor(X, dtype=getattr(torch, dtype)))  # moves the running statistics
    module.eval()
    net = fastopt.from_torch(module)
    expected = outputs(torch, module, dtype)
    atol = TOLERANCE[dtype] * max(1, np.abs(expected).max())
    np.testing.assert_allclose(net.predict(X), expected, rtol=0, atol=atol)


@pytest.mark.parametrize("normalized", [False, True])
def test_state_dicts(torch, normalized):
    nn = torch.nn
    norms = [nn.BatchNorm1d(5)] if normalized else []
    module = nn.Sequential(nn.Linear(3, 5), *norms, nn.Tanh(), nn.Linear(5, 2), nn.Softmax(1))
    module(torch.tensor(X, dtype=torch.float32))
    module.eval()
    net = fastopt.from_torch(module.state_dict(), "tanh", "softmax")
    np.testing.assert_allclose(net.predict(X), outputs(torch, module, "float32"), atol=1e-6)


def test_modules_that_are_refused(torch):
    nn = torch.nn
    linear = nn.Linear(3, 3)
    cases = [
        ([nn.Conv1d(1, 1, 1)], TypeError, r"0 \(Conv1d\) is no layer of a multilayer"),
        ([linear, nn.LeakyReLU(0.2), linear], ValueError, r"negative_slope=0.2 is not fastopt's"),
        ([linear, nn.ELU(0.5), linear], ValueError, "alpha=0.5 is not"),
        ([linear, nn.GELU("tanh"), linear], ValueError, "approximate='tanh' is not"),
        ([linear, nn.ReLU(), nn.Tanh(), linear], ValueError, r"2 \(Tanh\) cannot stand where"),
        ([linear, nn.Softmax(1), linear], ValueError, r"1 \(Softmax\) of a hidden layer"),
        ([linear, nn.Softmax(0)], ValueError, "dim must be 1 or -1, got 0"),
        ([linear, nn.BatchNorm1d(3)], ValueError, r"\(BatchNorm1d\) of the last dense layer"),
        ([linear, nn.BatchNorm1d(3), nn.ReLU(), linear, nn.ReLU(), linear], ValueError, "alike"),
        ([linear, nn.LayerNorm(3), nn.ReLU(), linear], ValueError, "has biases and is normalised"),
        ([linear, nn.BatchNorm1d(3, track_running_stats=False), linear], ValueError, "statistics"),
        ([linear, nn.ReLU(), nn.AlphaDropout(0.1), linear], ValueError, "alpha dropout after"),
        ([linear, nn.Linear(4, 1)], ValueError, "has 4 inputs, and the layer before it 3 outputs"),
        ([nn.ReLU(), linear], ValueError, r"got 0 \(ReLU\) first"),
        ([], ValueError, "there is none"),
    ]
    for modules, error, match in cases:
        with pytest.raises(error, match=match):
            fastopt.from_torch(nn.Sequential(*modules))
    with pytest.raises(ValueError, match=r"'0\.weight_ih_l0' is no weight"):
        fastopt.from_torch(nn.Sequential(nn.LSTM(3, 3)).state_dict())
    with pytest.raises(ValueError, match="one for each of the 0 hidden layers, got 2"):
        fastopt.from_torch(nn.Sequential(linear).state_dict(), ["relu", "relu"])
    with pytest.raises(ValueError, match="no shortcuts"):
        network("tanh", residual="projection").to_torch()


def test_arrays_without_torch():
    W, V = RNG.normal(size=(5, 3)), RNG.normal(size=(2, 5))
    state = {"0.weight": W, "0.bias": np.zeros(5), "2.weight": V, "2.bias": np.ones(2)}
    net = fastopt.from_torch(state, activation="relu")
    expected = np.maximum(X @ W.T, 0) @ V.T + 1
    np.testing.assert_allclose(net.predict(X), expected, rtol=1e-12, atol=1e-12)
    before = net.evaluate(X, np.tanh(X[:, :2]))
    history = net.fit(X, np.tanh(X[:, :2]), "lm", epochs=20)  # and training goes on
    assert history.loss[-1] < 0.5 * before
    with pytest.raises(ValueError, match="holds nan at row 0 column 0"):
        fastopt.from_torch({"0.weight": np.full((1, 1), np.nan)})
