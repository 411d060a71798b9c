"""Initialisers: variance, range, orthogonality, names, the numbers' independence."""

import math
import pickle

import numpy as np
import pytest

from fastopt import initializers
from fastopt.initializers import initial_weights

FAN_IN, FAN_OUT = 400, 300
N = FAN_IN * FAN_OUT

# (initialiser, its standard deviation, its largest absolute value)
CASES = [
    ("glorot_uniform", math.sqrt(2 / 700), math.sqrt(6 / 700)),
    ("glorot_normal", math.sqrt(2 / 700), None),
    ("he_uniform", math.sqrt(2 / 400), math.sqrt(6 / 400)),
    ("he_normal", math.sqrt(2 / 400), None),
    ("lecun_uniform", math.sqrt(1 / 400), math.sqrt(3 / 400)),
    ("lecun_normal", math.sqrt(1 / 400), None),
    (initializers.Uniform(-2, 2), 4 / math.sqrt(12), 2),
    (initializers.Normal(0.3), 0.3, None),
    ("uniform", 0.1 / math.sqrt(12), 0.05),
    ("normal", 0.05, None),
]


def draw(initializer, shape=(FAN_IN, FAN_OUT), seed=1):
    (weights,) = initial_weights([initializer], shape, ["identity"], seed)
    return weights


@pytest.mark.parametrize(("initializer", "sd", "largest"), CASES, ids=lambda v: str(v))
def test_distribution(initializer, sd, largest):
    """Mean, variance, fourth moment and independence within five standard errors."""
    w = draw(initializer)
    assert w.shape == (FAN_IN, FAN_OUT)
    kurtosis = 3.0 if largest is None else 1.8
    assert abs(w.mean()) <= 5 * sd / math.sqrt(N)
    assert abs(w.var() / sd**2 - 1) <= 5 * math.sqrt((kurtosis - 1) / N)
    fourth_sd = {3.0: math.sqrt(105 - 9), 1.8: math.sqrt(9 - 1.8**2)}[kurtosis]
    assert abs((w**4).mean() / sd**4 - kurtosis) <= 5 * fourth_sd / math.sqrt(N)
    for a, b in ((w[:-1], w[1:]), (w[:, :-1], w[:, 1:])):
        assert abs((a * b).mean() / sd**2) <= 5 / math.sqrt(a.size)
    if largest is None:
        assert 4 * sd < np.abs(w).max() < 7 * sd
    else:
        assert 0.999 * largest < np.abs(w).max() < largest


@pytest.mark.parametrize(("mean", "low", "high"), [(3.0, 2.0, 4.0), (0.5, 0.0, 1.0)])
def test_uniform_between_two_numbers(mean, low, high):
    w = draw(initializers.Uniform(low, high))
    assert low < w.min() < w.max() < high
    assert abs(w.mean() - mean) < 0.01


@pytest.mark.parametrize("shape", [(30, 30), (50, 20), (20, 50), (1, 7), (7, 1), (1, 1)])
def test_orthogonal(shape):
    w = draw("orthogonal", shape)
    assert w.shape == shape
    small = w.T @ w if shape[0] >= shape[1] else w @ w.T
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-14)
    np.testing.assert_allclose(draw(initializers.Orthogonal(2.0), shape), 2 * w)


def test_orthogonal_matrices_are_uniformly_distributed():
    """Q of QR with positive R: its first row has the moments of a random direction."""
    draws = np.array([draw("orthogonal", (4, 4), seed) for seed in range(2000)])
    n = len(draws)
    assert np.abs(draws.mean(axis=0)).max() <= 5 * 0.5 / math.sqrt(n)
    # x² of a direction in 4 dimensions: mean 1/4, variance 1/16.
    assert np.abs((draws**2).mean(axis=0) - 0.25).max() <= 5 * 0.25 / math.sqrt(n)
    signs = np.sign(np.linalg.det(draws))
    assert abs(signs.mean()) <= 5 / math.sqrt(n)


def test_orthogonal_equals_the_factorisation_of_the_same_normal_numbers():
    for shape in ((6, 6), (9, 4)):
        q, r = np.linalg.qr(draw(initializers.Normal(1.0), shape))
        np.testing.assert_allclose(draw("orthogonal", shape), q * np.sign(np.diag(r)), atol=1e-13)


def test_constants():
    assert (draw("zeros") == 0).all()
    assert (draw(initializers.Constant(0.5)) == 0.5).all()


def test_arrays_are_copied():
    given = np.arange(6, dtype=np.float32).reshape(3, 2)
    w = draw(given, (3, 2))
    assert w.dtype == np.float64
    w += 1
    assert given[0, 0] == 0


def test_first_numbers_are_fixed():
    """Philox4x32-10 with this seed and stream gives these on every platform."""
    w = initializers.Uniform(0, 1)((1, 3), random_state=0)
    n = initializers.Normal(1)((1, 3), random_state=0)
    np.testing.assert_array_equal(w, philox_uniform(0, 1 << 48, 3)[None])
    from statistics import NormalDist

    expected = [NormalDist().inv_cdf(u) for u in w[0]]
    np.testing.assert_allclose(n[0], expected, rtol=1e-13)


def philox_uniform(seed, stream, count):
    """From the paper's definition (Salmon et al. 2011), in Python's integers."""
    low = 0xFFFFFFFF
    numbers = []
    for counter in range((count + 1) // 2):
        c = [counter & low, counter >> 32, stream & low, stream >> 32]
        k = [seed & low, seed >> 32]
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [
                (p1 >> 32) ^ c[1] ^ k[0],
                p1 & 0xFFFFFFFF,
                (p0 >> 32) ^ c[3] ^ k[1],
                p0 & 0xFFFFFFFF,
            ]
            k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
        numbers += [c[0] | c[1] << 32, c[2] | c[3] << 32]
    return np.array([((bits >> 12) + 0.5) * 2.0**-52 for bits in numbers[:count]])


def test_layers_and_seeds_have_their_own_numbers():
    first, second = initial_weights("normal", [5, 5, 5], ["tanh", "identity"], 3)
    again, _ = initial_weights("normal", [5, 5, 5], ["tanh", "identity"], 3)
    other, _ = initial_weights("normal", [5, 5, 5], ["tanh", "identity"], 4)
    assert (first == again).all()
    assert (first != second).all()
    assert (first != other).all()


HE, LECUN, GLOROT = "he_normal", "lecun_normal", "glorot_uniform"


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        *((a, HE) for a in ("relu", "leaky_relu", "elu", "gelu", "silu")),
        ("selu", LECUN),
        *((a, GLOROT) for a in ("tanh", "sigmoid", "softplus", "identity")),
    ],
)
def test_default_by_activation(activation, name):
    sizes, activations = [4, 5, 3], [activation, "relu"]
    got = initial_weights(None, sizes, activations, 7)
    expected = initial_weights([name, GLOROT], sizes, activations, 7)
    assert all((a == b).all() for a, b in zip(got, expected, strict=True))


def test_one_for_each_layer():
    got = initial_weights(["zeros", None, np.ones((3, 1))], [2, 4, 3, 1], ["tanh"] * 3, 0)
    assert (got[0] == 0).all()
    assert (got[1] != 0).all()
    assert (got[2] == 1).all()


@pytest.mark.parametrize(
    ("initializer", "error", "match"),
    [
        ("glorot", ValueError, r"initializer must be one of 'glorot_uniform'.*got 'glorot'"),
        (["zeros"], ValueError, "one entry for each of 2 layers, got 1"),
        ([np.ones((2, 2)), None], ValueError, r"layer 1 must have shape \(2, 3\), got \(2, 2\)"),
        ([np.full((2, 3), np.nan), None], ValueError, "row 0 column 0"),
        (3.0, TypeError, "got 3.0"),
        (initializers.HeNormal, TypeError, "HeNormal"),
    ],
)
def test_wrong_initializers(initializer, error, match):
    with pytest.raises(error, match=match):
        initial_weights(initializer, [2, 3, 1], ["tanh", "identity"], 0)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: initializers.Uniform(1, 0), "low must not exceed high"),
        (lambda: initializers.Normal(-1), "sd must be"),
        (lambda: initializers.Orthogonal(0), "gain must be"),
        (lambda: initializers.Zeros()((0, 3)), "shape must be an integer"),
    ],
)
def test_refused_values(make, match):
    with pytest.raises(ValueError, match=match):
        make()


@pytest.mark.parametrize("name", initializers.registry)
def test_repr_equality_pickle(name):
    initializer = initializers.registry[name]()
    assert eval(repr(initializer), vars(initializers)) == initializer
    assert pickle.loads(pickle.dumps(initializer)) == initializer
    others = [make() for other, make in initializers.registry.items() if other != name]
    assert initializer not in others


def test_flat_vector_of_a_network():
    import fastopt

    net = fastopt.MLP([2, 4, 3], "relu", random_state=5)
    expected = initial_weights(None, [2, 4, 3], ["relu", "identity"], 5)
    assert all((a == b).all() for a, b in zip(net.coefs_, expected, strict=True))
    assert all((b == 0).all() for b in net.intercepts_)
    flat = np.arange(27.0)
    assert (fastopt.MLP([2, 4, 3], initializer=flat).parameters == flat).all()
    with pytest.raises(ValueError, match="initializer must hold 27 parameters"):
        fastopt.MLP([2, 4, 3], initializer=np.ones(26))


@pytest.mark.parametrize("scale", [1.0, 2.5])
@pytest.mark.parametrize(("n_inputs", "width"), [(1, 7), (2, 50), (5, 400)])
def test_nguyen_widrow(scale, n_inputs, width):
    """Lengths of the weights, their directions, and where the units bend."""
    import fastopt

    length = 0.7 * scale * width ** (1 / n_inputs)
    nets = [
        fastopt.MLP(
            [n_inputs, width, 2], initializer=initializers.NguyenWidrow(scale), random_state=seed
        )
        for seed in range(20)
    ]
    W = np.concatenate([net.coefs_[0] for net in nets], axis=1)
    b = np.concatenate([net.intercepts_[0] for net in nets])
    np.testing.assert_allclose(np.linalg.norm(W, axis=0), length, rtol=1e-12)
    assert np.abs(b).max() < length
    # Uniform numbers have the variance ⅓; within five standard errors.
    assert abs((b / length).mean()) <= 5 / math.sqrt(3 * len(b))
    assert abs((b / length).var() - 1 / 3) <= 5 * math.sqrt(4 / 45 / len(b))
    mean = (W / length).mean(axis=1)
    assert (np.abs(mean) <= 5 / math.sqrt(n_inputs * W.shape[1])).all()
    assert abs(np.corrcoef(W[0], b)[0, 1]) <= 5 / math.sqrt(len(b))
    for seed, net in enumerate(nets):
        (outputs,) = initial_weights([None], [width, 2], ["identity"], seed)
        assert net.coefs_[1].shape == outputs.shape
        assert np.abs(net.coefs_[1]).max() <= math.sqrt(6 / (width + 2))
        assert (net.intercepts_[1] == 0).all()
    again = fastopt.MLP(
        [n_inputs, width, 2], initializer=initializers.NguyenWidrow(scale), random_state=3
    )
    assert np.array_equal(again.parameters, nets[3].parameters)


def test_nguyen_widrow_by_name_and_layer_by_layer():
    import fastopt

    one = fastopt.MLP([2, 5, 4, 1], initializer="initnw", random_state=0)
    other = fastopt.MLP(
        [2, 5, 4, 1], initializer=["nguyen_widrow", "nguyen_widrow", None], random_state=0
    )
    assert np.array_equal(one.parameters, other.parameters)
    assert len(np.unique(np.concatenate(one.intercepts_[:2]))) == 9
    last = fastopt.MLP([2, 5, 1], initializer=[None, "nguyen_widrow"], random_state=0)
    np.testing.assert_allclose(np.linalg.norm(last.coefs_[1]), 0.7, rtol=1e-12)
    # A layer with batch normalisation has no bias; a short precision keeps what fits.
    normalized = fastopt.MLP(
        [2, 5, 1], initializer="nguyen_widrow", normalization="batch", dtype="float32"
    )
    np.testing.assert_allclose(
        np.linalg.norm(normalized.coefs_[0], axis=0), 0.7 * math.sqrt(5), rtol=1e-6
    )
    with pytest.raises(ValueError, match="scale must be"):
        initializers.NguyenWidrow(0)


def test_networks_learn_from_nguyen_widrow():
    """A sine in three periods, by Levenberg-Marquardt: most starts come near (17 of 20 here)."""
    import fastopt

    x = np.linspace(-1, 1, 80)[:, None]
    t = np.sin(3 * np.pi * x)
    reached = 0
    for seed in range(20):
        net = fastopt.MLP([1, 12, 1], "tanh", initializer="nguyen_widrow", random_state=seed)
        reached += net.fit(x, t, "lm", epochs=100).loss[-1] < 1e-3
    assert reached >= 13
