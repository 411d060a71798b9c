"""Data in parts: ``validation_split`` and ``fastopt.split``."""

import pickle

import numpy as np
import pytest

import fastopt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X[:, 0] - 0.5 * X[:, 1] ** 2
LABELS = np.repeat([0, 1, 2], [20, 15, 5])[RNG.permutation(40)]


def make_net(q=1):
    return fastopt.MLP([3, 4, q], random_state=0)


def fitted(split, y=Y, **settings):
    net = make_net(3 if settings.get("loss") == "cross_entropy" else 1)
    return net, net.fit(X, y, epochs=2, validation_split=split, random_state=3, **settings)


@pytest.mark.parametrize("split", [0.25, ("random", 0.25), ("last", 0.25)])
def test_the_rows_held_out_are_told(split):
    net, history = fitted(split)
    rows = history.validation_rows
    assert len(rows) == 10
    assert np.all(np.diff(rows) > 0)
    assert history.val_loss[-1] == pytest.approx(net.evaluate(X[rows], Y[rows]), rel=1e-12)
    rest = np.setdiff1d(np.arange(40), rows)
    other = make_net()
    expected = other.fit(X[rest], Y[rest], epochs=2, shuffle=False)
    net = make_net()
    found = net.fit(X, Y, epochs=2, validation_split=split, random_state=3, shuffle=False)
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-12)


def test_of_a_number_alone_they_are_random_and_of_the_seed():
    rows = fitted(0.25)[1].validation_rows
    np.testing.assert_array_equal(rows, fitted(("random", 0.25))[1].validation_rows)
    assert not np.array_equal(rows, np.arange(30, 40))


def test_the_last_rows():
    np.testing.assert_array_equal(fitted(("last", 0.2))[1].validation_rows, np.arange(32, 40))
    weights = np.ones(40)
    weights[[35, 39]] = 0  # no samples
    rows = fitted(("last", 0.25), sample_weight=weights)[1].validation_rows
    np.testing.assert_array_equal(rows, [28, 29, 30, 31, 32, 33, 34, 36, 37, 38][-len(rows) :])


@pytest.mark.parametrize("one_hot", [False, True])
def test_stratified(one_hot):
    y = np.eye(3)[LABELS] if one_hot else LABELS
    for seed in range(20):
        net = make_net(3)
        history = net.fit(
            X,
            y,
            loss="cross_entropy",
            epochs=0,
            validation_split=("stratified", 0.2),
            random_state=seed,
        )
        counts = np.bincount(LABELS[history.validation_rows], minlength=3)
        assert counts.sum() == 8
        assert np.all(np.abs(counts - [4, 3, 1]) < 1)


def test_no_rows_without_a_split():
    net = make_net()
    net.fit(X, Y, epochs=1, validation_split=0.2)
    history = net.fit(X, Y, epochs=2, initial_epoch=net.history_)
    assert history.validation_rows is None
    assert net.fit(X, Y, epochs=1, validation_data=(X, Y)).validation_rows is None
    assert fastopt.History().validation_rows is None


def test_a_run_that_goes_on_keeps_the_rows():
    net, history = fitted(0.25)
    rows = history.validation_rows
    other = pickle.loads(pickle.dumps(net))
    again = other.fit(X, Y, epochs=3, validation_split=0.25, initial_epoch=other.history_)
    np.testing.assert_array_equal(again.validation_rows, rows)


@pytest.mark.parametrize(
    ("split", "error", "match"),
    [
        (("first", 0.2), ValueError, r"validation_split\[0\] must be one of 'random', 'last'"),
        (("last", 1.0), ValueError, r"validation_split must be a number in \[0, 1\)"),
        (("last",), ValueError, r"such as \('last', 0.2\), got \('last',\)"),
        (("last", "x"), TypeError, "validation_split must be a number"),
        (("last", 0.001), ValueError, "leaves no sample for validation"),
        (("stratified", 0.2), ValueError, "needs classes in y: whole numbers, or one-hot"),
        ("last", TypeError, "validation_split must be a number"),
    ],
)
def test_splits_that_are_refused(split, error, match):
    with pytest.raises(error, match=match):
        fitted(split)


def test_a_class_of_one_sample_cannot_be_stratified():
    labels = np.where(np.arange(40) == 7, 2, LABELS % 2)
    with pytest.raises(ValueError, match=r"class 2(\.0)? has one sample, row 7, and cannot stand"):
        fitted(("stratified", 0.2), y=labels, loss="cross_entropy")


# --- three parts -------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [7, 100, 1001])
@pytest.mark.parametrize("shares", [(0.7, 0.15, 0.15), (0.5, 0.5, 0), (0.6, 0.3, 0.1)])
def test_each_row_stands_in_one_part(n, shares):
    parts = fastopt.split(n, *shares, random_state=1)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    for rows, share in zip(parts, shares, strict=True):
        assert abs(len(rows) - share * n) <= 1
        assert np.all(np.diff(rows) > 0)
    assert parts.validation is parts[1]


def test_each_row_is_as_likely_as_any_in_each_part():
    counts = np.zeros((3, 20))
    for seed in range(2000):
        for count, rows in zip(counts, fastopt.split(20, random_state=seed), strict=True):
            count[rows] += 1
    expected = 2000 * np.array([14, 3, 3])[:, None] / 20
    # Five standard deviations of a binomial count.
    assert np.all(np.abs(counts - expected) < 5 * np.sqrt(expected * (1 - expected / 2000)))


def test_seeds():
    one, two, other = (fastopt.split(50, random_state=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one.test, other.test)
    fastopt.split(50, random_state=np.random.default_rng(0))


@pytest.mark.parametrize("names", [np.array(["cat", "dog", "eel"]), np.array([5, -1, 0.5])])
def test_stratified_parts(names):
    classes = names[LABELS]
    for seed in range(50):
        parts = fastopt.split(40, 0.6, 0.2, 0.2, stratify=classes, random_state=seed)
        assert [len(rows) for rows in parts] == [24, 8, 8]
        for rows, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
            for name, size in zip(names, (20, 15, 5), strict=True):
                assert abs(np.sum(classes[rows] == name) - share * size) < 2


@pytest.mark.parametrize(
    ("arguments", "settings", "error", "match"),
    [
        ((10, 0.8, 0.2), {}, ValueError, r"must add up to 1, got train=0.8 \+ .* = 1.15"),
        ((2,), {}, ValueError, "validation=0.15 of 2 samples leaves no sample for it"),
        ((X,), {}, TypeError, "n must be an integer"),
        ((0,), {}, ValueError, "n must be an integer in"),
        ((10, 1.2, -0.2, 0), {}, ValueError, r"train must be a number in \[0, 1\]"),
        ((10,), {"stratify": [0, 1]}, ValueError, "a class for each of n=10 samples, got 2"),
        ((10,), {"stratify": range(10)}, ValueError, "class 0 has one sample, row 0"),
    ],
)
def test_three_parts_that_are_refused(arguments, settings, error, match):
    with pytest.raises(error, match=match):
        fastopt.split(*arguments, **settings)
