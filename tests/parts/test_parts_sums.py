"""The order of the sums, and functions that are summed over parts."""

import itertools
import math

import numpy as np
import pytest

import fastopt
from fastopt.parts import sums

T = np.linspace(0, 4, 300)
Y = 2 * np.exp(-0.7 * T) + 0.05 * np.cos(40 * T)


def decay(x, t, y):
    J = np.stack([np.exp(-x[1] * t), -x[0] * t * np.exp(-x[1] * t)], axis=1)
    e = x[0] * J[:, 0] - y
    return 0.5 * (e @ e), J.T @ e, J.T @ J


def value_and_gradient(x, t, y):
    return decay(x, t, y)[:2]


@pytest.mark.parametrize("count", [*range(1, 40), 100, 1000])
def test_the_order_hangs_on_the_number_of_parts_alone(count):
    values = np.random.default_rng(count).normal(size=count) * 10.0 ** (np.arange(count) % 9)
    expected = sums.pairwise(lambda i: (values[i],), 0, count)
    seen = set()
    for wanted in (1, 2, 3, 8, 50, 10_000):
        cut = sums.ranges(count, wanted)
        assert [i for a, b in cut for i in range(a, b)] == list(range(count))
        assert len(cut) >= min(count, wanted)
        found = {r: sums.pairwise(lambda i: (values[i],), *r) for r in reversed(cut)}
        assert sums.combined(found, 0, count) == expected
        assert not found
        seen.add(len(cut))
    assert math.isclose(expected[0], math.fsum(values), rel_tol=1e-12, abs_tol=1e-3)
    assert count < 4 or len(seen) > 1


def test_rounding_grows_as_a_logarithm():
    """A sum from left to right loses digits with the number of parts, pairs do not."""
    values = np.full(1 << 14, 0.1)
    (found,) = sums.pairwise(lambda i: (values[i],), 0, len(values))
    assert found == 0.1 * (1 << 14)
    assert sum(values.tolist()) != found


def test_least_squares_of_sums_equals_the_plain_call():
    parts = fastopt.Parts.from_arrays(T, Y, rows=37)
    summed = fastopt.least_squares(normal_equations=parts.summed(decay), x0=[1.0, 1.0])
    plain = fastopt.least_squares(
        lambda x: x[0] * np.exp(-x[1] * T) - Y, [1.0, 1.0], jac=lambda x: _jacobian(x)
    )
    assert summed.success
    assert plain.success
    assert np.allclose(summed.x, plain.x, rtol=1e-9)
    assert math.isclose(summed.cost, plain.cost, rel_tol=1e-12)
    assert summed.rank == plain.rank == 2


def _jacobian(x):
    return np.stack([np.exp(-x[1] * T), -x[0] * T * np.exp(-x[1] * T)], axis=1)


@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "cg"])
def test_minimize_of_sums(method):
    parts = fastopt.Parts.from_arrays(T, Y, rows=37, executor="threads", workers=2)
    found = fastopt.minimize(parts.summed(value_and_gradient), [1.0, 1.0], jac=True, method=method)
    whole = fastopt.minimize(
        lambda x: value_and_gradient(x, T, Y), [1.0, 1.0], jac=True, method=method
    )
    assert found.success
    assert np.allclose(found.x, whole.x, rtol=1e-5)


def test_numbers_and_weights_are_summed_too():
    weights = np.arange(300.0)
    parts = fastopt.Parts.from_arrays(T, Y, weights, rows=7)
    total = parts.summed(lambda x, t, y, v: x[0] * np.sum(v))(np.array([2.0]))
    assert total == 2 * weights.sum()


def test_an_exception_of_the_function_names_the_part():
    parts = fastopt.Parts.from_arrays(T, Y, rows=100)

    def fails(x, t, y):
        if t[0] > 1:
            raise ZeroDivisionError("no")
        return 0.0

    with pytest.raises(fastopt.PartError, match=r"part 1, rows 100 to 200 .*ZeroDivisionError: no"):
        parts.summed(fails)(np.zeros(1))


def test_batches_hold_each_row_once():
    parts = fastopt.Parts.from_arrays(np.arange(100.0)[:, None], np.arange(100.0), rows=9)
    for shuffle, size in itertools.product((True, False), (1, 7, 32, 200)):
        read = list(parts.batches(size, shuffle=shuffle, parts_at_once=3, random_state=1))
        rows = np.concatenate([y for _, y in read])
        assert [len(y) for _, y in read[:-1]] == [size] * (len(read) - 1)
        assert sorted(rows) == list(range(100))
        assert all(np.array_equal(X[:, 0], y) for X, y in read)
        assert (list(rows) == list(range(100))) != shuffle


def test_the_shuffle_is_of_blocks_and_of_a_buffer():
    """Rows of one buffer come together; another seed draws other buffers."""
    y = np.repeat(np.arange(12.0), 10)
    parts = fastopt.Parts.from_arrays(np.zeros((120, 1)), y, rows=10)

    def rows(**settings):
        return np.concatenate([b for _, b in parts.batches(10, **settings)])

    first = rows(parts_at_once=3, random_state=0)
    for start in range(0, 120, 30):
        buffer = first[start : start + 30]
        assert len(set(buffer)) == 3
        assert len(set(buffer[:10])) > 1  # rows of different parts are mixed
    assert np.array_equal(first, rows(parts_at_once=3, random_state=0))
    assert not np.array_equal(first, rows(parts_at_once=3, random_state=1))
    assert len(set(rows(parts_at_once=12, random_state=0)[:30])) > 3


def test_mini_batches_train_a_network():
    random = np.random.default_rng(0)
    X = random.uniform(-1, 1, (600, 2))
    parts = fastopt.Parts.from_arrays(X, np.sin(2 * X[:, 0]) * X[:, 1], rows=50)
    net, adam = fastopt.MLP([2, 10, 1], random_state=0), fastopt.Adam(0.01)
    before = net.evaluate(X, np.sin(2 * X[:, 0]) * X[:, 1])
    for epoch in range(30):
        for inputs, targets in parts.batches(20, random_state=epoch):
            _, gradient = net.loss_and_gradient(inputs, targets)
            adam.step([net.parameters], [gradient])
    assert net.evaluate(X, np.sin(2 * X[:, 0]) * X[:, 1]) < 0.1 * before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"parts": []}, "at least one part"),
        ({"parts": [3]}, r"parts\[0\] must be"),
        ({"parts": [(T, Y)], "executor": "dask"}, "executor"),
        ({"parts": [(T, Y)], "executor": 3}, "executor must be None, 'threads'"),
        ({"parts": [(T, Y)], "workers": 3}, "workers=3 belongs to"),
        ({"parts": [(T, Y)], "executor": "threads", "workers": 0}, "workers"),
    ],
)
def test_wrong_settings(given, message):
    with pytest.raises((ValueError, TypeError), match=message):
        fastopt.Parts(**given)


def test_wrong_arrays(tmp_path):
    with pytest.raises(ValueError, match="the same number of rows, got 300 and 299"):
        fastopt.Parts.from_arrays(T, Y[1:])
    with pytest.raises(ValueError, match="no rows"):
        fastopt.Parts.from_arrays(T[:0], Y[:0])
    with pytest.raises(ValueError, match=r"\.npy file"):
        fastopt.Parts.from_arrays(tmp_path / "x.csv", Y)
    with pytest.raises(ValueError, match="rows"):
        fastopt.Parts.from_arrays(T, Y, rows=0)
