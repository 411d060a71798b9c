"""Several starts of one training."""

import copy
import pickle

import numpy as np
import pytest

import fastopt

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (120, 2))
Y = np.sin(3 * X[:, 0]) * X[:, 1]
PARTS = {"validation_data": (X[80:], Y[80:])}


def network(**settings):
    return fastopt.MLP([2, 4, 1], random_state=3, **settings)


def starts(count, optimizer, **settings):
    """Each start by itself."""
    nets = []
    seeds = np.random.SeedSequence(3).generate_state(count, np.uint64)
    for k in range(count):
        net = network() if k == 0 else fastopt.MLP([2, 4, 1], random_state=int(seeds[k]))
        # The order of the samples is that of the one network.
        net.fit(X[:80], Y[:80], optimizer, random_state=3, **settings)
        nets.append(net)
    return nets


@pytest.mark.parametrize("validation", [True, False])
@pytest.mark.parametrize("optimizer", ["lm", "adam"])
def test_the_best_of_independent_starts_is_kept(optimizer, validation):
    settings = {"epochs": 8, **(PARTS if validation else {})}
    net = network()
    history = net.fit(X[:80], Y[:80], optimizer, restarts=5, **settings)
    nets = starts(5, optimizer, **settings)
    column = "val_loss" if validation else "loss"
    values = [other.history_[column][-1] for other in nets]
    assert len(set(values)) == 5
    best = nets[int(np.argmin(values))]
    np.testing.assert_array_equal(net.parameters, best.parameters)
    assert history[column] == best.history_[column]
    assert net.history_ is history
    assert min(values) < values[0]


def test_early_stopping_judges_by_the_best_epoch():
    optimizer = fastopt.LevenbergMarquardt.matlab()
    net = network()
    history = net.fit(X[:80], Y[:80], optimizer, epochs=60, restarts=4, **PARTS)
    value = net.evaluate(*PARTS["validation_data"])
    assert value == pytest.approx(min(history.val_loss), rel=1e-9)
    nets = starts(4, optimizer, epochs=60, **PARTS)
    assert value == pytest.approx(min(min(n.history_.val_loss) for n in nets), rel=1e-9)


def test_one_restart_is_a_fit():
    one, two = network(), network()
    one.fit(X, Y, epochs=3, restarts=1)
    two.fit(X, Y, epochs=3)
    np.testing.assert_array_equal(one.parameters, two.parameters)


def test_starts_that_diverge_do_not_count():
    # Steps of this length leave the finite numbers from any start.
    with pytest.raises(fastopt.DivergenceError):
        network().fit(X, Y, fastopt.SGD(1e6), epochs=200, restarts=3)
    net = network()
    net.parameters = np.full(net.n_parameters, 1e200)  # the first start alone
    history = net.fit(X, Y, "sgd", epochs=5, restarts=3)
    assert np.isfinite(history.loss).all()
    assert np.abs(net.parameters).max() < 10


def test_the_initializer_goes_along():
    for net in (network(initializer="normal"), fastopt.MLP([2, 4, 1], rng=0, initializer="zeros")):
        for other in (net, copy.copy(net), net.copy(), pickle.loads(pickle.dumps(net))):
            other._start_anew(5)
            expected = fastopt.MLP([2, 4, 1], random_state=5, initializer=net._initializer)
            np.testing.assert_array_equal(other.parameters, expected.parameters)


def test_batch_statistics_begin_anew():
    net = fastopt.MLP([2, 4, 1], normalization="batch", random_state=0)
    start = net.statistics.copy()
    net.fit(X, Y, epochs=2)
    assert not np.array_equal(net.statistics, start)
    net._start_anew(1)
    np.testing.assert_array_equal(net.statistics, start)


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"restarts": 0}, ValueError, "restarts must be an integer"),
        ({"restarts": 2.0}, TypeError, "restarts must be an integer"),
        ({"restarts": 2, "initial_epoch": fastopt.History()}, ValueError, "begins anew"),
    ],
)
def test_what_restarts_refuses(settings, error, match):
    with pytest.raises(error, match=match):
        network().fit(X, Y, epochs=1, **settings)
    fixed = network(initializer=[np.ones((2, 4)), np.ones((4, 1))])
    with pytest.raises(ValueError, match="an initializer that is an array starts all alike"):
        fixed.fit(X, Y, epochs=1, restarts=2)


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("optimizer", ["lm", "adam", "bfgs"])
def test_side_by_side_to_the_bits_of_one_after_the_other(optimizer, threads, set_threads):
    def keeps(epoch, logs):
        return None

    set_threads(threads)
    one, two = network(), network()
    early = fastopt.EarlyStopping(patience=5)
    one.fit(X[:80], Y[:80], optimizer, epochs=9, restarts=6, callbacks=early, **PARTS)
    # A function of one's own: one after the other.
    watched = [fastopt.EarlyStopping(patience=5), fastopt.LambdaCallback(on_epoch_end=keeps)]
    two.fit(X[:80], Y[:80], optimizer, epochs=9, restarts=6, callbacks=watched, **PARTS)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert one.history_.loss == two.history_.loss
    assert fastopt.get_num_threads() == threads


def test_scaling_goes_along_with_the_best(set_threads):
    set_threads(2)
    net = network(scale_inputs="standard", scale_targets="standard")
    net.fit(50 + 9 * X, 1e4 * Y, "lm", epochs=30, restarts=4)
    values = [
        fastopt.MLP(
            [2, 4, 1], random_state=int(seed), scale_inputs="standard", scale_targets="standard"
        )
        .fit(50 + 9 * X, 1e4 * Y, "lm", epochs=30, random_state=3)
        .loss[-1]
        for seed in np.random.SeedSequence(3).generate_state(4, np.uint64)[1:]
    ]
    assert net.history_.loss[-1] <= min(values)
    value = net.evaluate(50 + 9 * X, 1e4 * Y) / np.var(
        1e4 * Y
    )  # the History's is of scaled targets
    assert value == pytest.approx(net.history_.loss[-1], rel=1e-9)


def test_best_by_a_column_or_a_function():
    settings = {"epochs": 8, "metrics": ["r2", "mae"], "restarts": 5, **PARTS}
    nets = starts(5, "lm", **{k: v for k, v in settings.items() if k != "restarts"})
    net = network()
    net.fit(X[:80], Y[:80], "lm", best_by="val_r2", **settings)
    assert net.history_.val_r2[-1] == max(other.history_.val_r2[-1] for other in nets)
    net = network()
    net.fit(X[:80], Y[:80], "lm", best_by="mae", **settings)
    assert net.history_.mae[-1] == min(other.history_.mae[-1] for other in nets)
    largest = [np.abs(other.parameters).max() for other in nets]
    net = network()
    net.fit(X[:80], Y[:80], "lm", best_by=lambda n, h: np.abs(n.parameters).max(), **settings)
    assert np.abs(net.parameters).max() == min(largest)
    with pytest.raises(ValueError, match="best_by='val_rmse': the History has no such column"):
        network().fit(X[:80], Y[:80], "lm", best_by="val_rmse", **settings)
    with pytest.raises(TypeError, match="best_by must be the name of a column"):
        network().fit(X[:80], Y[:80], "lm", best_by=3, **settings)


def test_what_a_start_raises_ends_all(set_threads):
    set_threads(2)
    with pytest.raises(ValueError, match="batch_size"):
        network().fit(X, Y, batch_size=0, restarts=4)
    assert fastopt.get_num_threads() == 2
