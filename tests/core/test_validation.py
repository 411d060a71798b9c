"""Validation of arguments: numbers, names, seeds and arrays."""

import numpy as np
import pytest

from fastopt import _validation as validation

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        ({}, "(-inf, inf)"),
        ({"low": 0}, "[0, inf)"),
        ({"above": 0}, "(0, inf)"),
        ({"low": 0, "below": 1}, "[0, 1)"),
        ({"above": 0, "high": 1}, "(0, 1]"),
    ],
)
def test_numbers(allowed, text):
    for good in (0.5, np.float32(0.5), np.float64(0.5)):
        assert validation.number("x", good, **allowed) == 0.5
    inside = {0.0: "low" in allowed or not allowed, 1.0: "below" not in allowed}
    for end, good in inside.items():
        if good:
            assert type(validation.number("x", int(end), **allowed)) is float
        else:
            with pytest.raises(ValueError, match="x must be a number in"):
                validation.number("x", end, **allowed)
    for bad in (float("nan"), float("inf"), *((-1, -1e-300) if allowed else ())):
        with pytest.raises(ValueError, match="x must be") as error:
            validation.number("x", bad, **allowed)
        assert str(error.value) == f"x must be a number in {text}, got {bad!r}"
    for bad in (True, np.True_, "1", None, 1j, [1.0], np.ones(1)):
        with pytest.raises(TypeError, match="x must be") as error:
            validation.number("x", bad, **allowed)
        assert str(error.value) == f"x must be a number in {text}, got {bad!r}"


def test_integers():
    assert validation.integer("n", np.int16(3), low=1) == 3
    assert type(validation.integer("n", np.int16(3))) is int
    with pytest.raises(ValueError, match=r"n must be an integer in \[1, 5\], got 6"):
        validation.integer("n", 6, low=1, high=5)
    with pytest.raises(ValueError, match=r"n must be an integer in \[1, inf\), got 0"):
        validation.integer("n", 0, low=1)
    for bad in (1.0, True, "1", None):
        with pytest.raises(TypeError, match="n must be an integer"):
            validation.integer("n", bad)


def test_counts():
    for good in (100, 100.0, np.float32(100)):
        assert validation.count("n", good) == 100
        assert type(validation.count("n", good)) is int
    assert validation.count("n", 2**63 - 1) == 2**63 - 1
    with pytest.raises(ValueError, match=r"n must be an integer in \[0, inf\), got -1"):
        validation.count("n", -1)
    for large in (2**63, 1e300):
        with pytest.raises(ValueError, match=r"n must be at most 2\*\*63 - 1"):
            validation.count("n", large)
    for bad in (1.5, True, "1", None, np.inf):
        with pytest.raises(TypeError, match="n must be an integer"):
            validation.count("n", bad)


def test_flags_and_choices():
    assert validation.flag("f", np.True_) is True
    with pytest.raises(TypeError, match="f must be True or False, got 1"):
        validation.flag("f", 1)
    assert validation.choice("c", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError, match="c must be one of 'a', 'b', got 'd'"):
        validation.choice("c", "d", ("a", "b"))
    with pytest.raises(TypeError, match="c must be one of 'a', 'b', got 1"):
        validation.choice("c", 1, ("a", "b"))


# --- seeds -------------------------------------------------------------------------------------


def test_seeds():
    assert validation.seed(7) == validation.seed(np.uint8(7)) == 7
    assert validation.seed(2**64 - 1) == 2**64 - 1
    assert validation.seed(None) != validation.seed(None)
    for make in (np.random.default_rng, np.random.RandomState):
        one, two = make(3), make(3)
        first, second = validation.seed(one), validation.seed(one)
        assert first != second
        assert first == validation.seed(two)
        assert 0 <= first < 2**64
    for bad in (-1, 2**64):
        with pytest.raises(ValueError, match=r"random_state must be an integer in \[0, 18446744"):
            validation.seed(bad)
    for bad in (1.0, True, "1", [1]):
        with pytest.raises(TypeError, match="random_state must be None"):
            validation.seed(bad)


# --- arrays ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", "i1", "i8", "u1", "u4", "?", ">f4", ">f8", ">i2"]
)
def test_arrays_of_real_numbers_are_taken_as_they_are(dtype):
    x = (10 * RNG.normal(size=(5, 3))).astype(dtype)
    x.flags.writeable = False
    assert validation.array("X", x) is x


@pytest.mark.parametrize("view", [lambda x: x[::2], lambda x: x.T, lambda x: x[:, ::-1]])
def test_views_are_not_copied(view):
    x = view(RNG.normal(size=(6, 4)))
    assert validation.array("X", x) is x


def test_memory_maps_are_not_copied(tmp_path):
    np.save(tmp_path / "x.npy", RNG.normal(size=(5, 3)))
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.shares_memory(validation.array("X", x), x)


def test_lists_become_arrays():
    assert validation.array("X", [[1, 2], [3, 4]]).shape == (2, 2)


@pytest.mark.parametrize(
    "x",
    [
        np.ones((2, 2), complex),
        np.array([[1, None]]),
        np.array([["a"]]),
        np.array([["2020-01-01"]], "M8[D]"),
        [["a", 1]],
    ],
)
def test_other_types_are_refused(x):
    with pytest.raises(TypeError, match="X must hold real numbers, got dtype "):
        validation.array("X", x)


@pytest.mark.parametrize(
    ("x", "match"),
    [
        (
            np.ones(3),
            r"X must have 2 dimensions, got shape \(3,\); X.reshape\(-1, 1\) makes one col",
        ),
        (np.ones((2, 2, 2)), r"X must have 2 dimensions, got shape \(2, 2, 2\)"),
        (1.0, r"X must have 2 dimensions, got shape \(\)"),
        (np.ones((0, 3)), r"X has no rows: shape \(0, 3\)"),
        (np.ones((3, 0)), r"X has no columns: shape \(3, 0\)"),
        ([[1.0], [1.0, 2.0]], "X must be an array of 2 dimensions"),
    ],
)
def test_shapes_are_refused(x, match):
    with pytest.raises(ValueError, match=match):
        validation.array("X", x)


def test_masks_are_refused_where_they_hide_something():
    x = np.ma.masked_array(np.ones((2, 2)), [[False, False], [True, False]])
    with pytest.raises(ValueError, match="X has masked elements"):
        validation.array("X", x)
    assert validation.array("X", np.ma.masked_greater(np.ones((2, 2)), 3)).shape == (2, 2)


def test_several_numbers_of_dimensions():
    assert validation.array("y", np.ones(3), ndim=(1, 2)).shape == (3,)
    with pytest.raises(ValueError, match="y must have 1 or 2 dimensions"):
        validation.array("y", 1.0, ndim=(1, 2))
    with pytest.raises(ValueError, match="y must have 1 dimension, got"):
        validation.array("y", np.ones((2, 2)), ndim=1)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_first_number_that_is_not_finite_is_named(dtype, bad, order):
    x = np.ones((70_000, 3), dtype, order=order)
    x[50_000, 1] = x[60_000, 0] = bad
    with pytest.raises(ValueError, match=rf"X holds {bad} at row 50000 column 1: all numbers must"):
        validation.array("X", x)
    assert validation.array("X", x, finite=False) is x


def test_place_in_one_and_three_dimensions():
    with pytest.raises(ValueError, match=r"y holds nan at row 2:"):
        validation.array("y", [1.0, 2.0, np.nan], ndim=1)
    x = np.zeros((2, 3, 4))
    x[1, 2, 3] = np.inf
    with pytest.raises(ValueError, match=r"X holds inf at index \(1, 2, 3\):"):
        validation.check_finite("X", x)


def test_lengths():
    validation.same_length(X=np.ones((3, 2)), y=np.ones(3), sample_weight=None)
    with pytest.raises(ValueError, match="y has 2 rows and X has 3"):
        validation.same_length(X=np.ones((3, 2)), y=np.ones(2))
