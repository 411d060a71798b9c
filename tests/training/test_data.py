"""What ``fit`` and ``evaluate`` take as data, and how they refuse the rest."""

import re

import numpy as np
import pytest

import fastopt

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.random.default_rng(1).normal(size=(12, 2))
CLASSES = np.arange(12) % 2


@pytest.fixture
def net():
    return fastopt.MLP([3, 4, 2], random_state=0)


def with_value(array, value, *at):
    array = np.array(array, dtype=float)
    array[at] = value
    return array


def refused(net, error, match, *data, **settings):
    """Refused by everything that takes data, before work starts: nothing has changed."""
    before = net.parameters.tobytes()
    with pytest.raises(error, match=match):
        net.fit(*data, **settings)
    loss = settings.get("loss", "mse")
    weights = {k: v for k, v in settings.items() if k == "sample_weight"}
    if set(settings) <= {"loss", "sample_weight"}:
        with pytest.raises(error, match=match):
            net.evaluate(*data, loss, **weights)
        with pytest.raises(error, match=match):
            net.loss_and_gradient(*data, loss, **weights)
    assert net.parameters.tobytes() == before
    net.fit(X, Y, epochs=1)  # usable


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", ">f8", ">f4", np.longdouble])
def test_values_that_are_not_finite(net, value, dtype):
    word = str(float(value))
    bad = with_value(X, value, 7, 2).astype(dtype)
    bad[9, 0] = np.nan
    refused(net, ValueError, f"X holds {word} at row 7 column 2", bad, Y)
    with pytest.raises(ValueError, match=f"X holds {word} at row 7 column 2"):
        net.predict(bad)
    bad = with_value(Y, value, 3, 1).astype(dtype)
    refused(net, ValueError, f"y holds {word} at row 3 column 1", X, bad)
    narrow = fastopt.MLP([3, 1])
    with pytest.raises(ValueError, match=f"y holds {word} at row 3"):
        narrow.fit(X, with_value(Y[:, 0], value, 3).astype(dtype))


def test_value_that_is_not_finite_far_down():
    big = np.zeros((300_000, 1))
    big[270_001, 0] = np.nan
    net = fastopt.MLP([1, 1])
    with pytest.raises(ValueError, match="X holds nan at row 270001 column 0"):
        net.predict(big)
    with pytest.raises(ValueError, match="X holds nan at row 29998 column 0"):
        net.predict(big[::-1])


@pytest.mark.parametrize("value", [1e39, -1e300, 3.5e38])
@pytest.mark.parametrize("dtype", ["f8", ">f8", np.longdouble])
def test_values_beyond_the_range_of_float32(value, dtype):
    net = fastopt.MLP([3, 4, 2], dtype="float32", random_state=0)
    largest = r": the largest number of float32 is 3\.4028235e\+38"
    bad = with_value(X, value, 7, 2).astype(dtype)
    match = re.escape(f"X holds {bad[7, 2]!s} at row 7 column 2") + largest
    refused(net, ValueError, match, bad, Y)
    for call in (net.predict, lambda x: net.gradient_norms(x, Y)):
        with pytest.raises(ValueError, match=match):
            call(bad)
    target = with_value(Y, value, 3, 1).astype(dtype)
    match = re.escape(f"y holds {target[3, 1]!s} at row 3 column 1") + largest
    refused(net, ValueError, match, X, target)
    for k, data in enumerate([(bad, Y), (X, target)]):
        with pytest.raises(ValueError, match=rf"validation_data\[{k}\] holds .* row .*float32 is"):
            net.fit(X, Y, validation_data=data)
    assert np.isfinite(fastopt.MLP([3, 4, 2]).predict(bad)).all()  # double precision has it


def test_values_at_the_end_of_the_range_of_float32():
    """What is rounded to a finite number is one."""
    net = fastopt.MLP([1, 1], initializer="zeros", dtype="float32")
    for value in (np.finfo("f4").max, 3.4028235e38, -3.4028235677973362e38, 1e-300):
        assert net.predict([[value]]) == 0
    with pytest.raises(ValueError, match=r"X holds 3\.4028235677973366e"):
        net.predict([[3.4028235677973366e38]])


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo("f8").max, reason="no wider type")
def test_values_beyond_the_range_of_float64(net):
    bad = X.astype(np.longdouble)
    bad[7, 2] = np.longdouble("1e400")
    match = r"X holds 1e\+400 at row 7 column 2: the largest number of float64 is 1.797.*e\+308"
    refused(net, ValueError, match, bad, Y)


def test_initial_weights_beyond_the_range_of_float32():
    with pytest.raises(ValueError, match=r"initializer holds 1e\+39 at row 1: the largest"):
        fastopt.MLP([1, 1], initializer=np.array([0.0, 1e39]), dtype="float32")


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        (X[:, 0], Y, r"X must have 2 dimensions, got shape \(12,\); X.reshape\(-1, 1\)"),
        (X[None], Y, r"X must have 2 dimensions, got shape \(1, 12, 3\)"),
        (X[0, 0], Y, r"X must have 2 dimensions, got shape \(\)"),
        (X[:, :2], Y, r"X must have 3 columns, .* got shape \(12, 2\)"),
        (X[:, :0], Y, r"X has no columns: shape \(12, 0\)"),
        (X[:0], Y[:0], r"X has no rows: shape \(0, 3\)"),
        ([], [], "X must have 2 dimensions"),
        (X, Y[:0], r"y has no rows: shape \(0, 2\)"),
        (X, Y[:, :1], r"y must have 2 columns, .* got shape \(12, 1\)"),
        (X, Y[:, 0], r"y must have 2 columns, .* got shape \(12,\)"),
        (X, Y[..., None], r"y must have 1 or 2 dimensions, got shape \(12, 2, 1\)"),
        (X, Y[:-1], "y has 11 rows and X has 12"),
        ([[1, 2, 3], [4, 5]], Y, "X must be an array of 2 dimensions"),
    ],
)
def test_shapes(net, x, y, match):
    refused(net, ValueError, match, x, y)


@pytest.mark.parametrize(
    "bad",
    [
        X.astype(complex),
        X.astype(object),
        X.astype(str),
        X.astype(bytes),
        X.astype("datetime64[s]"),
        X.astype("timedelta64[s]"),
        np.zeros((12, 3), dtype=[("a", "f8")]),
        None,
        "text",
        {1: 2},
    ],
)
def test_types_that_are_not_real_numbers(net, bad):
    refused(net, TypeError, "X must hold real numbers, got dtype", bad, Y)
    refused(net, TypeError, "y must hold real numbers, got dtype", X, bad)
    with pytest.raises(TypeError, match="X must hold real numbers"):
        net.predict(bad)


@pytest.mark.parametrize("sizes", [(3, 4, 2), (3, 4, 3)])
@pytest.mark.parametrize("value", [-1, 3, 0.5, 1e300])
@pytest.mark.parametrize("shape", [(12,), (12, 1)])
def test_class_numbers_outside_the_classes(sizes, value, shape):
    net = fastopt.MLP(sizes, output_activation="softmax")
    labels = with_value(CLASSES, value, 5).reshape(shape)
    match = rf"y must hold class numbers in \[0, {sizes[-1] - 1}\] .* got {value!s:.4}.* at row 5"
    match = match.replace("+", r"\+")
    for call in (net.fit, net.evaluate, net.loss_and_gradient):
        with pytest.raises(ValueError, match=match):
            call(X, labels, loss="cross_entropy")


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy"])
def test_probabilities_outside_the_unit_interval(net, loss):
    one_hot = np.eye(2)[CLASSES]
    match = rf"y must lie in \[0, 1\] for {loss}, got -?\d.* at row 4"
    refused(net, ValueError, match, X, with_value(one_hot, 1.5, 4, 1), loss=loss)
    refused(net, ValueError, match, X, with_value(one_hot, -0.5, 4, 0), loss=loss)


def test_cross_entropy_of_one_output_names_the_binary_one():
    net = fastopt.MLP([3, 1])
    with pytest.raises(ValueError, match="binary_cross_entropy"):
        net.fit(X, CLASSES, loss="cross_entropy")


@pytest.mark.parametrize(
    ("loss", "output", "match"),
    [
        (
            "cross_entropy",
            "sigmoid",
            "cross_entropy needs output_activation 'softmax' or 'identity'",
        ),
        ("binary_cross_entropy", "softmax", "needs output_activation 'sigmoid' or 'identity'"),
        ("binary_cross_entropy", "tanh", "needs output_activation 'sigmoid' or 'identity'"),
    ],
)
def test_losses_that_do_not_fit_the_outputs(loss, output, match):
    net = fastopt.MLP([3, 4, 2], output_activation=output)
    for call in (net.fit, net.evaluate, net.loss_and_gradient):
        with pytest.raises(ValueError, match=match):
            call(X, np.eye(2)[CLASSES], loss=loss)
    net.fit(X, Y, epochs=1)


@pytest.mark.parametrize(
    ("weights", "error", "match"),
    [
        (np.ones(11), ValueError, "sample_weight has 11 rows and y has 12"),
        (np.ones((12, 1)), ValueError, r"sample_weight must have shape \(N,\), or \(N, 2\) with"),
        (
            with_value(np.ones(12), -1, 3),
            ValueError,
            "sample_weight must be >= 0, got -1.0 at row 3",
        ),
        (with_value(np.ones(12), np.nan, 3), ValueError, "sample_weight holds nan at row 3"),
        (np.zeros(12), ValueError, "sample_weight must not be zero for all"),
        (np.ones(12, complex), TypeError, "sample_weight must hold real numbers"),
    ],
)
def test_sample_weights(net, weights, error, match):
    refused(net, error, match, X, Y, sample_weight=weights)


@pytest.mark.parametrize(("dtype", "rel"), [("float64", 1e-14), ("float32", 1e-6)])
@pytest.mark.parametrize("scale", [1e-300, 1, 1e39, 1e300, 1.7e308])
def test_only_the_ratios_of_sample_weights_count(net, scale, dtype, rel):
    net, v = net.astype(dtype), np.linspace(0.1, 1, 12)
    assert net.evaluate(X, Y, sample_weight=scale * v) == pytest.approx(
        net.evaluate(X, Y, sample_weight=v), rel=rel
    )


def test_weights_do_not_reach_a_loss_of_ones_own(net):
    def own(outputs, targets):
        return 0.0, np.zeros_like(outputs)

    refused(
        net,
        ValueError,
        "is not applied to a custom loss",
        X,
        Y,
        loss=own,
        sample_weight=np.ones(12),
    )


@pytest.mark.parametrize(
    ("weights", "y", "error", "match"),
    [
        ("even", CLASSES, ValueError, "class_weight must be one of 'balanced', got 'even'"),
        ({2: 1.0}, CLASSES, ValueError, "class_weight names 2, which is no class"),
        ({"a": 1.0}, CLASSES, ValueError, "class_weight names 'a', which is no class"),
        ({1: -1.0}, CLASSES, ValueError, r"class_weight\[1\] must be a number in \[0, inf\)"),
        ({1: "x"}, CLASSES, TypeError, r"class_weight\[1\] must be a number"),
        ([1, 2], CLASSES, TypeError, "class_weight must be a dict or 'balanced'"),
        ({0: 0, 1: 0}, CLASSES, ValueError, "sample_weight must not be zero for all"),
        ("balanced", Y, ValueError, "class_weight needs classes in y"),
    ],
)
def test_class_weights(net, weights, y, error, match):
    loss = "mse" if y is Y else "cross_entropy"
    refused(net, error, match, X, y, loss=loss, class_weight=weights)


def test_class_weight_of_a_class_that_these_data_lack():
    net = fastopt.MLP([3, 4, 3])
    net.fit(X, CLASSES, loss="cross_entropy", class_weight={2: 5.0}, epochs=1)


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"optimizer": "adm"}, ValueError, "optimizer must be one of .*'adam'.*, got 'adm'"),
        ({"optimizer": None}, TypeError, "optimizer must be a name or an Optimizer"),
        ({"optimizer": fastopt.Adam}, TypeError, r"write Adam\(\)"),
        ({"loss": "mape"}, ValueError, "loss must be one of 'mse', .*, got 'mape'"),
        ({"loss": 3}, TypeError, "loss must be one of"),
        ({"epochs": -1}, ValueError, r"epochs must be an integer in \[0, inf\), got -1"),
        ({"epochs": 2.5}, TypeError, "epochs must be an integer"),
        ({"epochs": True}, TypeError, "epochs must be an integer"),
        ({"batch_size": 0}, ValueError, r"batch_size must be an integer in \[1, inf\), got 0"),
        ({"batch_size": "all"}, ValueError, "batch_size must be 'auto', None or a positive"),
        ({"batch_size": 2.0}, TypeError, "batch_size must be an integer"),
        (
            {"batch_size": 5, "optimizer": fastopt.SGD(fastopt.AdaptiveLearningRate())},
            ValueError,
            "AdaptiveLearningRate .* works on the full batch: batch_size must be None",
        ),
        ({"shuffle": 1}, TypeError, "shuffle must be True or False, got 1"),
        ({"validation_split": 1.0}, ValueError, r"validation_split must be a number in \[0, 1\)"),
        ({"validation_split": -0.1}, ValueError, "validation_split must be"),
        ({"validation_split": 0.01}, ValueError, "leaves no sample for validation"),
        ({"validation_split": 0.99}, ValueError, "leaves no sample for training"),
        ({"validation_split": 0.5, "validation_data": (X, Y)}, ValueError, "not both"),
        ({"validation_data": X}, TypeError, r"validation_data must be \(X, y\)"),
        ({"validation_data": (X,)}, TypeError, r"validation_data must be \(X, y\)"),
        (
            {"validation_data": (with_value(X, np.nan, 2, 1), Y)},
            ValueError,
            r"validation_data\[0\] holds nan at row 2 column 1",
        ),
        (
            {"validation_data": (X, Y, with_value(np.ones(12), -1, 3))},
            ValueError,
            r"validation_data\[2\] must be >= 0, got -1.0 at row 3",
        ),
        (
            {"validation_data": (X, Y, np.ones(3))},
            ValueError,
            r"validation_data\[2\] has 3 rows and validation_data\[1\] has 12",
        ),
        (
            {"validation_data": (X, Y, np.zeros(12))},
            ValueError,
            r"validation_data\[2\] must not be zero for all",
        ),
        ({"validation_data": (X, Y[:3])}, ValueError, r"validation_data\[1\] has 3 rows"),
        ({"metrics": ["acc"]}, ValueError, "metrics must be functions or of .*'accuracy'.* 'acc'"),
        ({"metrics": 3}, TypeError, "metrics must be a sequence"),
        ({"metrics": [["mse"]]}, ValueError, "metrics must be functions or of"),
        ({"l2": -1.0}, ValueError, r"l2 must be a number in \[0, inf\), got -1.0"),
        ({"l2": np.nan}, ValueError, "l2 must be a number"),
        ({"clip": 1.0}, TypeError, "clip must be a ClipByValue"),
        ({"callbacks": [print]}, TypeError, "callbacks must be Callback objects"),
        ({"callbacks": fastopt.EarlyStopping}, TypeError, "callback"),
        ({"stopping": 0.1}, TypeError, "stopping must be a Stopping"),
        ({"verbose": -1}, ValueError, "verbose must be an integer"),
        ({"verbose": "yes"}, TypeError, "verbose must be an integer"),
        ({"random_state": -1}, ValueError, "random_state must be"),
        ({"random_state": 0.5}, TypeError, "random_state must be"),
        ({"initial_epoch": -1}, ValueError, "initial_epoch must be an integer"),
        ({"initial_epoch": 1.0}, TypeError, "initial_epoch must be an integer"),
        (
            {"callbacks": [fastopt.EarlyStopping()]},
            ValueError,
            "monitors 'val_loss', which this run",
        ),
        ({"epoch": 3}, TypeError, "unexpected keyword argument 'epoch'"),
    ],
    ids=str,
)
def test_settings_out_of_range(net, settings, error, match):
    history = getattr(net, "history_", None)
    with pytest.raises(error, match=match):
        net.fit(X, Y, **settings)
    assert getattr(net, "history_", None) is history or len(net.history_) <= 1
    net.fit(X, Y, epochs=1)  # usable


@pytest.mark.parametrize(
    "result",
    [
        None,
        1.0,
        (1.0,),
        (1.0, np.zeros((12, 1))),
        (1.0, np.zeros(24)),
        (1.0, None),
        ("a", np.zeros((12, 2))),
        (1.0, np.full((12, 2), "a")),
    ],
)
def test_results_of_a_loss_of_ones_own(net, result):
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        net.loss_and_gradient(X, Y, lambda outputs, targets: result)
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        net.fit(X, Y, loss=lambda outputs, targets: result, epochs=1)
    net.fit(X, Y, epochs=1)


# --- accepted --------------------------------------------------------------------------------

WHOLE = np.round(4 * X)


@pytest.mark.parametrize(
    "dtype",
    ["i1", "i2", "i4", "i8", ">i2", ">i4", ">i8", "f2", "f4", "f8", ">f2", ">f4", ">f8", "g"],
)
def test_real_types(net, dtype):
    x, y = WHOLE.astype(dtype), np.round(9 * Y).astype(dtype)
    expected = net.loss_and_gradient(WHOLE, np.round(9 * Y))
    found = net.loss_and_gradient(x, y)
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_array_equal(net.predict(x), net.predict(WHOLE))


@pytest.mark.parametrize("dtype", ["?", "u1", "u2", "u4", "u8", ">u2", ">u8"])
def test_unsigned_types(net, dtype):
    x, y = (X > 0).astype(dtype), (Y > 0).astype(dtype)
    expected = net.loss_and_gradient((X > 0).astype(float), (Y > 0).astype(float))
    found = net.loss_and_gradient(x, y)
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])


def test_extremes_of_integers():
    net = fastopt.MLP([1, 1], initializer="zeros")
    net.parameters = [1, 0]
    x = np.array([[0], [1], [2**64 - 1]], dtype="u8")
    np.testing.assert_array_equal(net.predict(x)[:, 0], [0, 1, 2.0**64])
    x = np.array([[-(2**63)], [2**63 - 1]], dtype=">i8")
    np.testing.assert_array_equal(net.predict(x)[:, 0], [-(2.0**63), 2.0**63])


def test_lists_and_frames(net):
    expected = net.predict(X)
    np.testing.assert_array_equal(net.predict(X.tolist()), expected)
    np.testing.assert_array_equal(net.predict(tuple(map(tuple, X.tolist()))), expected)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X)
    np.testing.assert_array_equal(net.predict(frame), expected)
    single = fastopt.MLP([3, 1], random_state=0)
    by_frame = single.copy()
    single.fit(X, Y[:, 0], epochs=2)
    by_frame.fit(frame, pandas.Series(Y[:, 0]), epochs=2)
    np.testing.assert_array_equal(by_frame.parameters, single.parameters)


def test_one_sample():
    net = fastopt.MLP([3, 4, 2], random_state=0)
    history = net.fit(X[:1], Y[:1], epochs=50)
    assert history.loss[-1] < history.loss[0]
