"""Weights of single targets, and targets that are missing."""

import numpy as np
import pytest

import fastopt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = np.column_stack([X[:, 0] - 0.5 * X[:, 1] ** 2, np.tanh(X[:, 2]), X[:, 0] * X[:, 1]])
V = RNG.uniform(0.1, 2, size=Y.shape)
HOLES = RNG.random(Y.shape) < 0.3
HOLES[4] = True  # a row without any target
WITH_HOLES = np.where(HOLES, np.nan, Y)

LOSSES = {
    "mse": lambda y, t: (y - t) ** 2,
    "mae": lambda y, t: np.abs(y - t),
    "huber": lambda y, t: np.where(np.abs(y - t) <= 1, (y - t) ** 2 / 2, np.abs(y - t) - 0.5),
    "binary_cross_entropy": lambda z, t: np.logaddexp(0, z) - z * t,
}


def make_net(seed=0, sizes=(3, 5, 3), **settings):
    return fastopt.MLP(sizes, random_state=seed, **settings)


def targets(loss):
    return (Y > 0).astype(float) if loss == "binary_cross_entropy" else Y


def central(function, w, h=1e-6):
    """Central differences of a function of the weights, whose rounding is about 1e-10 here."""
    steps = h * np.eye(len(w))
    return np.array([(function(w + s) - function(w - s)) / (2 * h) for s in steps])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("dtype", "rel"), [("float64", 1e-13), ("float32", 1e-5)])
def test_the_loss_is_the_weighted_mean_over_targets(loss, dtype, rel):
    net, t = make_net(dtype=dtype), targets(loss)
    expected = np.average(LOSSES[loss](net.predict(X).astype(float), t), weights=V)
    assert net.evaluate(X, t, loss, sample_weight=V) == pytest.approx(expected, rel=rel)
    assert net.evaluate(X, t, loss, sample_weight=7 * V) == pytest.approx(expected, rel=rel)
    ones = net.evaluate(X, t, loss, sample_weight=np.ones_like(V))
    assert ones == pytest.approx(net.evaluate(X, t, loss), rel=rel)


@pytest.mark.parametrize("output", ["identity", "tanh", "softmax"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_that_of_the_weighted_loss(loss, output):
    if loss == "binary_cross_entropy":
        output = "sigmoid"
    net, t = make_net(output_activation=output), targets(loss)

    def value(w):
        other = net.copy()
        other.parameters = w
        return other.evaluate(X, t, loss, sample_weight=V)

    _, gradient = net.loss_and_gradient(X, t, loss, sample_weight=V)
    np.testing.assert_allclose(gradient, central(value, net.parameters), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("sizes", [(3, 3), (3, 5, 3), (3, 4, 4, 3)])
@pytest.mark.parametrize("output", ["identity", "tanh", "softmax"])
@pytest.mark.parametrize("settings", [{}, {"normalization": "layer"}])
def test_normal_equations_are_sums_over_weighted_rows_of_the_jacobian(sizes, output, settings):
    if len(sizes) == 2 and settings:
        return
    net = make_net(sizes=sizes, output_activation=output, **settings)
    e, J = (net.predict(X) - Y).ravel(), net.jacobian(X)
    v = (V / V.mean()).ravel()
    half, Jte, JtJ = net.normal_equations(X, Y, sample_weight=V)
    assert half == pytest.approx(np.sum(v * e**2) / 2, rel=1e-12)
    np.testing.assert_allclose(Jte, J.T @ (v * e), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(JtJ, (J.T * v) @ J, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("output", ["identity", "softmax"])
@pytest.mark.parametrize("loss", ["mse", "huber", "binary_cross_entropy"])
def test_the_hessian_is_the_derivative_of_the_gradient(loss, output):
    if loss == "binary_cross_entropy":
        output = "sigmoid"
    net, t = make_net(output_activation=output), targets(loss)

    def gradient(w):
        other = net.copy()
        other.parameters = w
        return other.loss_and_gradient(X, t, loss, sample_weight=V)[1]

    H = net.hessian(X, t, loss, sample_weight=V)
    np.testing.assert_allclose(H, central(gradient, net.parameters), rtol=1e-5, atol=1e-7)
    v = np.arange(net.n_parameters) / net.n_parameters
    Hv = net.hessian_vector_product(X, t, v, loss, sample_weight=V)
    np.testing.assert_allclose(Hv, H @ v, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["lm", "bfgs", "newton", "lbfgs"])
def test_full_batch_methods_lower_the_weighted_loss(optimizer):
    net = make_net()
    before = net.evaluate(X, Y, sample_weight=V)
    history = net.fit(X, Y, optimizer, epochs=30, sample_weight=V)
    assert history.loss[-1] == pytest.approx(net.evaluate(X, Y, sample_weight=V), rel=1e-10)
    assert history.loss[-1] < 0.2 * before


def test_mini_batches_follow_weights_of_targets():
    """Where the second output has no weight its own weights of the output layer do not move."""
    net, v = make_net(), np.ones_like(Y)
    v[:, 1] = 0
    W, b = net.coefs_[-1][:, 1].copy(), net.intercepts_[-1][1]
    net.fit(X, Y, epochs=5, sample_weight=v, batch_size=7)
    np.testing.assert_array_equal(net.coefs_[-1][:, 1], W)
    assert net.intercepts_[-1][1] == b
    assert not np.array_equal(net.coefs_[-1][:, 0], make_net().coefs_[-1][:, 0])


def test_weights_of_targets_and_of_classes_multiply():
    """Of one-hot rows: with the weights of classes on the rows."""
    labels = np.arange(30) % 3
    T, by_class = np.eye(3)[labels], np.array([1.0, 3.0, 0.5])
    nets = make_net(), make_net()
    weights = {0: 1.0, 1: 3.0, 2: 0.5}
    nets[0].fit(X, T, epochs=3, sample_weight=V, class_weight=weights)
    nets[1].fit(X, T, epochs=3, sample_weight=V * by_class[labels][:, None])
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-12)


@pytest.mark.parametrize(
    ("weights", "loss", "match"),
    [
        (V[:, :2], "mse", r"sample_weight must have shape \(N,\), or \(N, 3\) .* got \(30, 2\)"),
        (V, "cross_entropy", r"must have shape \(N,\) for cross_entropy"),
        (np.where(V > 1.9, -1, V), "mse", "sample_weight must be >= 0, got -1.0 at row"),
        (np.zeros_like(V), "mse", "sample_weight must not be zero for all"),
        (V[:-1], "mse", "sample_weight has 29 rows and y has 30"),
    ],
)
def test_weights_that_are_refused(weights, loss, match):
    t = np.eye(3)[np.arange(30) % 3] if loss == "cross_entropy" else Y
    for call in (make_net().fit, make_net().evaluate):
        with pytest.raises(ValueError, match=match):
            call(X, t, loss=loss, sample_weight=weights)


def test_one_output_takes_a_column_of_weights():
    net = make_net(sizes=(3, 4, 1))
    v = V[:, :1]
    found = net.evaluate(X, Y[:, 0], sample_weight=v)
    assert found == net.evaluate(X, Y[:, 0], sample_weight=v[:, 0])


# --- missing ---------------------------------------------------------------------------------


def test_missing_targets_are_refused_by_default_and_the_cure_is_named():
    row, column = (int(i) for i in np.argwhere(HOLES)[0])
    match = f"y holds nan at row {row} column {column}: .*missing_targets='ignore'"
    net = make_net()
    calls = [net.fit, net.evaluate, net.loss_and_gradient, net.gradient_norms]
    for call in [*calls, net.normal_equations, net.hessian]:
        with pytest.raises(ValueError, match=match):
            call(X, WITH_HOLES)
    with pytest.raises(ValueError, match="missing_targets must be one of 'error', 'ignore'"):
        net.fit(X, Y, missing_targets="skip")


@pytest.mark.parametrize("loss", LOSSES)
def test_missing_targets_have_weight_zero(loss):
    net, there = make_net(), ~HOLES
    t = np.where(HOLES, np.nan, targets(loss))
    expected = np.mean(LOSSES[loss](net.predict(X), targets(loss))[there])
    found = net.evaluate(X, t, loss, missing_targets="ignore")
    assert found == pytest.approx(expected, rel=1e-13)
    weighted = np.average(LOSSES[loss](net.predict(X), targets(loss))[there], weights=V[there])
    found = net.evaluate(X, t, loss, sample_weight=V, missing_targets="ignore")
    assert found == pytest.approx(weighted, rel=1e-13)
    by_row = np.average(
        LOSSES[loss](net.predict(X), targets(loss))[there],
        weights=np.broadcast_to(V[:, :1], V.shape)[there],
    )
    found = net.evaluate(X, t, loss, sample_weight=V[:, 0], missing_targets="ignore")
    assert found == pytest.approx(by_row, rel=1e-13)


@pytest.mark.parametrize("optimizer", ["adam", "lm", "newton"])
@pytest.mark.parametrize("dtype", ["f8", ">f4", "g"])
def test_training_does_as_with_weight_zero_and_writes_to_nothing(optimizer, dtype):
    t = WITH_HOLES.astype(dtype)
    kept = t.copy()
    nets = make_net(), make_net()
    nets[0].fit(X, t, optimizer, epochs=4, missing_targets="ignore")
    filled = np.where(HOLES, 0, t).astype(float)
    nets[1].fit(X, filled, optimizer, epochs=4, sample_weight=(~HOLES).astype(float))
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)
    np.testing.assert_array_equal(t, kept)


def test_rows_without_targets_are_no_samples():
    """With one output, and of classes, whole rows are left out: batch statistics too."""
    y, gone = Y[:, 0].copy(), HOLES[:, 0]
    y[gone] = np.nan
    nets = [make_net(sizes=(3, 4, 1), normalization="batch") for _ in range(2)]
    nets[0].fit(X, y, epochs=4, batch_size=5, missing_targets="ignore")
    nets[1].fit(X[~gone], y[~gone], epochs=4, batch_size=5)
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-12)
    labels = (np.arange(30) % 3).astype(float)
    labels[gone] = np.nan
    one_hot = np.where(gone[:, None], [0, np.nan, 1], np.eye(3)[np.arange(30) % 3])
    found = [
        make_net().evaluate(X, t, "cross_entropy", missing_targets="ignore")
        for t in (labels, one_hot)
    ]
    expected = make_net().evaluate(X[~gone], labels[~gone], "cross_entropy")
    assert found == pytest.approx([expected] * 2, rel=1e-13)


def test_metrics_leave_missing_targets_out():
    net, there = make_net(), ~HOLES
    outputs = net.predict(X)
    found = net.evaluate(
        X, WITH_HOLES, metrics=["mse", "mae", "rmse", "r2"], missing_targets="ignore"
    )
    assert found["mse"] == pytest.approx(found["loss"], rel=1e-12)
    assert found["rmse"] == pytest.approx(found["loss"] ** 0.5, rel=1e-12)
    assert found["mae"] == pytest.approx(np.abs(outputs - Y)[there].mean(), rel=1e-12)
    r2 = [
        1 - np.sum((y - t)[at] ** 2) / np.sum((t[at] - t[at].mean()) ** 2)
        for y, t, at in zip(outputs.T, Y.T, there.T, strict=True)
    ]
    assert found["r2"] == pytest.approx(np.mean(r2), rel=1e-12)


def test_metrics_and_losses_of_ones_own_see_nan():
    def mean_error(y_true, y_pred):
        return np.nanmean(np.abs(y_true - y_pred))

    def square(y_true, y_pred):
        error = np.nan_to_num(y_pred - y_true)
        n = np.isfinite(y_true).sum()
        return np.sum(error**2) / n, 2 * error / n

    nets = make_net(), make_net()
    settings = {"epochs": 5, "missing_targets": "ignore", "metrics": [mean_error, "mae"]}
    own = nets[0].fit(X, WITH_HOLES, loss=square, batch_size=None, **settings)
    history = nets[1].fit(X, WITH_HOLES, batch_size=None, **settings)
    np.testing.assert_allclose(history.mean_error, history.mae, rtol=1e-12)
    np.testing.assert_allclose(own.mean_error, own.mae, rtol=1e-12)
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-9)


def test_validation_data_may_miss_targets_too():
    net = make_net()
    history = net.fit(
        X, WITH_HOLES, epochs=1, validation_data=(X, WITH_HOLES), missing_targets="ignore"
    )
    expected = net.evaluate(X, WITH_HOLES, missing_targets="ignore")
    assert history.val_loss == [pytest.approx(expected, rel=1e-13)]
    history = net.fit(X, WITH_HOLES, epochs=1, validation_split=0.3, missing_targets="ignore")
    at = history.validation_rows
    expected = net.evaluate(X[at], WITH_HOLES[at], missing_targets="ignore")
    assert 4 not in at
    assert history.val_loss == [pytest.approx(expected, rel=1e-13)]


def test_infinite_targets_and_inputs_that_are_missing_stay_errors():
    net = make_net()
    y = np.where(HOLES, np.inf, Y)
    with pytest.raises(ValueError, match="y holds inf at row"):
        net.fit(X, y, missing_targets="ignore")
    with pytest.raises(ValueError, match="y holds no number: all 90 targets are missing"):
        net.fit(X, np.full_like(Y, np.nan), missing_targets="ignore")
    with pytest.raises(ValueError, match="all targets are missing, or of weight zero"):
        net.fit(X, WITH_HOLES, sample_weight=HOLES.astype(float), missing_targets="ignore")
    with pytest.raises(
        ValueError, match=r"X holds nan at row 0 column 0: all numbers must be finite$"
    ):
        net.fit(np.full_like(X, np.nan), Y, missing_targets="ignore")
