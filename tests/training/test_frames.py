"""Data as people have them: frames, tensors, sparse matrices, shapes that are swapped."""

import datetime
import re
from decimal import Decimal

import numpy as np
import pytest

import fastopt

RNG = np.random.default_rng(0)
N = 8
AGE = np.array([41, 25, 33, 60, 18, 29, 52, 47])
HEIGHT = RNG.normal(1.7, 0.1, N)
SMOKES = AGE % 2 == 0
EXPECTED = np.column_stack([AGE, HEIGHT, SMOKES]).astype(float)
Y = RNG.normal(size=N)


def net_of(d, q=1):
    return fastopt.MLP([d, 3, q], random_state=0)


def refused(x, match, error=TypeError, y=None, **settings):
    net = net_of(3)
    with pytest.raises(error, match=match):
        net.fit(x, Y if y is None else y, **settings)


@pytest.fixture
def pd():
    return pytest.importorskip("pandas")


@pytest.fixture
def pl():
    return pytest.importorskip("polars")


def mixed(pd):
    return pd.DataFrame({"age": AGE, "height": HEIGHT, "smokes": SMOKES})


def test_bool_beside_float(pd):
    net = net_of(3)
    np.testing.assert_array_equal(net.predict(mixed(pd)), net.predict(EXPECTED))
    dummies = pd.get_dummies(pd.DataFrame({"h": HEIGHT, "c": ["a", "b"] * 4}))
    np.testing.assert_array_equal(
        net.predict(dummies), net.predict(dummies.to_numpy().astype(float))
    )


@pytest.mark.parametrize(
    "dtypes",
    [
        {"age": "Int64", "height": "Float64", "smokes": "boolean"},
        {"age": "category", "smokes": "category"},
        {"age": object, "height": object, "smokes": object},
        {"age": "Sparse[int]", "height": "Sparse[float]"},
        {"age": "UInt8", "height": "float64"},
    ],
)
def test_columns_of_numbers_in_other_dtypes(pd, dtypes):
    net, frame = net_of(3), mixed(pd).astype(dtypes)
    np.testing.assert_array_equal(net.predict(frame), net.predict(EXPECTED))
    column = net_of(1)
    for name in frame:
        expected = column.predict(frame[[name]].astype(float).to_numpy())
        np.testing.assert_array_equal(column.predict(frame[[name]]), expected)
    nets = net_of(3), net_of(3)
    nets[0].fit(frame, pd.Series(Y).astype("Float64"), epochs=2)
    nets[1].fit(EXPECTED, Y, epochs=2)
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)


def test_columns_of_arrow(pd):
    pytest.importorskip("pyarrow")
    frame = mixed(pd).astype({"age": "int64[pyarrow]", "height": "double[pyarrow]"})
    frame["smokes"] = frame.smokes.astype("bool[pyarrow]")
    np.testing.assert_array_equal(net_of(3).predict(frame), net_of(3).predict(EXPECTED))
    frame.loc[3, "age"] = None
    refused(frame, r"X holds (<NA>|nan) at row 3 of column 'age'", ValueError)


def test_objects_of_several_kinds_of_numbers(pd):
    frame = pd.DataFrame({"n": np.array([1, 2.5, True, Decimal("0.5")], dtype=object)})
    found = net_of(1).predict(frame)
    np.testing.assert_array_equal(found, net_of(1).predict([[1], [2.5], [1], [0.5]]))


def test_frames_of_one_dtype_are_not_copied(pd):
    from fastopt._validation import array

    frame = pd.DataFrame(np.ones((4, 3)))
    assert np.shares_memory(array("X", frame), frame.to_numpy())


@pytest.mark.parametrize(
    ("dtype", "value", "shown"),
    [
        ("Int64", None, "<NA>"),
        ("Float64", None, "<NA>"),
        ("boolean", None, "<NA>"),
        ("float64", np.nan, "nan"),
        (object, None, "None"),
        ("category", None, "nan"),
    ],
)
def test_missing_values_are_named(pd, dtype, value, shown):
    frame = mixed(pd)
    column = pd.Series([1, 0, 1, value, 0, value, 0, 1], dtype=object)
    frame["pulse"] = column.astype(dtype)
    frame = frame[["age", "height", "pulse"]]
    refused(frame, f"^X holds {shown} at row 3 of column 'pulse': all numbers must", ValueError)
    named = frame.set_index(np.array(list("abcdefgh")))
    refused(named, r"at row 3 \(index 'd'\) of column 'pulse'", ValueError)
    refused(EXPECTED, "y holds .* at row 3 of column 'pulse'", ValueError, y=frame["pulse"])
    net = net_of(3)
    net.fit(EXPECTED, frame["pulse"], epochs=1, missing_targets="ignore")


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_text_is_named(pd, dtype):
    frame = mixed(pd)
    frame["height"] = pd.Series(["tall", "1.8", *["tall"] * 6]).astype(dtype)
    refused(
        frame,
        "X must hold real numbers, got 'tall' at row 0 of column 'height'; .*get_dummies",
    )
    frame["height"] = pd.Series(["1.7"] * N).astype(dtype)
    refused(frame, "got '1.7' at row 0 of column 'height'; it is text.*to_numeric")
    refused(
        EXPECTED,
        r"y must hold real numbers, got 'a' at row 0 of column 'kind'; number the classes: ",
        y=pd.Series(list("abababab"), name="kind", dtype=dtype),
    )


def test_text_far_down_and_dates(pd):
    frame = mixed(pd)
    frame["height"] = np.array([1.0, 2, None, "?", 5, 6, 7, 8], dtype=object)
    refused(frame, r"got '\?' at row 3 of column 'height'")
    frame["height"] = pd.date_range("2026-01-01", periods=N)
    refused(frame, r"got Timestamp\('2026-01-01 00:00:00'\) at row 0 of column 'height'")


def test_validation_data_and_weights_may_be_frames(pd):
    frame = mixed(pd)
    nets = net_of(3), net_of(3)
    v = pd.Series(AGE, dtype="Int64")
    nets[0].fit(frame, Y, epochs=2, sample_weight=v, validation_data=(frame, pd.Series(Y), v))
    nets[1].fit(EXPECTED, Y, epochs=2, sample_weight=AGE, validation_data=(EXPECTED, Y, AGE))
    assert nets[0].history_.val_loss == nets[1].history_.val_loss
    frame.loc[2, "height"] = np.nan
    match = r"validation_data\[0\] holds nan at row 2 of column 'height'"
    with pytest.raises(ValueError, match=match):
        nets[0].fit(EXPECTED, Y, validation_data=(frame, Y))


def test_polars(pl):
    columns = {"age": AGE, "height": HEIGHT, "smokes": SMOKES}
    net, frame = net_of(3), pl.DataFrame(columns)
    np.testing.assert_array_equal(net.predict(frame), net.predict(EXPECTED))
    decimals = frame.with_columns(pl.col("age").cast(pl.Decimal(10, 2)), pl.col("smokes").cast(int))
    np.testing.assert_array_equal(net.predict(decimals), net.predict(EXPECTED))
    same = pl.DataFrame(EXPECTED)
    np.testing.assert_array_equal(net.predict(same), net.predict(EXPECTED))
    nets = net_of(3), net_of(3)
    nets[0].fit(frame, pl.Series("y", Y), epochs=2)
    nets[1].fit(EXPECTED, Y, epochs=2)
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)
    objects = pl.DataFrame({"n": pl.Series([1, 2.5], dtype=pl.Object)})
    np.testing.assert_array_equal(net_of(1).predict(objects), net_of(1).predict([[1], [2.5]]))


@pytest.mark.parametrize("dtype", ["Int64", "Float32", "Boolean"])
def test_nulls_of_polars(pl, dtype):
    pulse = pl.Series("pulse", [1, 0, 1, None, 0, 1, 0, 1]).cast(getattr(pl, dtype))
    frame = pl.DataFrame({"age": AGE, "height": HEIGHT}).with_columns(pulse)
    refused(frame, "X holds None at row 3 of column 'pulse': all numbers must", ValueError)
    net_of(2).fit(frame[["age", "height"]], pulse, epochs=1, missing_targets="ignore")


def test_polars_without_numbers(pl):
    kinds = [pl.String, pl.Categorical]
    for kind in kinds:
        frame = pl.DataFrame({"a": AGE, "b": HEIGHT, "c": pl.Series(list("xyxyxyxy"), dtype=kind)})
        refused(frame, "X must hold real numbers, got 'x' at row 0 of column 'c'")
    frame = pl.DataFrame({"a": AGE, "b": HEIGHT, "c": [datetime.date(2026, 1, 1)] * N})
    refused(frame, re.escape("got datetime.date(2026, 1, 1) at row 0 of column 'c'"))
    refused(pl.LazyFrame({"a": AGE}), r"X is a LazyFrame.*X\.collect\(\)")


def test_objects_and_text_outside_of_frames():
    refused(EXPECTED.astype(object), r"got dtype object; X\.astype\(float\)")
    objects = EXPECTED.astype(object)
    objects[2, 1] = None
    refused(objects, r"got dtype object \(None at row 2 column 1\)")
    refused(EXPECTED, r"got dtype <U1 \('a' at row 0\); number the classes", y=np.array(["a"] * N))


def test_tensors_of_torch():
    torch = pytest.importorskip("torch")
    net = net_of(3)
    x = torch.tensor(EXPECTED, requires_grad=True)
    np.testing.assert_array_equal(net.predict(x), net.predict(EXPECTED))
    np.testing.assert_array_equal(net.predict(x.float().T.T), net.predict(EXPECTED.astype("f4")))
    np.testing.assert_array_equal(net.predict(x > 1), net.predict(EXPECTED > 1))
    nets = net_of(3), net_of(3)
    nets[0].fit(x, torch.tensor(Y), epochs=2)
    nets[1].fit(EXPECTED, Y, epochs=2)
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)
    refused(x.detach().bfloat16(), "X is a torch.Tensor that NumPy cannot read: give X in float32")
    refused(x.detach().to_sparse(), r"X is a sparse matrix .* give X\.to_dense\(\)")
    refused(x.detach().to("meta"), r"X is a torch.Tensor that NumPy cannot read: give X\.cpu\(\)")


def test_tensors_of_torch_are_not_copied():
    torch = pytest.importorskip("torch")
    from fastopt._validation import array

    x = torch.ones(5, 3)
    assert array("X", x, dtype="f4").__array_interface__["data"][0] == x.data_ptr()


def test_arrays_of_jax():
    jnp = pytest.importorskip("jax.numpy")
    net, x = net_of(3), jnp.asarray(EXPECTED, dtype="float32")
    np.testing.assert_array_equal(net.predict(x), net.predict(np.asarray(x)))
    net.fit(x, jnp.asarray(Y, dtype="float32"), epochs=1)
    refused(x.astype("bfloat16"), "X ")


@pytest.mark.parametrize("kind", ["csr_matrix", "coo_array", "csc_matrix"])
def test_sparse_matrices(kind):
    sparse = pytest.importorskip("scipy.sparse")
    x = getattr(sparse, kind)(EXPECTED)
    match = rf"X is a sparse matrix \({kind} of shape \(8, 3\)\).* give X\.toarray\(\)"
    refused(x, match)
    with pytest.raises(TypeError, match=match):
        net_of(3).predict(x)
    refused(EXPECTED, r"y is a sparse matrix .*give y\.toarray\(\)", y=x[:, [0]])


# --- shapes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "shape", "hint"),
    [
        (3, (3, 8), "; samples stand in rows: X.T has them so"),
        (3, (3,), "; X.reshape(1, -1) makes one sample of it"),
        (1, (8,), "; X.reshape(-1, 1) makes one column of it"),
        (784, (28, 28), "; X.reshape(1, -1) makes one sample of it"),
        (784, (8, 28, 28), "; X.reshape(len(X), -1) makes a row of each image or series: 784"),
        (784, (8, 32, 32, 3), "3072 numbers, not 784 as the network has inputs"),
    ],
)
def test_hints_for_inputs(d, shape, hint):
    net = net_of(d)
    for call in (net.predict, net.jacobian, lambda x: net.fit(x, Y)):
        with pytest.raises(ValueError, match=re.escape(hint)):
            call(np.zeros(shape))


def test_hints_for_targets():
    x = np.zeros((5, 3))
    for q, y, hint in [
        (1, np.ones((1, 5)), "; samples stand in rows: y.T has them so"),
        (2, np.ones((2, 5)), "; samples stand in rows: y.T has them so"),
        (2, np.array([0.5, 0.1]), "; y.reshape(1, -1) makes one sample of it"),
    ]:
        with pytest.raises(ValueError, match=re.escape(hint)):
            net_of(3, q).fit(x, y)


def test_hints_for_labels():
    x = np.zeros((4, 3))
    net = fastopt.MLP([3, 3, 1], output_activation="sigmoid")
    with pytest.raises(ValueError, match="labels 1 and 2 become 0 and 1 by y - 1"):
        net.fit(x, [1, 2, 2, 1], loss="binary_cross_entropy")
    with pytest.raises(ValueError, match=r"labels −1 and 1 become 0 and 1 by \(y \+ 1\) / 2"):
        net.fit(x, [-1, 1, 1, -1], loss="binary_cross_entropy")
    with pytest.raises(ValueError, match="they count from 1: give y - 1"):
        net_of(3, 2).fit(x, [1, 2, 2, 1], loss="cross_entropy")
