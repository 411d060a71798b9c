"""Frozen layers and tied arrays, in all methods."""

import pickle

import numpy as np
import pytest

import fastopt
from fastopt.storage import safetensors
from reference.numerical import central_difference_jacobian

FIRST_ORDER = (
    *("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadam", "lion"),
    *("rprop", "radam", "traingdx"),
)
SECOND_ORDER = (
    *("lm", "bayesian_regularization", "bfgs", "dfp", "lbfgs", "cg", "hager_zhang", "scg"),
    *("oss", "newton", "steepest_descent"),
)


def data(n=60, d=3):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d))
    return X, np.sin(2 * X[:, 0]) * X[:, 1] + 0.1 * rng.normal(size=n)


def network(sizes=(3, 5, 5, 1), **settings):
    net = fastopt.MLP(sizes, random_state=0, **settings)
    net.parameters = np.random.default_rng(1).normal(size=net.n_parameters) / 2
    return net


def bits(net, names):
    arrays = {
        f"{name}{i}": part
        for i, layer in enumerate(net._views.layers(), 1)
        for name, part in layer.items()
    }
    return [arrays[name].tobytes() for name in names]


@pytest.mark.parametrize("optimizer", [*FIRST_ORDER, *SECOND_ORDER])
def test_frozen_arrays_keep_their_bits_and_the_rest_learns(optimizer):
    X, y = data()
    net = network()
    net.trainable = ["W1", "b2", "W3", "b3"]
    frozen, before = bits(net, ["b1", "W2"]), net.evaluate(X, y)
    trained = bits(net, ["W1", "b2", "W3", "b3"])
    history = net.fit(X, y, optimizer, epochs=15, l2=0.0)
    assert bits(net, ["b1", "W2"]) == frozen
    assert all(a != b for a, b in zip(bits(net, ["W1", "b2", "W3", "b3"]), trained, strict=True))
    assert net.evaluate(X, y) < before
    assert len(history) >= 1


@pytest.mark.parametrize("optimizer", [*FIRST_ORDER, *SECOND_ORDER])
def test_tied_arrays_stay_equal_and_learn(optimizer):
    X, y = data()
    net = network((3, 4, 4, 4, 1))
    net.tied = [["W2", "W3"], ["b2", "b1"]]
    before = net.evaluate(X, y)
    history = net.fit(X, y, optimizer, epochs=15)
    assert (net.coefs_[1] == net.coefs_[2]).all()
    assert (net.intercepts_[0] == net.intercepts_[1]).all()
    assert net.evaluate(X, y) < before
    assert len(history) >= 1


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_frozen_with_dropout_normalisation_and_clipping(dtype):
    X, y = data()
    net = network((3, 8, 8, 1), normalization="batch", dropout=0.2, dtype=dtype)
    net.scales_[0][:] = 1
    net.trainable = [False, True, True]
    frozen = net._views.layers()[0]["W"].tobytes()
    clip = fastopt.ClipByGlobalNorm(0.5)
    net.fit(X, y, fastopt.Adam(0.01, weight_decay=0.1), epochs=5, clip=clip, l2=0.01)
    assert net._views.layers()[0]["W"].tobytes() == frozen


def test_a_step_of_gradient_descent_by_hand():
    """Of tied arrays the step is by the sum of their gradients; of frozen ones there is none."""
    X, y = data()
    net = network((3, 4, 4, 4, 1))
    net.tied = [["W2", "W3"]]
    net.trainable = ["W2", "W3", "b4"]
    w = net.parameters.copy()
    g = net._hidden.views(net.loss_and_gradient(X, y)[1].copy())
    net.fit(X, y, fastopt.SGD(0.1), epochs=1, batch_size=None)
    own = net._hidden.views(w)
    step = 0.1 * (g[1]["W"] + g[2]["W"])
    np.testing.assert_allclose(net.coefs_[1], own[1]["W"] - step, rtol=1e-12)
    np.testing.assert_allclose(net.intercepts_[3], own[3]["b"] - 0.1 * g[3]["b"], rtol=1e-12)
    assert (net.coefs_[0] == own[0]["W"]).all()


def test_a_step_of_levenberg_marquardt_by_hand():
    X, y = data()
    net = network((3, 4, 4, 1))
    net.trainable = [True, False, True]
    there = net._trainable.variables >= 0
    w = net.parameters.copy()
    _, jte, jtj = net.normal_equations(X, y)
    nu = 1e3  # so large that the first step lowers the loss
    net.fit(X, y, fastopt.LevenbergMarquardt(damping=nu), epochs=1)
    jtj, jte = jtj[np.ix_(there, there)], jte[there]
    expected = w.copy()
    expected[there] -= np.linalg.solve(jtj + nu * np.eye(there.sum()), jte)
    np.testing.assert_allclose(net.parameters, expected, rtol=1e-8, atol=1e-10)


def test_tied_gradient_is_that_of_the_function_of_the_free_variables():
    """What all full-batch methods minimise, against differences."""
    from fastopt import _core
    from fastopt.training.data import make_data

    X, y = data()
    net = network((3, 4, 4, 4, 1))
    net.tied = [["W2", "W3"]]
    net.trainable = [False, True, True, True]
    trainable = net._trainable
    native = make_data(X, y, "mse", net.layer_sizes, net.dtype).native
    whole = _core.NetworkObjective(net._core, native, "mse", 0.1)
    u, other = trainable.gathered(net.parameters), net.copy()

    def of(u):
        other.parameters = trainable.scattered(u, net.parameters)
        return other.loss_and_gradient(X, y, l2=0.1)[0]

    g = trainable.summed(whole.value_and_gradient(net.parameters)[1])
    np.testing.assert_allclose(g, central_difference_jacobian(of, u), rtol=1e-5, atol=1e-9)
    assert net.n_trainable == u.size == 16 + 4 + 4 + 4 + 1
    # and the minimum that Newton finds has no slope left
    net.fit(X, y, "newton", epochs=200, l2=0.1)
    g = trainable.summed(net.loss_and_gradient(X, y, l2=0.1)[1])
    assert np.abs(g).max() < 1e-6


def test_with_only_the_output_layer_free_it_is_linear_least_squares():
    X, y = data()
    hidden = network((3, 6, 1))
    hidden.trainable = [False, True]
    A = np.c_[np.tanh(X @ hidden.coefs_[0] + hidden.intercepts_[0]), np.ones(len(X))]
    w = np.linalg.lstsq(A, y, rcond=None)[0]
    for optimizer in ("lm", "bfgs", "newton", "lbfgs"):
        net = hidden.copy()
        assert net.trainable == (False, True)
        net.fit(X, y, optimizer, epochs=300)
        np.testing.assert_allclose(net.parameters[-7:], w, rtol=1e-3, atol=1e-4)


def test_uncertainty_counts_what_is_free():
    """Standard errors of the output layer alone are those of the linear model."""
    X, y = data()
    net = network((3, 4, 1))
    net.trainable = [False, True]
    net.fit(X, y, "lm", epochs=50)
    A = np.c_[np.tanh(X @ net.coefs_[0] + net.intercepts_[0]), np.ones(len(X))]
    residuals = y - A @ np.linalg.lstsq(A, y, rcond=None)[0]
    variance = residuals @ residuals / (len(y) - 5)
    errors = np.sqrt(variance * np.diag(np.linalg.inv(A.T @ A)))
    u = net.uncertainty()
    np.testing.assert_allclose(u.standard_errors[-5:], errors, rtol=1e-6)
    assert (u.standard_errors[:-5] == 0).all()
    assert u.effective_parameters == pytest.approx(5)
    assert u.covariance.shape == (net.n_parameters,) * 2
    _, lower, upper = net.predict(X, interval=0.95, kind="confidence")
    half = np.sqrt(np.einsum("ij,jk,ik->i", A, variance * np.linalg.inv(A.T @ A), A))
    np.testing.assert_allclose((upper - lower) / half, (upper - lower)[0] / half[0], rtol=1e-6)


def test_bayesian_regularisation_counts_what_is_free():
    X, y = data()
    net = network((3, 8, 1))
    net.trainable = [False, True]
    net.fit(X, y, "bayesian_regularization", epochs=100)
    assert 0 < net.effective_parameters_ <= 9


@pytest.mark.parametrize("optimizer", ["adam", "nesterov", "lbfgs", "lm", "bfgs"])
def test_a_run_goes_on_to_the_same_bits(optimizer):
    X, y = data()
    whole = network((3, 4, 4, 4, 1))
    whole.tied = [["W2", "W3"]]
    whole.trainable = [False, True, True, True]
    parts = whole.copy()
    whole.fit(X, y, optimizer, epochs=9)
    history = parts.fit(X, y, optimizer, epochs=4)
    parts.fit(X, y, optimizer, epochs=9, initial_epoch=history)
    assert (whole.parameters == parts.parameters).all()


def test_same_bits_for_any_number_of_threads():
    X, y = data(3000)
    found = []
    before = fastopt.get_num_threads()
    try:
        for threads in (1, 2):
            fastopt.set_num_threads(threads)
            for optimizer in ("adam", "lm"):
                net = network((3, 20, 20, 1))
                net.trainable = [True, False, True]
                net.fit(X, y, optimizer, epochs=2, batch_size="auto")
                found.append(net.parameters.tobytes())
    finally:
        fastopt.set_num_threads(before)
    assert found[:2] == found[2:]


def test_restarts_and_fit_many_keep_what_is_frozen():
    X, y = data()
    net = network()
    net.trainable = [False, True, True]
    frozen = bits(net, ["W1", "b1"])
    net.fit(X, y, "lm", epochs=5, restarts=3)
    assert bits(net, ["W1", "b1"]) == frozen
    networks = [net.copy(), net.copy()]
    fastopt.fit_many(networks, X, y, optimizer="adam", epochs=3)
    assert all(bits(each, ["W1", "b1"]) == frozen for each in networks)


def test_copies_pickles_files_and_checkpoints(tmp_path):
    X, y = data()
    net = network((3, 4, 4, 1))
    net.trainable = ["W2", "W3"]
    plain = network((3, 4, 4, 1))
    net.save(tmp_path / "net.safetensors")
    plain.save(tmp_path / "plain.safetensors")
    assert b"trainable" not in (tmp_path / "plain.safetensors").read_bytes()
    same = fastopt.load(tmp_path / "net.safetensors")
    for other in (same, net.copy(), pickle.loads(pickle.dumps(net)), net.astype("float32")):
        assert other.trainable == ("W2", "W3")
        frozen = bits(other, ["W1", "b1", "b2", "b3"])
        other.fit(X, y, epochs=2)
        assert bits(other, ["W1", "b1", "b2", "b3"]) == frozen
    arrays, document = safetensors.decode((tmp_path / "net.safetensors").read_bytes())
    damaged = tmp_path / "damaged.safetensors"
    for wrong in (["W9", "W3"], [], ["W2", 3], [True]):
        document["network"]["trainable"] = wrong
        damaged.write_bytes(b"".join(safetensors.encode(arrays, document)))
        with pytest.raises(fastopt.FormatError, match="trainable"):
            fastopt.load(damaged)
    checkpoint = fastopt.ModelCheckpoint(tmp_path / "run.safetensors")
    whole = net.copy()
    whole.fit(X, y, "adam", epochs=6)
    net.fit(X, y, "adam", epochs=3, callbacks=checkpoint)
    resumed = fastopt.load(tmp_path / "run.safetensors")
    resumed.fit(X, y, "adam", epochs=6, initial_epoch=resumed.history_)
    assert (resumed.parameters == whole.parameters).all()


def test_names_and_refusals():
    net = network((3, 4, 4, 1))
    assert net.trainable == (True, True, True)
    assert net.tied == ()
    net.trainable = [True, False, np.True_]
    assert net.trainable == (True, False, True)
    assert net.n_trainable == net.n_parameters - 20
    assert "frozen" in net.summary().splitlines()[2]
    net.trainable = ("W1", "b1", "W2")
    assert net.trainable == ("W1", "b1", "W2")
    for wrong, why in (
        ([True, False], "bool for each of the 3 layers, got 2"),
        ([False] * 3, "leaves nothing to train"),
        (["W1", "W7"], "there is no array 'W7'"),
        ([], "for each of the 3 layers"),
    ):
        with pytest.raises(ValueError, match=why):
            net.trainable = wrong
    with pytest.raises(TypeError, match="must be a sequence"):
        net.trainable = "W1"
    net.trainable = [True, True, True]
    for wrong, why in (
        ([["W1", "W2"]], "must have one shape"),
        ([["W2"]], "two arrays or more"),
        ([["b1", "b2"], ["b2", "b1"]], "stands there twice"),
        ([["b1", "b9"]], "there is no array 'b9'"),
    ):
        with pytest.raises(ValueError, match=why):
            net.tied = wrong
    net.tied = [["b2", "b1"]]
    with pytest.raises(ValueError, match="trained or frozen together"):
        net.trainable = [False, True, True]
    separable = fastopt.LevenbergMarquardt(separable=True)
    with pytest.raises(ValueError, match="frozen or tied"):
        net.fit(*data(), separable)


def test_memory_counts_what_is_free():
    whole = fastopt.memory_needed("bfgs", 1000)
    assert fastopt.memory_needed("bfgs", 1000, trainable=100) < whole / 10
    assert fastopt.memory_needed("newton", 1000, trainable=1000) > fastopt.memory_needed(
        "newton", 1000
    )
