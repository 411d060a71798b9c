"""ExponentialMovingAverage: against the mean by its weights, with all that looks at a network."""

import numpy as np
import pytest

import fastopt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = np.sin(2 * X[:, 0]) * X[:, 1] + RNG.normal(0, 0.3, 60)
HELD_OUT = (X[40:], Y[40:])
ADAM = fastopt.Adam(0.03)
METHODS = [ADAM, "lm", "bfgs", "traingda", fastopt.SGD(0.1, momentum=0.9, nesterov=True)]


class Weights(fastopt.Callback):
    """The weights after each epoch, as the network holds them then."""

    def __init__(self):
        self.all = []

    def on_epoch_end(self, epoch, logs):
        self.all.append(self.run.weights)


def make(**settings):
    return fastopt.MLP([2, 6, 1], activation="tanh", random_state=1, **settings)


def fit(net, optimizer=ADAM, epochs=12, callbacks=(), **more):
    rows = {"validation_data": HELD_OUT, "metrics": ["mae"]} | more
    return net.fit(X[:40], Y[:40], optimizer, epochs=epochs, callbacks=callbacks, **rows)


def mean(weights, decay):
    """Σ dᵏ w of k epochs ago, over Σ dᵏ."""
    share = decay ** np.arange(len(weights))[::-1]
    return share @ np.array(weights, dtype=float) / share.sum()


@pytest.mark.parametrize("optimizer", METHODS, ids=str)
@pytest.mark.parametrize("decay", [0.0, 0.7, 0.95])
def test_validation_and_the_end_are_of_the_average(optimizer, decay):
    watch, net, plain = Weights(), make(), Weights()
    history = fit(net, optimizer, 12, [watch, fastopt.ExponentialMovingAverage(decay)])
    alone = fit(make(), optimizer, 12, plain)
    assert np.array_equal(watch.all, plain.all)  # training does not see it
    assert history.loss == alone.loss
    other = make()
    for k in range(len(history)):
        other.parameters = mean(watch.all[: k + 1], decay)
        expected = other.evaluate(*HELD_OUT, metrics=["mae"])
        assert history.val_loss[k] == pytest.approx(expected["loss"], rel=1e-10)
        assert history.val_mae[k] == pytest.approx(expected["mae"], rel=1e-10)
        on_data = other.evaluate(X[:40], Y[:40], metrics=["mae"])
        assert history.mae[k] == pytest.approx(on_data["mae"], rel=1e-10)
    np.testing.assert_allclose(net.parameters, mean(watch.all, decay), rtol=1e-12, atol=1e-14)


def test_single_precision_and_batch_normalisation():
    net, watch = make(normalization="batch", dtype="float32"), Weights()
    fit(net, callbacks=[watch, fastopt.ExponentialMovingAverage(0.8)], batch_size=10)
    np.testing.assert_allclose(net.parameters, mean(watch.all, 0.8), rtol=1e-5, atol=1e-6)
    assert net.parameters.dtype == np.float32
    plain = make(normalization="batch", dtype="float32")
    fit(plain, batch_size=10)
    assert not np.array_equal(net.statistics, plain.statistics)


@pytest.mark.parametrize("order", [1, -1])
def test_early_stopping_keeps_the_best_average(order):
    watch, net = Weights(), make()
    early = fastopt.EarlyStopping(patience=100)
    average = fastopt.ExponentialMovingAverage(0.8)
    history = fit(net, fastopt.Adam(0.2), 80, [watch, *[early, average][::order]])
    best = int(np.argmin(history.val_loss))
    assert best < 79
    np.testing.assert_allclose(
        net.parameters, mean(watch.all[: best + 1], 0.8), rtol=1e-12, atol=1e-14
    )


# Second-order methods refuse batch normalisation.
CASES = [*((method, None) for method in METHODS), (ADAM, "batch")]


@pytest.mark.parametrize(("optimizer", "normalization"), CASES, ids=str)
def test_it_goes_on_to_the_same_bits(optimizer, normalization, tmp_path):
    settings = {"normalization": normalization}

    def average():
        return fastopt.ExponentialMovingAverage(0.8)

    whole = make(**settings)
    expected = fit(whole, optimizer, 15, average())
    assert np.isfinite(expected.val_loss).all()

    parts = make(**settings)
    first = fit(parts, optimizer, 6, average())
    history = fit(parts, optimizer, 15, average(), initial_epoch=first)
    assert np.array_equal(parts.parameters, whole.parameters)
    assert np.array_equal(parts.statistics, whole.statistics)
    assert history.val_loss == expected.val_loss

    path = tmp_path / "run.safetensors"
    net = make(**settings)
    # The same callbacks in both runs: what a run in a file goes on with has to be what it was.
    fit(net, optimizer, 6, [average(), fastopt.ModelCheckpoint(path)])
    resumed = make(**settings)
    fit(resumed, optimizer, 15, [average(), fastopt.ModelCheckpoint(path)], resume_from=path)
    assert np.array_equal(resumed.parameters, whole.parameters)
    assert np.array_equal(resumed.statistics, whole.statistics)


@pytest.mark.parametrize("at", [0, 4])
def test_a_run_that_is_broken_off_goes_on(at):
    class Break(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == at:
                raise KeyboardInterrupt

    whole, net = make(), make()
    fit(whole, callbacks=fastopt.ExponentialMovingAverage(0.8))
    with pytest.raises(KeyboardInterrupt):
        fit(net, callbacks=[fastopt.ExponentialMovingAverage(0.8), Break()])
    fit(net, callbacks=fastopt.ExponentialMovingAverage(0.8), initial_epoch=net.history_)
    assert np.array_equal(net.parameters, whole.parameters)


def test_a_metric_that_raises_leaves_the_trained_weights():
    def metric(y_true, y_pred):
        calls.append(1)
        if len(calls) == 6:
            raise RuntimeError("mine")
        return 0.0

    calls, net, plain = [], make(), make()
    with pytest.raises(RuntimeError, match="mine"):
        fit(net, callbacks=fastopt.ExponentialMovingAverage(0.8), metrics=[metric])
    made = len(net.history_) + 1
    fit(plain, epochs=made)
    assert np.array_equal(net.parameters, plain.parameters)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("epochs", -1), ("epochs", 0), ("epochs", 1.5), ("average", 3.0), ("average", None)],
        *[("average", np.full(25, np.nan)), ("average", np.zeros(24)), ("weights", np.zeros(3))],
    ],
)
def test_damaged_states_are_refused(name, value):
    net = make()
    history = fit(net, callbacks=fastopt.ExponentialMovingAverage())
    [(label, state)] = history.solver_state["callbacks"]
    history.solver_state["callbacks"] = [(label, {**state, name: value})]
    with pytest.raises(ValueError, match="ExponentialMovingAverage"):
        fit(net, epochs=15, callbacks=fastopt.ExponentialMovingAverage(), initial_epoch=history)
    del state[name]
    history.solver_state["callbacks"] = [(label, state)]
    with pytest.raises(ValueError, match=f"has no entry '{name}'"):
        fit(net, epochs=15, callbacks=fastopt.ExponentialMovingAverage(), initial_epoch=history)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"decay must be a number in \[0, 1\), got 1"):
        fastopt.ExponentialMovingAverage(1.0)
    two = [fastopt.ExponentialMovingAverage(0.9), fastopt.ExponentialMovingAverage(0.5)]
    with pytest.raises(ValueError, match="give one ExponentialMovingAverage"):
        fit(make(), callbacks=two)


def test_restarts_each_have_an_average_of_their_own():
    net = make()
    average = fastopt.ExponentialMovingAverage(0.8)
    history = fit(net, epochs=8, callbacks=average, restarts=3)
    assert net.evaluate(*HELD_OUT) == pytest.approx(history.val_loss[-1], rel=1e-10)
    assert average == fastopt.ExponentialMovingAverage(0.8)
