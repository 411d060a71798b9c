"""Losses with numbers of their own, of counts and of quantiles."""

import pickle

import numpy as np
import pytest

import fastopt
import golden
from fastopt.losses import named
from fastopt.storage import safetensors
from reference.numerical import central_difference_jacobian, complex_step_jacobian

CASES, ARRAYS = golden.load("losses")


def softplus(z):
    positive = z.real > 0
    return np.where(positive, z, 0) + np.log1p(np.exp(np.where(positive, -z, z)))


def huber(Y, T, delta=1.0):
    e = Y - T
    sign = np.sign(e.real)
    return np.where(np.abs(e.real) <= delta, 0.5 * e * e, delta * (sign * e - 0.5 * delta))


def log_cosh(Y, T):
    return np.log(np.cosh(Y - T))


def pinball(Y, T, levels=0.5):
    e, levels = T - Y, np.asarray(levels)
    return np.where(e.real > 0, levels, levels - 1) * e


OUTPUTS = {
    "identity": lambda z: z,
    "exp": np.exp,
    "softplus": softplus,
    "tanh": np.tanh,
    "increasing": lambda z: np.cumsum(np.concatenate([z[:, :1], softplus(z[:, 1:])], axis=1), 1),
}
# loss, output activation, the loss of each output from z in plain NumPy
LOSSES = (
    ("huber(0.3)", "identity", lambda Y, T: huber(Y, T, 0.3)),
    ("huber(2.5)", "tanh", lambda Y, T: huber(Y, T, 2.5)),
    ("log_cosh", "identity", log_cosh),
    ("log_cosh", "tanh", log_cosh),
    ("log_cosh", "increasing", log_cosh),
    ("mse", "increasing", lambda Y, T: (Y - T) ** 2),
    ("mse", "exp", lambda Y, T: (Y - T) ** 2),
    ("pinball", "identity", pinball),
    ("pinball(0.1)", "tanh", lambda Y, T: pinball(Y, T, 0.1)),
    ("pinball(0.1,0.5,0.8)", "identity", lambda Y, T: pinball(Y, T, [0.1, 0.5, 0.8])),
    ("pinball(0.1,0.5,0.8)", "increasing", lambda Y, T: pinball(Y, T, [0.1, 0.5, 0.8])),
    ("poisson", "exp", lambda Y, T: Y - T * np.log(Y)),
    ("poisson", "identity", lambda Y, T: np.exp(Y) - T * Y),
    ("poisson", "softplus", lambda Y, T: Y - T * np.log(Y)),
)
each_loss = pytest.mark.parametrize(
    ("loss", "output", "formula"), LOSSES, ids=[f"{name}-{out}" for name, out, _ in LOSSES]
)


def problem(loss, output, seed=0, n=17):
    rng = np.random.default_rng(seed)
    net = fastopt.MLP([2, 4, 3], output_activation=output, random_state=0)
    net.parameters = rng.normal(size=net.n_parameters) / 2
    X = rng.normal(size=(n, 2))
    T = rng.poisson(2, (n, 3)).astype(float) if loss == "poisson" else rng.normal(size=(n, 3))
    return net, X, T, rng.uniform(0.5, 2, size=n)


def energy(w, X, T, v, output, formula, l2=0.0):
    W1, b1, W2, b2 = w[:8].reshape(2, 4), w[8:12], w[12:24].reshape(4, 3), w[24:]
    Y = OUTPUTS[output](np.tanh(X @ W1 + b1) @ W2 + b2)
    weights = (W1**2).sum() + (W2**2).sum()
    return np.mean(v / v.mean() * formula(Y, T).mean(axis=1)) + 0.5 * l2 * weights


@each_loss
def test_value_and_gradient(loss, output, formula):
    net, X, T, v = problem(loss, output)
    w = net.parameters.copy()

    def of(w):
        return energy(w, X, T, v, output, formula, 0.1)

    value, gradient = net.loss_and_gradient(X, T, loss, l2=0.1, sample_weight=v)
    assert value == pytest.approx(of(w).real, rel=1e-13)
    expected = complex_step_jacobian(of, w)
    np.testing.assert_allclose(gradient, expected.ravel(), rtol=1e-10, atol=1e-13)
    single = net.astype("float32")
    value_32, gradient_32 = single.loss_and_gradient(X, T, loss, l2=0.1, sample_weight=v)
    assert value_32 == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(gradient_32, gradient, rtol=1e-3, atol=1e-5)


@each_loss
def test_second_derivatives(loss, output, formula):
    """H is the derivative of the gradient, which has been compared above; no kink lies near."""
    net, X, T, v = problem(loss, output)
    w, other = net.parameters.copy(), net.copy()

    def gradient(w):
        other.parameters = w
        return other.loss_and_gradient(X, T, loss, l2=0.1, sample_weight=v)[1]

    H = net.hessian(X, T, loss, sample_weight=v, l2=0.1)
    expected = central_difference_jacobian(gradient, w)
    np.testing.assert_allclose(H, expected, rtol=1e-6, atol=1e-7)
    along = np.random.default_rng(3).normal(size=w.size)
    product = net.hessian_vector_product(X, T, along, loss, sample_weight=v, l2=0.1)
    np.testing.assert_allclose(product, H @ along, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("output", ["increasing", "exp"])
def test_jacobian_and_normal_equations(output):
    net, X, T, v = problem("mse", output)
    w = net.parameters.copy()

    def outputs(w):
        W1, b1, W2, b2 = w[:8].reshape(2, 4), w[8:12], w[12:24].reshape(4, 3), w[24:]
        return OUTPUTS[output](np.tanh(X @ W1 + b1) @ W2 + b2).ravel()

    J = net.jacobian(X)
    np.testing.assert_allclose(J, complex_step_jacobian(outputs, w), rtol=1e-10, atol=1e-13)
    value, jte, jtj = net.normal_equations(X, T, sample_weight=v)
    e, root = outputs(w).real - T.ravel(), np.repeat(v / v.mean(), 3)
    assert value == pytest.approx(0.5 * np.sum(root * e**2), rel=1e-13)
    np.testing.assert_allclose(jte, J.T @ (root * e), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(jtj, J.T @ (root[:, None] * J), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['framework']}-{c['name']}" for c in CASES])
def test_golden_values(case):
    """Outputs that are given: a layer whose weights are the unit matrix passes them on."""
    key, output = f"{case['framework']}_{case['name']}", case["output_activation"]
    targets = ARRAYS["counts" if case["fastopt"] == "poisson" else "targets"]
    Y = ARRAYS[case["outputs"]]
    z = {"identity": Y, "exp": np.log(np.abs(Y)), "softplus": np.log(np.expm1(np.abs(Y)))}
    net = fastopt.MLP([3, 3], output_activation=output, initializer="zeros")
    net.coefs_[0][:] = np.eye(3)
    value, gradient = net.loss_and_gradient(z[output], targets, case["fastopt"])
    assert value == pytest.approx(float(ARRAYS[key]), rel=1e-12)
    if f"{key}_gradient" in ARRAYS:
        slope = {"identity": 1.0, "exp": Y, "softplus": -np.expm1(-np.abs(Y))}[output]
        by_bias = (ARRAYS[f"{key}_gradient"] * slope).sum(axis=0)
        np.testing.assert_allclose(gradient[9:], by_bias, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_log_cosh_keeps_its_digits_and_does_not_overflow(dtype):
    eps = float(np.finfo(dtype).eps)
    net = fastopt.MLP([1, 1], initializer="zeros", dtype=dtype)
    large = 1e30
    assert net.evaluate([[0.0]], [large], "log_cosh") == pytest.approx(large, rel=8 * eps)
    small = 1e-6  # ½ e² there, of which log(cosh e) computed as it is written keeps nothing
    assert net.evaluate([[0.0]], [small], "log_cosh") == pytest.approx(small**2 / 2, rel=8 * eps)
    beside = [net.evaluate([[0.0]], [t], "log_cosh") for t in (1 - 1e-6, 1 + 1e-6)]
    assert beside == pytest.approx([np.log(np.cosh(t)) for t in (1 - 1e-6, 1 + 1e-6)], rel=8 * eps)


def test_one_huber_is_mse_and_the_other_mae():
    net, X, T, _ = problem("huber", "identity")
    assert net.evaluate(X, T, fastopt.Huber(1e6)) == pytest.approx(net.evaluate(X, T, "mse") / 2)
    tiny = net.evaluate(X, T, fastopt.Huber(1e-9)) / 1e-9
    assert tiny == pytest.approx(net.evaluate(X, T, "mae"), rel=1e-6)
    assert net.evaluate(X, T, fastopt.Huber()) == net.evaluate(X, T, "huber")


def test_quantiles_of_a_constant():
    """Without inputs to tell from, the minimum of the loss is the quantile of the targets."""
    y = np.random.default_rng(0).exponential(size=401)
    X = np.zeros((401, 1))
    levels = (0.1, 0.5, 0.9)
    for output in ("identity", "increasing"):
        net = fastopt.MLP([1, 3], output_activation=output, random_state=0)
        rate = fastopt.ExponentialDecay(0.05, 100, 0.5)
        net.fit(X, y, fastopt.Adam(rate), fastopt.Pinball(levels), epochs=1500, batch_size=None)
        found = net.predict([[0.0]])[0]
        np.testing.assert_allclose(found, np.quantile(y, levels), atol=0.03)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_increasing_outputs_never_cross(dtype):
    rng = np.random.default_rng(0)
    net = fastopt.MLP([3, 10, 9], output_activation="increasing", dtype=dtype, random_state=0)
    for scale in (1e-8, 1.0, 100.0):
        net.parameters = scale * rng.normal(size=net.n_parameters)
        Y = net.predict(10 * rng.normal(size=(500, 3)))
        assert np.isfinite(Y).all()
        assert (np.diff(Y, axis=1) >= 0).all()


@pytest.mark.parametrize(
    "optimizer",
    ["adam", "rprop", "lbfgs", "bfgs", "dfp", "cg", "hager_zhang", "scg", "oss", "newton",
     "steepest_descent"],
)  # fmt: skip
@pytest.mark.parametrize("loss", ["huber(0.5)", "log_cosh", "poisson", "pinball(0.2,0.8)"])
def test_all_methods_lower_them(optimizer, loss):
    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, (60, 2))
    y = rng.poisson(np.exp(1 + X[:, 0])).astype(float)
    outputs = 2 if "," in loss else 1
    activation = {"poisson": "exp", "pinball(0.2,0.8)": "increasing"}.get(loss, "identity")
    net = fastopt.MLP([2, 5, outputs], output_activation=activation, random_state=0)
    before = net.evaluate(X, y, loss)
    history = net.fit(X, y, optimizer, loss, epochs=30)
    assert net.evaluate(X, y) < 0.95 * before
    assert net.evaluate(X, y) == pytest.approx(history.loss[-1], rel=0.3)


def test_methods_for_squares_refuse_them_by_name():
    net = fastopt.MLP([1, 3, 1], random_state=0)
    with pytest.raises(ValueError, match=r"sums of squares, loss='mse', not 'log_cosh'"):
        net.fit([[0.0], [1.0]], [1.0, 2.0], "lm", "log_cosh")
    with pytest.raises(ValueError, match=r"not 'huber\(0\.5\)'"):
        net.fit([[0.0], [1.0]], [1.0, 2.0], "trainbr", fastopt.Huber(0.5))


def test_poisson_regression_finds_the_rates():
    """A network without hidden layers is a generalised linear model; scoring solves it by hand."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = rng.poisson(np.exp(X @ [0.5, -0.3, 0.0] + 0.2)).astype(float)
    A, w = np.c_[X, np.ones(400)], np.zeros(4)
    for _ in range(30):
        rates = np.exp(A @ w)
        w += np.linalg.solve(A.T @ (rates[:, None] * A), A.T @ (y - rates))
    for optimizer in ("newton", "lbfgs"):
        net = fastopt.MLP([3, 1], output_activation="exp", initializer="zeros")
        net.fit(X, y, optimizer, "poisson", epochs=100)
        np.testing.assert_allclose(net.parameters, w, rtol=1e-6, atol=1e-7)
    with pytest.raises(ValueError, match=r"y must be >= 0 for poisson.*got -1\.0 at row 0"):
        net.fit(X[:1], [-1.0], "adam", "poisson")
    with pytest.raises(ValueError, match="poisson needs output_activation 'exp' or 'softplus'"):
        fastopt.MLP([3, 1], output_activation="tanh").fit(X, y, "adam", "poisson")
    with pytest.raises(ValueError, match="scale_targets='standard' would make counts negative"):
        fastopt.MLP([3, 1], scale_targets="standard").fit(X, y, "adam", "poisson")


def test_names():
    assert named("huber( 0.5 )") == named(fastopt.Huber(0.5)) == "huber(0.5)"
    assert named("Huber(1)") == named("huber") == "huber"
    assert named("quantile(0.1, 0.9)") == named(fastopt.Pinball((0.1, 0.9))) == "pinball(0.1,0.9)"
    assert named(fastopt.Pinball([0.25])) == "pinball(0.25)"
    assert named(fastopt.Pinball()) == named("PoissonNLLLoss").replace("poisson", "pinball")
    for wrong in ("huber(0)", "huber(-1)", "huber(nan)", "pinball(0)", "pinball(1)"):
        with pytest.raises(ValueError, match="must be a number in"):
            named(wrong)
    for wrong, why in (
        ("huber(1,2)", "one number, delta"),
        ("huber(", "must be written like"),
        ("huber(x)", "must be written like"),
        ("pinball()", "must be written like"),
        ("mse(2)", "has no numbers"),
        ("pinball(0.5,0.5)", "must increase"),
        ("pinball(0.9,0.1)", "must increase"),
        ("nothing(1)", "must be one of"),
    ):
        with pytest.raises(ValueError, match=why):
            named(wrong)
    with pytest.raises(ValueError, match="3 levels and needs an output for each"):
        fastopt.MLP([1, 2]).fit([[0.0]], [0.0], "adam", fastopt.Pinball([0.1, 0.5, 0.9]))
    assert fastopt.Pinball([0.1, 0.9]) == fastopt.Pinball((0.1, 0.9))
    assert pickle.loads(pickle.dumps(fastopt.Huber(2.0))) == fastopt.Huber(2.0)


def test_one_column_of_targets_serves_all_levels():
    net, X, T, v = problem("pinball", "increasing")
    loss = fastopt.Pinball([0.2, 0.5, 0.7])
    one = net.evaluate(X, T[:, 0], loss, sample_weight=v)
    assert one == net.evaluate(X, np.repeat(T[:, :1], 3, axis=1), loss, sample_weight=v)
    history = net.fit(X, T[:, :1], "adam", loss, epochs=3, validation_split=0.3, metrics=["mae"])
    assert len(history.val_loss) == len(history.mae) == 3
    assert net.predict(X).shape == (17, 3)


def test_files_and_copies_keep_the_loss(tmp_path):
    net, X, T, _ = problem("pinball", "increasing")
    net.fit(X, T[:, 0], "adam", fastopt.Pinball([0.1, 0.5, 0.9]), epochs=2)
    net.save(tmp_path / "net.safetensors")
    same = fastopt.load(tmp_path / "net.safetensors")
    for other in (same, net.copy(), pickle.loads(pickle.dumps(net))):
        assert other.evaluate(X, T[:, 0]) == net.evaluate(X, T[:, 0])
        assert (other.predict(X) == net.predict(X)).all()
    arrays, document = safetensors.decode((tmp_path / "net.safetensors").read_bytes())
    damaged = tmp_path / "damaged.safetensors"
    for wrong in (
        "pinball(0.1,0.5,9.9)",
        "pinball(0.9,0.5,0.9)",
        "pinball(0.1.0)",
        "pinball(0.1,0.9)",
    ):
        document["network"]["loss"] = wrong
        damaged.write_bytes(b"".join(safetensors.encode(arrays, document)))
        with pytest.raises(fastopt.FormatError, match=r"network\.loss"):
            fastopt.load(damaged)


def test_a_run_goes_on_to_the_same_bits():
    net, X, T, _ = problem("huber", "identity")
    other = net.copy()
    net.fit(X, T, "lbfgs", fastopt.Huber(0.3), epochs=12)
    history = other.fit(X, T, "lbfgs", "huber(0.3)", epochs=5)
    other.fit(X, T, "lbfgs", fastopt.Huber(0.3), epochs=12, initial_epoch=history)
    assert (other.parameters == net.parameters).all()
