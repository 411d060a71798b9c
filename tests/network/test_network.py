"""class MLP: construction, parameters and their views, copies, predictions."""

import copy
import gc
import inspect
import pickle
from itertools import pairwise

import numpy as np
import pytest

import fastopt

X = np.random.default_rng(0).normal(size=(20, 3))
ACTIVATIONS = [
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
]


def make_net(dtype="float64", **settings):
    return fastopt.MLP([3, 5, 4, 2], dtype=dtype, **{"random_state": 0, **settings})


# --- construction ----------------------------------------------------------------------------


def test_attributes():
    net = make_net(activation="relu", output_activation="softmax", dtype="float32")
    assert net.layer_sizes == (3, 5, 4, 2)
    assert net.activation == "relu"
    assert net.output_activation == "softmax"
    assert net.dtype == np.float32
    assert net.n_parameters == 3 * 5 + 5 + 5 * 4 + 4 + 4 * 2 + 2
    assert net.parameters.dtype == np.float32
    for name in ("layer_sizes", "activation", "output_activation", "dtype", "n_parameters"):
        with pytest.raises(AttributeError):
            setattr(net, name, None)


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("f4")])
def test_forms_of_dtype(dtype):
    assert make_net(dtype=dtype).parameters.dtype == np.dtype("float32")


@pytest.mark.parametrize(
    "sizes", [(3, 4, 1), np.array([3, 4, 1]), iter([3, 4, 1]), range(3, 0, -1)]
)
def test_forms_of_layer_sizes(sizes):
    expected = (3, 2, 1) if isinstance(sizes, range) else (3, 4, 1)
    assert fastopt.MLP(sizes).layer_sizes == expected


@pytest.mark.parametrize(
    ("sizes", "settings", "expected"),
    [
        ([3, 1], {}, "MLP([3, 1], output_activation='identity', dtype='float64')"),
        ([3, 1], {"dropout": [0.2]}, "dtype='float64', dropout=(0.2,))"),
        ([3, 5, 1], {}, "MLP([3, 5, 1], activation='tanh', output_activation='identity', dtype='"),
        ([3, 5, 1], {"dropout": 0.5}, "dtype='float64', dropout=0.5)"),
        ([3, 5, 1], {"dropout": [0.0, 0.0]}, "dtype='float64')"),
        ([3, 5, 5, 1], {"dropout": [0.1, 0.0]}, "dropout=(0.0, 0.1, 0.0))"),
        ([3, 5, 5, 1], {"residual": True, "normalization": "batch"}, "position='before'), res"),
        ([3, 5, 5, 1], {"residual": fastopt.Residual(2, projection=True)}, "residual=Residual(lay"),
        ([3, 5, 4, 1], {"activation": np.array(["relu", "gelu"])}, "activation=('relu', 'gelu')"),
        (
            [3, 5, 4, 2],
            {"activation": ["relu", "gelu"], "output_activation": "softmax", "dtype": "float32"},
            "activation=('relu', 'gelu'), output_activation='softmax', dtype='float32')",
        ),
    ],
)
def test_repr_makes_the_same_architecture(sizes, settings, expected):
    net = fastopt.MLP(sizes, **settings)
    assert expected in repr(net)
    again = eval(repr(net), {name: getattr(fastopt, name) for name in fastopt.__all__})
    assert repr(again) == repr(net)
    assert again.summary() == net.summary()


def test_weights_beyond_float32():
    huge = np.full((3, 4), 1e39)
    match = "1e\\+39 at .*: the largest number of float32"
    with pytest.raises(ValueError, match=match):
        fastopt.MLP([3, 4, 1], dtype="float32", initializer=[huge, np.ones((4, 1))])
    net = fastopt.MLP([3, 4, 1], dtype="float32")
    with pytest.raises(ValueError, match=match):
        net.parameters = np.full(net.n_parameters, 1e39)
    wide = fastopt.MLP([3, 4, 1], initializer=[huge, np.ones((4, 1))])
    with pytest.raises(ValueError, match=match):
        wide.astype("float32")
    assert np.isfinite(wide.copy().parameters).all()


def test_summary():
    lines = make_net().summary().splitlines()
    assert len(lines) == 5
    assert lines[1].split() == ["1", "3", "5", "tanh", "20"]
    assert lines[-1].split() == ["total", "54"]


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"layer_sizes": 3}, TypeError, "layer_sizes must be a sequence of integers, got 3"),
        ({"layer_sizes": []}, ValueError, "layer_sizes must name at least"),
        ({"layer_sizes": [3]}, ValueError, "layer_sizes must name at least"),
        (
            {"layer_sizes": [3, 0, 1]},
            ValueError,
            r"layer_sizes\[1\] must be an integer in \[1, inf\)",
        ),
        ({"layer_sizes": [3, -2, 1]}, ValueError, r"layer_sizes\[1\] .* got -2"),
        ({"layer_sizes": [3, 2.0, 1]}, TypeError, r"layer_sizes\[1\] must be an integer"),
        ({"layer_sizes": "321"}, TypeError, r"layer_sizes\[0\] must be an integer"),
        ({"layer_sizes": [3, True]}, TypeError, r"layer_sizes\[1\] must be an integer"),
        (
            {"activation": "swizzle"},
            ValueError,
            "activation must be one of 'identity', .* got 'swizzle'",
        ),
        ({"activation": "softmax"}, ValueError, "activation must be one of"),
        ({"activation": ["tanh"]}, ValueError, "one for each of the 2 hidden layers, got 1"),
        ({"activation": ["tanh", 3]}, TypeError, r"activation\[1\] must be one of"),
        ({"activation": None}, TypeError, "activation must be a name or a sequence"),
        ({"activation": {"tanh", "relu"}}, TypeError, "activation must be a name or a sequence"),
        ({"dtype": None}, ValueError, "dtype must be 'float64' or 'float32', got None"),
        (
            {"output_activation": "linnear"},
            ValueError,
            "output_activation must be one of .* 'softmax'",
        ),
        ({"output_activation": None}, TypeError, "output_activation must be one of"),
        ({"dtype": "float16"}, ValueError, "dtype must be 'float64' or 'float32', got 'float16'"),
        ({"dtype": "int"}, ValueError, "dtype must be 'float64' or 'float32'"),
        ({"dtype": "double precision"}, TypeError, "dtype must be"),
        ({"random_state": "a"}, TypeError, "random_state must be"),
        ({"random_state": -1}, ValueError, "random_state must be"),
        (
            {"layer_sizes": [3, 2**63, 1]},
            ValueError,
            r"layer_sizes\[1\] must be at most 2\*\*63 - 1",
        ),
    ],
)
def test_settings_out_of_range(settings, error, match):
    with pytest.raises(error, match=match):
        fastopt.MLP(**{"layer_sizes": [3, 5, 4, 2], **settings})


@pytest.mark.parametrize("sizes", [(10**10, 10**10, 1), (2**62, 2), (2**62, 4, 1), (2**40, 2**15)])
def test_networks_beyond_all_memory(sizes):
    n = sum((a + 1) * b for a, b in pairwise(sizes))
    with pytest.raises(
        MemoryError, match=f"n = {n:,} parameters needs {8 * n:,} bytes .* narrower"
    ):
        fastopt.MLP(sizes)


def test_random_state():
    seeded = [make_net(random_state=s).parameters for s in (0, 0, 1, None, None)]
    np.testing.assert_array_equal(seeded[0], seeded[1])
    assert len({w.tobytes() for w in seeded}) == 4
    for kind in (np.random.default_rng, np.random.RandomState):
        drawn = [make_net(random_state=kind(3)).parameters for _ in range(2)]
        np.testing.assert_array_equal(*drawn)
        generator = kind(3)
        assert (make_net(random_state=generator).parameters == drawn[0]).all()
        assert (make_net(random_state=generator).parameters != drawn[0]).any()


# --- parameters ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_layout_of_the_flat_vector(dtype):
    net = make_net(dtype)
    net.parameters = np.arange(net.n_parameters)
    at = 0
    for W, b, (fan_in, fan_out) in zip(
        net.coefs_, net.intercepts_, [(3, 5), (5, 4), (4, 2)], strict=True
    ):
        np.testing.assert_array_equal(W, np.arange(at, at + fan_in * fan_out).reshape(fan_in, -1))
        at += fan_in * fan_out
        np.testing.assert_array_equal(b, np.arange(at, at + fan_out))
        at += fan_out
        assert W.dtype == b.dtype == dtype


def test_views_are_live():
    net = make_net()
    flat, W, b = net.parameters, net.coefs_[1], net.intercepts_[1]
    assert np.shares_memory(W, flat)
    assert np.shares_memory(net.coefs_[1], W)
    before = net.predict(X)
    W[:] = 7
    b += 1
    assert flat[20] == 7
    assert flat[40] == 1
    assert (net.predict(X) != before).any()
    net.parameters = np.zeros(54)
    assert not W.any()
    net.parameters += 2
    assert (W == 2).all()
    net.fit(X, X[:, :2], epochs=1)
    assert (W != 2).any()  # training writes into the same memory
    np.testing.assert_array_equal(net.parameters, flat)


def test_views_outlive_the_network():
    net = make_net()
    views = [net.parameters, *net.coefs_, *net.intercepts_]
    expected = [view.copy() for view in views]
    del net
    gc.collect()
    junk = [np.full(54, 9.0) for _ in range(100)]
    for view, values in zip(views, expected, strict=True):
        np.testing.assert_array_equal(view, values)
    assert len(junk) == 100


def test_assigned_parameters_are_copied():
    net, values = make_net("float32"), np.linspace(-1, 1, 54)
    net.parameters = values[::-1]
    np.testing.assert_array_equal(net.parameters, values[::-1].astype("f4"))
    net.parameters[0] = 5
    assert values[-1] == 1
    net.parameters = list(range(54))
    net.parameters = net.parameters[::-1]  # overlapping itself
    np.testing.assert_array_equal(net.parameters, range(53, -1, -1))


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (np.zeros(53), ValueError),
        (np.zeros((54, 1)), ValueError),
        (0.0, ValueError),
        (np.zeros(54, complex), TypeError),
        (None, TypeError),
    ],
)
def test_parameters_that_do_not_fit(values, error):
    net = make_net()
    before = net.parameters.copy()
    with pytest.raises(error, match="parameters"):
        net.parameters = values
    np.testing.assert_array_equal(net.parameters, before)


# --- copies ----------------------------------------------------------------------------------

COPIES = {
    "copy": lambda net: net.copy(),
    "copy.copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda net: pickle.loads(pickle.dumps(net)),
    "pickle 2": lambda net: pickle.loads(pickle.dumps(net, protocol=2)),
    "astype": lambda net: net.astype(net.dtype),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("way", COPIES)
def test_copies(way, dtype):
    net = make_net(dtype, activation=["silu", "relu"], output_activation="sigmoid")
    net.fit(X, X[:, :2] > 0, epochs=2)
    other = COPIES[way](net)
    assert repr(other) == repr(net)
    np.testing.assert_array_equal(other.parameters, net.parameters)
    np.testing.assert_array_equal(other.predict(X), net.predict(X))
    assert not np.shares_memory(other.parameters, net.parameters)
    # The seed goes along: both train alike from here.
    losses = [n.fit(X, X[:, :2] > 0, epochs=3).loss for n in (net, other)]
    assert losses[0] == losses[1]
    other.parameters[:] = 0
    assert net.parameters.any()


@pytest.mark.parametrize("optimizer", ["adam", "bfgs"])
@pytest.mark.parametrize("way", COPIES)
def test_copies_keep_the_history(way, optimizer):
    net, whole = make_net(), make_net()
    Y = X[:, :2] ** 2
    assert not hasattr(COPIES[way](net), "history_")
    history = net.fit(X, Y, optimizer, epochs=2)
    other = COPIES[way](net)
    assert other.history_.to_dict() == history.to_dict()
    assert other.history_.stop_reason == "epochs"
    # A run goes on from the copy, and the original knows nothing of it.
    other.fit(X, Y, optimizer, epochs=4, initial_epoch=other.history_)
    whole.fit(X, Y, optimizer, epochs=4)
    np.testing.assert_array_equal(other.parameters, whole.parameters)
    assert len(net.history_) == 2
    assert net.history_ is history


def test_copies_within_a_run_keep_the_rows_so_far():
    class Snapshot(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            copies.append(self.network.copy())

    copies = []
    make_net().fit(X, X[:, :2], epochs=3, callbacks=Snapshot())
    assert [len(net.history_) for net in copies] == [1, 2, 3]


def test_a_pickle_without_the_state_of_the_solver_is_small():
    net = fastopt.MLP([3, 40, 1], random_state=0)
    plain = len(pickle.dumps(net))
    net.fit(X, X[:, 0], "bfgs", epochs=2)
    assert len(pickle.dumps(net)) > 8 * net.n_parameters**2
    net.history_.solver_state = None
    assert len(pickle.dumps(net)) < plain + 2000
    with pytest.raises(ValueError, match="holds no state"):
        net.fit(X, X[:, 0], "bfgs", initial_epoch=net.history_)


def test_networks_of_other_numbers_have_no_state_of_the_solver():
    net = make_net(normalization="batch")
    net.fit(X, X[:, :2], epochs=2)
    single = net.astype("float32")
    assert len(single.history_) == 2
    assert single.history_.solver_state is None
    assert net.history_.solver_state is not None
    assert not hasattr(net.fold(), "history_")


def test_astype():
    net = make_net()
    single = net.astype("float32")
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single.parameters, net.parameters.astype("f4"))
    double = single.astype(np.float64)
    np.testing.assert_array_equal(double.parameters, single.parameters.astype(float))
    with pytest.raises(ValueError, match="dtype must be 'float64' or 'float32'"):
        net.astype("int32")


class Named(fastopt.MLP):
    pass


def test_copies_keep_the_class():
    net = Named([2, 1])
    for way in COPIES.values():
        assert type(way(net)) is Named


# --- predictions -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("output", [*ACTIVATIONS, "softmax"])
def test_predictions_do_not_depend_on_company(output, dtype):
    """Up to rounding, a sample's outputs are the same alone and among others."""
    net = make_net(dtype, output_activation=output)
    rows = np.random.default_rng(1).normal(size=(2100, 3)).astype(dtype)
    together = net.predict(rows)
    assert together.shape == (2100, 2)
    assert together.dtype == dtype
    alone = np.concatenate([net.predict(rows[i : i + 1]) for i in range(0, 2100, 100)])
    np.testing.assert_allclose(
        alone,
        together[::100],
        rtol=1e-12 if dtype == "float64" else 1e-5,
        atol=1e-7 if dtype == "float32" else 0,
    )
    if output == "softmax":
        np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-6)


def test_predictions_are_the_callers_own():
    net = make_net()
    first = net.predict(X)
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(net.predict(X), kept)


def test_evaluate():
    net, y = make_net(), X[:, :2]
    assert net.evaluate(X, y) == pytest.approx(np.mean((net.predict(X) - y) ** 2), rel=1e-14)
    assert net.evaluate(X, y, "mae") == pytest.approx(np.mean(abs(net.predict(X) - y)), rel=1e-14)
    assert isinstance(net.evaluate(X, y), float)
    assert net.evaluate(X, y, metrics=["mse"])["mse"] == pytest.approx(net.evaluate(X, y))


@pytest.mark.parametrize(
    ("l2", "error"), [(-1, ValueError), ("a", TypeError), (np.inf, ValueError)]
)
def test_penalty_out_of_range(l2, error):
    with pytest.raises(error, match="l2 must be a number"):
        make_net().loss_and_gradient(X, X[:, :2], l2=l2)


def test_a_network_is_composed_and_inherits_nothing():
    assert fastopt.MLP.__mro__ == (fastopt.MLP, object)
    for name in ("fit", "predict", "hessian", "to_c"):
        assert "net" not in inspect.signature(getattr(fastopt.MLP([2, 1]), name)).parameters
