"""Normalisation, dropout and shortcuts as settings: what they mean, and what is refused."""

import pickle

import numpy as np
import pytest

import fastopt


def data(n):
    return np.ones((n, 2)), np.ones(n)


def test_shortcuts_of_blocks():
    def shortcuts(sizes, residual):
        return fastopt.MLP(sizes, residual=residual)._hidden.shortcuts

    assert shortcuts([3, *[5] * 5, 1], 2) == ((1, 3), (3, 5))
    assert shortcuts([3, *[5] * 6, 1], 2) == ((1, 3), (3, 5), (5, 6))  # the last is shorter
    assert shortcuts([3, *[5] * 6, 1], fastopt.Residual(2)) == ((1, 3), (3, 5), (5, 6))
    by_pairs = fastopt.Residual(2, projection=True)
    assert shortcuts([3, 4, 5, 6, 7, 8, 1], by_pairs) == ((0, 2), (2, 4), (4, 5))
    net = fastopt.MLP([3, 4, 5, 6, 5, 1], residual=by_pairs, random_state=0)
    assert [None if P is None else P.shape for P in net.projections_] == [
        None,
        (3, 5),
        None,
        None,
        None,
    ]
    assert "residual=Residual(layers=2, projection=True)" in repr(pickle.loads(pickle.dumps(net)))
    net = fastopt.MLP([5, 5, 7, 1], residual="projection", random_state=0)
    assert [P is None for P in net.projections_] == [True, False, True]
    assert net.projections_[1].shape == (5, 7)
    assert "residual='projection'" in repr(net)


@pytest.mark.parametrize(
    ("settings", "extras"),
    [
        ({}, None),
        ({"dropout": 0.0, "residual": False}, None),
        ({"normalization": "layer"}, ["layer", "layer", "layer", ""]),
        ({"dropout": [0.1, 0, 0.25, 0]}, ["dropout 0.1 of inputs", "dropout 0.25", "", ""]),
        ({"residual": True}, ["", "+ 1", "+ 2", ""]),
        ({"residual": fastopt.Residual(2, projection=True)}, ["", "+ 0 P", "+ 2", ""]),
        (
            {
                "normalization": fastopt.BatchNormalization(position="after"),
                "dropout": 0.5,
                "residual": "projection",
            },
            [f"batch after, dropout 0.5, + {start}" for start in ("0 P", 1, 2)] + [""],
        ),
    ],
)
def test_summary_tells_what_layers_have_beside(settings, extras):
    net = fastopt.MLP([4, 8, 8, 8, 2], **settings)
    head, *rows, total = net.summary().splitlines()
    start = len("layer    inputs  outputs  activation  parameters")
    assert [row[start:].strip() for row in rows] == (extras or [""] * 4)
    assert head[start:] == ("" if extras is None else "  extras")
    assert [row == row.rstrip() for row in (head, *rows, total)] == [True] * 6
    assert int(total.split()[-1]) == sum(int(row[:start].split()[-1]) for row in rows)


MLP = fastopt.MLP
BAD = [
    (lambda: MLP([2, 3, 1], dropout=1.0), r"dropout must be a number in \[0, 1\), got 1.0"),
    (lambda: MLP([2, 3, 1], dropout=-0.1), r"dropout must be .* \[0, 1\), got -0.1"),
    (lambda: MLP([2, 3, 1], dropout=[0.1, 1.5]), r"dropout\[1\] must .* \[0, 1\), got 1.5"),
    (lambda: MLP([2, 3, 1], dropout=[0.1] * 3), "each of the 1 hidden layers.*got 3"),
    (lambda: MLP([2, 3, 1], normalization="group"), "'batch', 'layer', got 'group'"),
    (lambda: MLP([2, 3, 4, 1], residual=True), "3 outputs of hidden layer 1 .* 4 .*'projection'"),
    (lambda: MLP([2, 3, 3, 4, 1], residual=2), r"3 outputs .* the 4 .* Residual\(2, projection=Tr"),
    (lambda: MLP([2, 3, 3, 3, 4, 1], residual=2), "3 outputs of hidden layer 3 .* hidden layer 4"),
    (lambda: MLP([2, 3, 3, 1], residual=fastopt.Residual(3, True)), "at least 3 hidden layers"),
    (lambda: MLP([2, 1], residual="projection"), "at least 1 hidden layer, got 0"),
    (lambda: MLP([2, 1], dropout=0.5), r"hidden layers, and there are none; dropout=\[0.5\]"),
    (lambda: MLP([2, 1], normalization="batch"), "hidden layers, and there are none"),
    (lambda: MLP([2, 3, 3, 1], residual="identity"), "residual must be .*'identity'"),
    (lambda: MLP([2, 3, 3, 1], residual=0), "residual must be .* got 0"),
    (lambda: MLP([2, 3, 1], residual=True), "at least 2 hidden layers, got 1"),
    (lambda: fastopt.BatchNormalization(momentum=1.0), r"momentum .* \[0, 1\), got 1.0"),
    (lambda: fastopt.LayerNormalization(position="end"), "'before', 'after', got 'end'"),
    (lambda: MLP([2, 3, 1]).predict([[1, 2]], mc_dropout=3), "needs a network with dropout"),
    (lambda: MLP([2, 3, 1]).fold(), "only batch normalization can be folded"),
    (
        lambda: MLP([2, 3, 1], normalization="batch").fit(*data(10), batch_size=1),
        "batch_size=1: .*normalization='layer'",
    ),
    (
        lambda: MLP([2, 3, 1], normalization="batch").fit(*data(1)),
        "X has one sample: .*normalization='layer'",
    ),
    (
        lambda: MLP([2, 3, 1], normalization="batch").loss_and_gradient(*data(1)),
        "X has one sample: .*normalization='layer'",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_second_order_methods_say_what_to_do():
    for settings, advice in (
        ({"normalization": "batch"}, "BFGS .*normalization='layer'"),
        ({"dropout": 0.5}, "BFGS .*dropout=0"),
    ):
        net = fastopt.MLP([2, 3, 1], **settings)
        with pytest.raises(ValueError, match=advice):
            net._hidden.check_second_order("BFGS")
    fastopt.MLP([2, 3, 3, 1], normalization="layer", residual=True)._hidden.check_second_order("x")


@pytest.mark.parametrize(
    ("at", "value", "match"),
    [
        (0, np.nan, "statistics holds nan at row 0"),
        (27, np.inf, "statistics holds inf at row 27"),
        (8, -1.0, r"statistics\[8\] is a variance and must be >= 0, got -1.0"),
        (43, -1.0, r"statistics\[43\] is a variance"),
        (32, -1.0, None),  # a mean
        (37, -1.0, None),
    ],
)
def test_statistics_are_checked_when_assigned(at, value, match):
    net = MLP([4, 8, 8, 6, 2], normalization="batch")
    values = net.statistics.copy()
    values[at] = value
    if match is None:
        net.statistics = values
        assert net.statistics[at] == value
        return
    before = net.statistics.copy()
    with pytest.raises(ValueError, match=match):
        net.statistics = values
    np.testing.assert_array_equal(net.statistics, before)


def test_rates_of_dropout_in_arrays():
    assert fastopt.MLP([2, 3, 1], dropout=np.array(0.1)).dropout == 0.1
    assert fastopt.MLP([2, 3, 3, 1], dropout=np.array([0.1, 0.2])).dropout == (0, 0.1, 0.2)
    with pytest.raises(ValueError, match="dropout must be a number"):
        fastopt.MLP([2, 3, 1], dropout=np.array(1.5))
