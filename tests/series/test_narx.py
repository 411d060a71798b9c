"""NARX and time-delay networks: rows of delayed values, training, closed loop, parts by time."""

import copy
import pickle

import numpy as np
import pytest

import fastopt
from fastopt.series.delays import Delays

# ARX with two inputs of one process: y(t) = Σ a y(t−f) + Σ b x(t−d) + c.
AR, DRIVE, CONSTANT = np.array([0.5, -0.3]), np.array([[0.7, 0.0], [-0.4, 0.2]]), 0.1


def arx(T, seed, noise=0.0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(T, 2)), np.zeros(T)
    for t in range(2, T):
        y[t] = AR @ y[[t - 1, t - 2]] + CONSTANT + noise * rng.normal()
        y[t] += DRIVE[0] @ x[t - 1] + DRIVE[1] @ x[t - 2]
    return x, y


def recursion(net, delays, x, y, end):
    """The closed loop in plain NumPy, with the network's weights and scalings written out."""
    lag = max(delays[0] + delays[1])
    own = np.zeros((end, net.layer_sizes[-1]))
    own[:lag] = y.reshape(len(y), -1)[:lag]
    into, out = net.input_scaling_, net.target_scaling_
    for t in range(lag, end):
        row = [*(x[t - d] for d in delays[0]), *(own[t - f] for f in delays[1])]
        a = np.concatenate([np.atleast_1d(part) for part in row])
        a = np.where(into.scale > 0, (a - into.offset) / np.where(into.scale > 0, into.scale, 1), 0)
        for W, b in zip(net.coefs_[:-1], net.intercepts_[:-1], strict=True):
            a = np.tanh(a @ W + b)
        own[t] = (a @ net.coefs_[-1] + net.intercepts_[-1]) * out.scale + out.offset
    return own[lag:]


# --- rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape_x", "shape_y"), [((), ()), ((3,), ()), ((), (2,)), ((3,), (2,))])
def test_rows_are_those_of_a_loop(shape_x, shape_y):
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=(T, *shape_x)) for T in (9, 6)]
    ys = [rng.normal(size=(T, *shape_y)) for T in (9, 6)]
    rows = fastopt.lagged(xs, ys, (0, 3), [1, 2])
    expected = []
    for k, (x, y) in enumerate(zip(xs, ys, strict=True)):
        for t in range(3, len(y)):
            parts = [x[t], x[t - 3], y[t - 1], y[t - 2]]
            expected.append((np.concatenate([np.atleast_1d(p) for p in parts]), y[t], k, t))
    assert len(rows.inputs) == len(expected)
    for i, (row, target, k, t) in enumerate(expected):
        np.testing.assert_array_equal(rows.inputs[i], row)
        np.testing.assert_array_equal(rows.targets[i], target)
        assert (rows.series[i], rows.times[i]) == (k, t)


def test_lists_of_numbers_are_one_series_and_data_stay_as_they_are():
    x, y = [[1, 2], [3, 4], [5, 6]], [1, 2, 3]
    rows = fastopt.lagged(x, y, [1], [1])
    assert rows.inputs.tolist() == [[1, 2, 1], [3, 4, 2]]
    own = np.arange(5.0)
    rows = fastopt.lagged(None, own, (), [1])
    rows.targets[:] = 0
    assert own.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_are_taken_and_missing_values_told_by_row(library):
    module = pytest.importorskip(library)
    x, y = arx(30, 0)
    frame = module.DataFrame({"a": x[:, 0], "b": x[:, 1]})
    rows, plain = fastopt.lagged(frame, module.Series(y)), fastopt.lagged(x, y)
    for one, other in zip(rows, plain, strict=True):
        np.testing.assert_array_equal(one, other)
    one, other = (fastopt.NARX(hidden=2, random_state=0) for _ in range(2))
    one.fit(frame, module.Series(y), epochs=2)
    other.fit(x, y, epochs=2)
    np.testing.assert_array_equal(one.predict(frame, module.Series(y)), other.predict(x, y))
    with_gap = module.Series([None if t == 7 else v for t, v in enumerate(y)])
    with pytest.raises(ValueError, match=r"y holds .* at row 7"):
        one.fit(frame, with_gap)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((None, [1, 2, 3], (), ()), "both empty"),
        ((None, [1, 2, 3], (1,), (1,)), r"input_delays=\(\)"),
        (([1, 2, 3], [1, 2, 3], (), (1,)), "x=None"),
        (([1, 2, 3], [1, 2, 3], (-1,), (1,)), r"input_delays\[0\]"),
        (([1, 2, 3], [1, 2, 3], (1,), (0,)), r"feedback_delays\[0\]"),
        (([1, 2, 3], [1, 2, 3], (2, 1), (1,)), "ascending"),
        (([1, 2, 3], [1, 2, 3], (1, 1), (1,)), "ascending"),
        (([1, 2, 3], [1, 2, 3], (1,), (3,)), "the longest delay is 3"),
        (([1, 2], [1, 2, 3], (1,), (1,)), "x has 2 rows and y 3"),
        (([1, np.nan, 3], [1, 2, 3], (1,), (1,)), "x holds nan at row 1"),
        (([np.ones(5)] * 2, [np.ones(5)], (1,), (1,)), "x holds 2 series and y 1"),
        (([np.ones(5)] * 2, [np.ones(5), np.ones((5, 2))], (1,), (1,)), "the same columns"),
        (([np.ones(5), np.ones((5, 2))], [np.ones(5)] * 2, (1,), (1,)), "the same columns"),
        (([np.ones(5)] * 2, [np.ones(5), np.full(5, np.inf)], (1,), (1,)), r"y\[1\] holds inf"),
    ],
)
def test_what_gives_no_rows_is_told(arguments, told):
    with pytest.raises(ValueError, match=told):
        fastopt.lagged(*arguments)


def test_delays_that_are_no_whole_numbers_are_told():
    with pytest.raises(TypeError, match=r"range\(1, 3\)"):
        fastopt.NARX(2)
    with pytest.raises(TypeError, match=r"input_delays\[1\]"):
        fastopt.NARX([1, 1.5])


# --- parts by time ---------------------------------------------------------------------------


@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize("n", [40, 41, 97])
def test_parts_follow_each_other_with_gaps(n, gap):
    parts = fastopt.split_by_time(n, 0.6, 0.25, 0.15, gap=gap)
    for rows in parts:
        np.testing.assert_array_equal(np.diff(rows), 1)
    assert parts.train[0] == 0
    assert parts.test[-1] == n - 1
    assert parts.validation[0] - parts.train[-1] == gap + 1
    assert parts.test[0] - parts.validation[-1] == gap + 1
    assert len(parts.test) == round(0.15 * n)


def test_two_parts_have_one_gap_and_too_large_a_gap_is_told():
    parts = fastopt.split_by_time(20, 0.75, 0.25, 0, gap=2)
    assert [len(rows) for rows in parts] == [13, 5, 0]
    assert parts.validation[-1] == 19
    with pytest.raises(ValueError, match=r"gap=5 leaves nothing of the 3 rows for validation"):
        fastopt.split_by_time(20, 0.7, 0.15, 0.15, gap=5)
    with pytest.raises(ValueError, match="add up to 1"):
        fastopt.split_by_time(20, 0.7, 0.7, 0.15)


def test_training_sees_nothing_of_what_validation_predicts_or_predicts_from():
    """The last training target is older than the oldest value in the rows of validation."""
    T, lag = 60, 4
    y = np.arange(T, dtype=float)  # a value is its own time
    model = fastopt.NARX((), [1, lag], hidden=(), scale_inputs=None, scale_targets=None)
    rows = fastopt.lagged(None, y, (), [1, lag])
    history = model.fit(None, [y, y + 100], epochs=1, validation_split=0.25)
    assert len(history.val_loss) == 1
    parts = model._split((*rows[:2], None, [len(rows.targets)]), 0.25)
    (inputs, targets, _, _), (later, _) = parts
    assert targets.max() < later.min()
    assert later.min() - targets.max() == 1  # no row more than needed is lost
    assert inputs.max() < later.min()


# --- training and predictions ----------------------------------------------------------------


def test_a_linear_process_is_the_closed_form_of_least_squares():
    x, y = arx(400, 0, noise=0.1)
    model = fastopt.NARX(hidden=(), random_state=0)
    model.fit(x, y, "lm", epochs=50)
    rows = fastopt.lagged(x, y)
    A = np.column_stack([rows.inputs, np.ones(len(rows.inputs))])
    c = np.linalg.lstsq(A, rows.targets, rcond=None)[0]
    np.testing.assert_allclose(model.predict(x, y), A @ c, rtol=0, atol=1e-8)
    # The process itself, to three standard errors of about 0.1 / √400.
    np.testing.assert_allclose(c, [*DRIVE.ravel(), *AR, CONSTANT], atol=0.03)
    exact = fastopt.NARX(hidden=(), random_state=0)
    x, y = arx(200, 1)
    exact.fit(x, y, "lm", epochs=50)
    free = exact.predict(x, y, closed_loop=True)
    np.testing.assert_allclose(free, y[2:], rtol=0, atol=1e-6)


def test_it_is_scikit_learns_on_the_same_rows():
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = arx(300, 2, noise=0.2)
    rows = fastopt.lagged(x, y, [1, 2], [1, 2, 3])
    theirs = linear_model.LinearRegression().fit(rows.inputs, rows.targets)
    model = fastopt.NARX([1, 2], [1, 2, 3], hidden=(), random_state=0)
    model.fit(x, y, epochs=50)
    np.testing.assert_allclose(model.predict(x, y), theirs.predict(rows.inputs), atol=1e-8)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("delays", [((1, 2), (1, 2)), ((0, 3), (2,)), ((), (1, 3)), ((0, 2), ())])
def test_the_closed_loop_is_a_recursion_in_plain_numpy(delays, dtype):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(80, 2))
    y = np.column_stack([np.sin(np.arange(80) * 0.3), rng.normal(size=80)])
    model = fastopt.NARX(*delays, hidden=[4, 3], dtype=dtype, random_state=0)
    x = x if delays[0] else None
    model.fit(x, y, "adam", epochs=3)
    free = model.predict(x, y, closed_loop=True)
    # Single precision rounds each step, and the map is no expansion with such small weights.
    atol = 1e-11 if dtype == "float64" else 1e-3
    np.testing.assert_allclose(free, recursion(model.network_, delays, x, y, 80), atol=atol)
    steps = 20
    ahead = model.forecast(steps, x, y[:60])
    longer = recursion(
        model.network_, delays, x if x is None else x[60 - model.lag :], y[60 - model.lag : 60],
        model.lag + steps,
    )  # fmt: skip
    np.testing.assert_allclose(ahead, longer, atol=atol)


def test_one_step_of_the_closed_loop_is_one_step_ahead():
    x, y = arx(50, 4, noise=0.1)
    model = fastopt.NARX(hidden=3, random_state=0)
    model.fit(x, y, epochs=5)
    one = model.predict(x, y)
    np.testing.assert_allclose(model.predict(x, y, closed_loop=True)[0], one[0], rtol=1e-12)
    # The value after the last needs no x beyond the end, as the shortest delay is 1.
    ahead = model.forecast(1, x[:40], y[:40])
    np.testing.assert_allclose(ahead[0], one[40 - 2], rtol=1e-12)


@pytest.mark.parametrize("chaos", ["logistic", "henon"])
def test_a_chaotic_map_is_learned_one_step_ahead(chaos):
    y = np.empty(400)
    y[:2] = 0.3, 0.2
    for t in range(2, 400):
        if chaos == "logistic":
            y[t] = 3.9 * y[t - 1] * (1 - y[t - 1])
        else:
            y[t] = 1 - 1.4 * y[t - 1] ** 2 + 0.3 * y[t - 2]
    model = fastopt.NARX((), [1, 2], hidden=8, random_state=0)
    model.fit(None, y[:300], "lm", epochs=200, restarts=3)
    error = model.predict(None, y[300:]) - y[302:]
    assert np.sqrt(np.mean(error**2)) < 1e-3 * y.std()


def test_several_series_are_each_by_itself():
    (x0, y0), (x1, y1) = arx(60, 5, noise=0.1), arx(40, 6, noise=0.1)
    model = fastopt.NARX(hidden=3, random_state=0)
    model.fit([x0, x1], [y0, y1], epochs=5)
    for closed_loop in (False, True):
        both = model.predict([x0, x1], [y0, y1], closed_loop=closed_loop)
        alone = [model.predict(x, y, closed_loop=closed_loop) for x, y in ((x0, y0), (x1, y1))]
        assert [len(part) for part in both] == [58, 38]
        for one, other in zip(both, alone, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
    ahead = model.forecast(1, [x0, x1], [y0, y1])
    assert [part.shape for part in ahead] == [(1,), (1,)]
    rows = fastopt.lagged([x0, x1], [y0, y1])
    assert model.evaluate([x0, x1], [y0, y1]) == model.network_.evaluate(*rows[:2])


def test_weights_restarts_callbacks_and_going_on_are_those_of_the_network():
    x, y = arx(60, 7, noise=0.1)
    w = np.r_[np.ones(40), np.zeros(20)]
    one, two = fastopt.NARX(hidden=3, random_state=0), fastopt.NARX(hidden=3, random_state=0)
    one.fit(x, y, epochs=4, sample_weight=w)
    two.fit(x[:40], y[:40], epochs=4)
    np.testing.assert_allclose(one.network_.parameters, two.network_.parameters, atol=1e-10)
    whole, halves = (fastopt.NARX(hidden=3, random_state=0) for _ in range(2))
    whole.fit(x, y, "adam", epochs=6)
    first = halves.fit(x, y, "adam", epochs=3)
    halves.fit(x, y, "adam", epochs=6, initial_epoch=first)
    np.testing.assert_array_equal(whole.network_.parameters, halves.network_.parameters)
    history = fastopt.NARX(hidden=3, random_state=0).fit(
        x[:40], y[:40], epochs=4, validation_data=(x[40:], y[40:]), restarts=2
    )
    assert len(history.val_loss) == len(history.loss)


def test_intervals_are_those_of_the_network():
    pytest.importorskip("scipy")
    x, y = arx(200, 8, noise=0.1)
    model = fastopt.NARX(hidden=(), random_state=0)
    model.fit(x, y, epochs=20)
    value, lower, upper = model.predict(x, y, interval=0.9)
    assert (lower < value).all()
    inside = np.mean((lower < y[2:]) & (y[2:] < upper))
    assert 0.82 < inside < 0.97  # 0.9 ± 3.8 standard deviations of 198 draws
    parts = model.predict([x, x], [y, y], interval=0.9)
    np.testing.assert_allclose(parts[2][1], upper)
    with pytest.raises(ValueError, match="closed_loop=True feeds errors back"):
        model.predict(x, y, interval=0.9, closed_loop=True)


@pytest.mark.parametrize("way", ["file", "pickle", "copy"])
def test_it_survives(way, tmp_path):
    x, y = arx(50, 9, noise=0.1)
    model = fastopt.NARX([0, 2], [1], hidden=3, random_state=0)
    model.fit(x, y, epochs=5)
    model.network_.metadata = {"unit": "bar"}
    if way == "file":
        model.save(tmp_path / "model.safetensors")
        same = fastopt.NARX.load(tmp_path / "model.safetensors")
        plain = fastopt.load(tmp_path / "model.safetensors")
        assert plain.layer_sizes == model.network_.layer_sizes
    else:
        same = pickle.loads(pickle.dumps(model)) if way == "pickle" else copy.deepcopy(model)
    assert (same.input_delays, same.feedback_delays, same.lag) == ((0, 2), (1,), 2)
    assert same.network_.metadata == {"unit": "bar"} == model.network_.metadata
    for closed_loop in (False, True):
        np.testing.assert_array_equal(
            same.predict(x, y, closed_loop=closed_loop),
            model.predict(x, y, closed_loop=closed_loop),
        )
    same.fit(x, y, epochs=2)  # and goes on


def test_files_of_other_networks_are_told(tmp_path):
    path = tmp_path / "net.safetensors"
    net = fastopt.MLP([5, 1], random_state=0)
    net.save(path)
    with pytest.raises(fastopt.FormatError, match="without delays"):
        fastopt.NARX.load(path)
    for entry in ({"inputs": [1], "feedback": [0]}, {"inputs": [], "feedback": [1]}, {}, 3):
        net.metadata = {"series": entry}
        net.save(path)
        with pytest.raises(fastopt.FormatError, match=r"metadata\.series"):
            fastopt.NARX.load(path)


def test_what_does_not_fit_is_told():
    x, y = arx(40, 10)
    model = fastopt.NARX(hidden=2, random_state=0)
    with pytest.raises(AttributeError, match="made by the first fit"):
        model.predict(x, y)
    with pytest.raises(ValueError, match="validation_data: x has 3 rows"):
        model.fit(x, y, validation_data=(x[:3], y[:9]))
    with pytest.raises(ValueError, match="last in time"):
        model.fit(x, y, validation_split=("random", 0.2))
    with pytest.raises(ValueError, match="not both"):
        model.fit(x, y, validation_split=0.2, validation_data=(x, y))
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(x, y, sample_weight=np.ones(38))
    with pytest.raises(TypeError, match="did you mean 'epochs'"):
        model.fit(x, y, max_iter=3)
    with pytest.raises(AttributeError):
        _ = model.network_  # none of these has made one
    with pytest.raises(TypeError, match="MLP"):
        fastopt.NARX(transfer_fcn="tansig")
    with pytest.raises(ValueError, match="activation"):
        fastopt.NARX(activation="tanch")
    model.fit(x, y, epochs=1)
    with pytest.raises(ValueError, match="x must have 2 columns, got 1"):
        model.predict(x[:, 0], y)
    with pytest.raises(ValueError, match="y must have 1 columns, got 2"):
        model.predict(x, x)
    with pytest.raises(ValueError, match="2 columns of x"):
        model.fit(x[:, 0], y)
    with pytest.raises(ValueError, match="x has 40 rows, and 5 steps beyond the 40 rows of y need"):
        model.forecast(5, x, y)
    with pytest.raises(ValueError, match="need lag=2"):
        model.forecast(1, x, y[:1])


def test_a_loop_that_grows_beyond_all_numbers_is_told():
    y = 2.0 ** np.arange(30)
    model = fastopt.NARX((), [1], hidden=(), scale_inputs=None, scale_targets=None, random_state=0)
    model.fit(None, y, epochs=50)
    with pytest.raises(ValueError, match="leaves the finite numbers at its step"):
        model.forecast(3000, None, y)


@pytest.mark.parametrize("word", ["narxnet", "narnet", "timedelaynet", "closeloop", "removedelay"])
def test_matlabs_functions_are_told(word):
    with pytest.raises(AttributeError, match="did you mean 'NARX'"):
        getattr(fastopt, word)
    with pytest.raises(AttributeError, match="did you mean 'lagged'"):
        _ = fastopt.preparets
    with pytest.raises(AttributeError, match="did you mean 'split_by_time'"):
        _ = fastopt.divideblock


def test_delays_are_shown():
    assert "input_delays=(1,)" in repr(fastopt.NARX([1], range(1, 4)))
    assert Delays.checked(range(1, 3), np.array([1, 5])).longest == 5
