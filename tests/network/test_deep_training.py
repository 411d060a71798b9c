"""Training of networks with normalisation, dropout and shortcuts, as a user calls it."""

import pickle
from itertools import pairwise

import numpy as np
import pytest

import fastopt
from golden import load
from reference import masks
from reference.deep import DeepMLP, normalize, running_statistics
from reference.rules import RULES

CASES, ARRAYS = load("deep")
# A learning rate so small that no weight changes.
STILL = 1e-300


def arrays_of(name):
    return {key.split("/")[1]: a for key, a in ARRAYS.items() if key.split("/")[0] == name}


def relative_error(value, expected):
    return np.linalg.norm(value - expected) / np.linalg.norm(expected)


def data(n=50, d=4, q=2, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(n, q))


EVERYTHING = {"normalization": "batch", "dropout": [0.1, 0.25, 0.25, 0.5], "residual": "projection"}


def everything(**others):
    settings = {"activation": "relu", "random_state": 1, **EVERYTHING, **others}
    return fastopt.MLP([4, 8, 8, 6, 2], **settings)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["kind"] == "training"], ids=lambda case: case["name"]
)
def test_hundred_steps_equal_those_of_pytorch(case):
    golden = arrays_of(case["start"]) | arrays_of(case["name"])
    net = fastopt.MLP(
        case["layer_sizes"],
        activation=case["activation"],
        output_activation=case["output_activation"],
        normalization=case["normalization"],
        dropout=case["dropout"] or 0.0,
        residual=True,
    )
    net.parameters = golden["weights"]
    optimizer = getattr(fastopt, case["fastopt"])(**case["fastopt_settings"])
    kept = {}

    class Keep(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            kept[epoch + 1] = net.parameters.copy()

    settings = {"loss": case["loss"], "l2": case["l2"], "batch_size": None, "epochs": 100}
    settings |= {"random_state": case["seed"], "callbacks": [Keep()]}
    history = net.fit(golden["X"], golden["T"], optimizer, **settings)
    # The largest differences seen are 4e-15 and 2e-15.
    np.testing.assert_allclose(history.loss, golden["losses"], rtol=1e-13)
    for step in (1, 10, 100):
        assert relative_error(kept[step], golden[f"weights_{step}"]) <= 1e-13
    if case["normalization"] == "batch":
        # PyTorch's running variance is unbiased: N/(N−1) of ours, but for the share of its start.
        n, start = len(golden["X"]), 0.99**100
        for layer, (mean, variance) in enumerate(statistics_of(net), start=1):
            assert relative_error(mean, golden[f"running_mean_{layer}"]) <= 1e-13
            unbiased = (variance - start) * n / (n - 1) + start
            assert relative_error(unbiased, golden[f"running_variance_{layer}"]) <= 1e-13


def statistics_of(net):
    start = 0
    for width in net.layer_sizes[1:-1]:
        yield net.statistics[start : start + 2 * width].reshape(2, width)
        start += 2 * width


def test_running_statistics_are_those_of_keras():
    golden = arrays_of("batch statistics")
    net = fastopt.MLP([3, 3, 1], activation="identity", normalization="batch")
    net.coefs_[0][:] = np.eye(3)
    net.scales_[0][:], net.shifts_[0][:] = golden["gamma"], golden["beta"]
    frozen = fastopt.SGD(STILL)
    for i in range(4):
        batch = golden[f"batch_{i}"]
        net.fit(batch, np.zeros(len(batch)), frozen, epochs=1, batch_size=len(batch))
    mean, variance = next(statistics_of(net))
    np.testing.assert_allclose(mean, golden["keras_mean"], rtol=1e-6)
    np.testing.assert_allclose(variance, golden["keras_variance"], rtol=1e-6)
    expected = running_statistics([golden[f"batch_{i}"] for i in range(4)])
    np.testing.assert_allclose((mean, variance), expected, rtol=1e-13)
    net.coefs_[1][:], net.intercepts_[1][:] = np.array([[1.0], [0], [0]]), 0
    np.testing.assert_allclose(
        net.predict(golden["batch_0"]), golden["keras_inference"][:, 0], rtol=1e-6, atol=1e-9
    )


def test_momentum_epsilon_and_position():
    X, T = data()
    z = {"before": 0, "after": 0}
    for position in z:
        n = fastopt.BatchNormalization(momentum=0.5, epsilon=0.1, position=position)
        net = fastopt.MLP([4, 5, 2], normalization=n, random_state=0)
        assert (net.intercepts_[0] is None) == (position == "before")
        raw = X @ net.coefs_[0]
        values = raw if position == "before" else np.tanh(raw)
        normalized = normalize(values, 0, 0.1)[0]
        a = np.tanh(normalized) if position == "before" else normalized
        value, _ = net.loss_and_gradient(X, T)
        expected = ((a @ net.coefs_[1] - T) ** 2).mean()
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        net.fit(X, T, fastopt.SGD(STILL), epochs=1, batch_size=None)
        mean, variance = next(statistics_of(net))
        np.testing.assert_allclose(mean, 0.5 * values.mean(0), rtol=1e-12)
        np.testing.assert_allclose(variance, 0.5 + 0.5 * values.var(0), rtol=1e-12)


@pytest.mark.parametrize("value", [1.0, 1e3, 1e5])
def test_running_means_in_float32_reach_constant_features(value):
    net = fastopt.MLP([1, 1, 1], activation="identity", normalization="batch", dtype="float32")
    net.coefs_[0][:] = 1
    X = np.full((64, 1), value)
    net.fit(X, np.zeros(64), fastopt.SGD(1e-30), epochs=100, batch_size=2)
    mean, _ = next(statistics_of(net))
    # Half a unit in the last place is a share 0.01 of what is left.
    assert abs(mean[0] - value) <= 51 * np.spacing(np.float32(value))


def test_an_epoch_equals_its_transcription():
    # Batch normalisation, dropout and shortcuts in mini-batches with Adam, step by step in NumPy.
    X, T = data(n=45)
    rates = (0.1, 0.25, 0.5)
    net = fastopt.MLP([4, 6, 6, 2], normalization="batch", dropout=rates, residual=True)
    reference = DeepMLP((4, 6, 6, 2), normalization="batch", blocks=((1, 2),))
    w = net.parameters.copy()
    rule = RULES["Adam"](weight_decay=0.1, decayed=reference.weight_mask())
    seed, means = 77, []
    for i in range(6):
        rows = slice(i % 3 * 16, i % 3 * 16 + 16)
        dropout = reference.drawn_dropout(rates, len(X[rows]), seed, i)
        means.append(reference.normalizer_inputs(w, X[rows], dropout))
        settings = {"l2": 0.01, "dropout": dropout}
        w = rule.step(w, reference.gradient(w, X[rows], T[rows], **settings), 0.01)
    optimizer = fastopt.Adam(0.01, weight_decay=0.1)
    settings = {"shuffle": False, "batch_size": 16, "l2": 0.01, "random_state": seed}
    net.fit(X, T, optimizer, epochs=2, **settings)
    assert relative_error(net.parameters, w) <= 1e-12
    for z, statistics in zip(zip(*means, strict=True), statistics_of(net), strict=True):
        np.testing.assert_allclose(statistics, running_statistics(z), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("normalization", "batch_size", "ends"),
    [
        ("batch", 32, [33]),
        ("batch", 16, [16, 33]),
        ("batch", 4, [*range(4, 29, 4), 33]),
        ("layer", 32, [32, 33]),
        ("layer", 16, [16, 32, 33]),
        (None, 16, [16, 32, 33]),
    ],
)
def test_a_last_batch_of_one_sample_joins_the_one_before(normalization, batch_size, ends):
    X, T = data(n=33)
    net = fastopt.MLP([4, 5, 2], normalization=normalization, random_state=0)
    reference = DeepMLP((4, 5, 2), normalization=normalization)
    w, losses, inputs = net.parameters.copy(), [], []
    for _ in range(2):
        loss = 0.0
        for first, end in pairwise([0, *ends]):
            rows = slice(first, end)
            loss += (end - first) / 33 * reference.loss(w, X[rows], T[rows])
            inputs.append(reference.normalizer_inputs(w, X[rows])[0])
            w = w - 0.1 * reference.gradient(w, X[rows], T[rows])
        losses.append(loss)
    settings = {"epochs": 2, "batch_size": batch_size, "shuffle": False}
    history = net.fit(X, T, fastopt.SGD(0.1), **settings)
    assert relative_error(net.parameters, w) <= 1e-13
    np.testing.assert_allclose(history.loss, losses, rtol=1e-13)
    if normalization == "batch":
        statistics = next(statistics_of(net))
        np.testing.assert_allclose(statistics, running_statistics(inputs), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "normalization",
    [
        None,
        "batch",
        "layer",
        fastopt.BatchNormalization(position="after"),
        fastopt.LayerNormalization(position="after"),
    ],
    ids=repr,
)
def test_same_bits_for_any_number_of_threads(normalization, dtype):
    X, T = data(n=700, d=40)
    before, outcomes = fastopt.get_num_threads(), []
    try:
        for threads in (1, 2, 4):
            fastopt.set_num_threads(threads)
            net = fastopt.MLP(
                [40, 96, 96, 80, 2],
                activation="gelu",
                normalization=normalization,
                dropout=[0.1, 0.2, 0.2, 0.3],
                residual="projection",
                dtype=dtype,
                random_state=0,
            )
            net.fit(X, T, "adam", epochs=2, batch_size=256, clip=fastopt.ClipByGlobalNorm(0.5))
            outputs = net.predict(X, mc_dropout=2)
            outcomes.append(
                (net.parameters.tobytes(), net.statistics.tobytes(), outputs[0].tobytes())
            )
    finally:
        fastopt.set_num_threads(before)
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_everything_survives_copies_pickles_and_interruptions():
    X, T = data()
    net = everything()
    first = net.fit(X, T, "adam", epochs=2, batch_size=7)
    assert np.any(net.statistics[:8] != 0)
    copies = [net.copy(), pickle.loads(pickle.dumps(net)), net.astype("float32")]
    for other in copies[:2]:
        np.testing.assert_array_equal(other.predict(X), net.predict(X))
        assert repr(other) == repr(net)
    np.testing.assert_allclose(copies[2].predict(X), net.predict(X), rtol=1e-3, atol=1e-4)
    net.fit(X, T, "adam", epochs=4, batch_size=7, initial_epoch=first)
    whole = everything()
    whole.fit(X, T, "adam", epochs=4, batch_size=7)
    np.testing.assert_array_equal(net.parameters, whole.parameters)
    np.testing.assert_array_equal(net.statistics, whole.statistics)


def test_calls_of_fit_with_one_seed_repeat_order_and_masks():
    X, T = data()
    net, settings = everything(), {"batch_size": 7, "random_state": 5}
    start = net.parameters.copy()
    first = net.fit(X, T, "sgd", epochs=1, **settings)
    once = net.parameters.copy()
    net.parameters = start
    net.fit(X, T, "sgd", epochs=1, **settings)
    np.testing.assert_array_equal(net.parameters, once)
    net.parameters = start
    net.fit(X, T, "sgd", epochs=2, initial_epoch=first, **settings)
    assert relative_error(net.parameters, once) > 1e-3


def test_momentum_says_how_many_updates_running_statistics_need():
    X, T = data()
    for momentum, updates in ((0.99, 460), (0.9, 44)):
        n = fastopt.BatchNormalization(momentum=momentum)
        net = fastopt.MLP([4, 5, 2], normalization=n, random_state=0)
        z = X @ net.coefs_[0]
        for epochs, reached in ((updates, True), (updates // 2, False)):
            fresh = net.copy()
            fresh.fit(X, T, fastopt.SGD(STILL), epochs=epochs, batch_size=None)
            mean, _ = next(statistics_of(fresh))
            assert (np.abs(mean / z.mean(0) - 1) <= 0.01).all() == reached


def test_restored_weights_come_with_their_statistics():
    X, T = data()
    net = everything(dropout=0.0)
    net.fit(X, T, "adam", epochs=3)
    at_best, statistics = net.parameters.copy(), net.statistics.copy()
    wanted = net.evaluate(X, T)
    with pytest.raises(fastopt.DivergenceError):
        net.fit(X, T, fastopt.SGD(1e200), epochs=5, batch_size=None)
    np.testing.assert_array_equal(net.parameters, at_best)
    np.testing.assert_array_equal(net.statistics, statistics)
    assert net.evaluate(X, T) == wanted

    stop = fastopt.EarlyStopping(patience=2, restore_best_weights=True)
    settings = {"validation_data": (X + 1, T), "batch_size": 10, "epochs": 30}
    history = net.fit(X, T, fastopt.Adam(0.1), callbacks=[stop], **settings)
    assert net.evaluate(X + 1, T) == min(history.val_loss)


def test_undo_brings_statistics_back():
    X, T = data()
    net = everything(dropout=0.0)
    rate = fastopt.AdaptiveLearningRate(initial=50.0, undo=True)
    before = net.statistics.copy()
    history = net.fit(X, T, fastopt.SGD(rate), epochs=1)
    assert history.step_norm == [0.0]
    np.testing.assert_array_equal(net.statistics, before)


def test_penalties_leave_biases_scales_and_shifts_alone():
    X = np.zeros((8, 4))
    net = everything(dropout=0.0, activation="tanh")
    rng = np.random.default_rng(0)
    net.parameters = rng.normal(size=net.n_parameters)
    before = net.copy()
    # Targets that are met: the gradient is that of the penalty alone.
    net.fit(X, net.predict(X) * 0, fastopt.SGD(0.1, weight_decay=0.5), epochs=1, loss=flat)
    for now, then in zip(net._views.layers(), before._views.layers(), strict=True):
        for name in now:
            shrinks = 0.95 if name in ("W", "P") else 1.0
            np.testing.assert_allclose(now[name], shrinks * then[name], rtol=1e-14)


def flat(outputs, targets):
    return 0.0, np.zeros_like(outputs)


def test_clipping_is_counted():
    X, T = data()
    net = everything()
    clip = fastopt.ClipByGlobalNorm(1e-3)
    history = net.fit(X, T, "adam", epochs=2, clip=clip)
    assert history.clipped == [1.0, 1.0]
    assert net.fit(X, T, "adam", epochs=1, clip=fastopt.ClipByValue(1e9)).clipped == [0.0]
    assert "clipped" not in net.fit(X, T, "adam", epochs=1)
    half = fastopt.MLP([1, 1], initializer="zeros")
    history = half.fit([[1.0], [1.0]], [100.0, 0.1], fastopt.SGD(STILL), batch_size=1, epochs=1,
                       clip=fastopt.ClipByNorm(50.0))  # fmt: skip
    assert history.clipped == [0.5]


def test_dropout_is_off_in_use():
    X, T = data()
    net = everything()
    plain = everything(dropout=0.0)
    plain.parameters = net.parameters
    np.testing.assert_array_equal(net.predict(X), plain.predict(X))
    assert net.evaluate(X, T) == plain.evaluate(X, T)
    assert net.evaluate(X, T) == pytest.approx(((net.predict(X) - T) ** 2).mean(), rel=1e-12)


def test_monte_carlo_dropout():
    X, _ = data()
    rates = (0.1, 0.5)
    net = fastopt.MLP([4, 6, 2], dropout=rates, random_state=3)
    reference = DeepMLP((4, 6, 2))
    outputs = [
        reference.predict(net.parameters, X, reference.drawn_dropout(rates, 50, 11, k))
        for k in range(20)
    ]
    mean, sd = net.predict(X, mc_dropout=20, random_state=11)
    np.testing.assert_allclose(mean, np.mean(outputs, axis=0), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(sd, np.std(outputs, axis=0), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_masks_drop_the_right_share(rate):
    kept = masks.keep((500, 400), rate, 123, 7, 1)
    sd = np.sqrt(rate * (1 - rate) / kept.size)
    assert abs(kept.mean() - (1 - rate)) < 4 * sd
    # Units, samples, layers and iterations are independent of each other.
    for other in (kept[:, ::-1], kept[::-1], masks.keep((500, 400), rate, 123, 8, 1)):
        correlation = np.corrcoef(kept.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(kept.size)


@pytest.mark.parametrize("position", ["before", "after"])
def test_folding(position):
    X, T = data()
    n = fastopt.BatchNormalization(position=position)
    residual = "projection" if position == "before" else False
    net = everything(normalization=n, residual=residual)
    net.fit(X, T, "adam", epochs=5)
    folded = net.fold()
    assert folded.normalization is None
    np.testing.assert_allclose(folded.predict(X), net.predict(X), rtol=1e-11, atol=1e-12)
    # In use a sample's outputs do not depend on its neighbours.
    np.testing.assert_allclose(net.predict(X[:1]), net.predict(X)[:1], rtol=1e-12)


def test_layer_gradient_norms_in_the_history():
    X, T = data()
    net = everything(dropout=0.0)
    history = net.fit(X, T, "adam", epochs=2, metrics=["layer_gradient_norms", "mse"])
    norms = history.layer_gradient_norms[-1]
    assert norms == net.gradient_norms(X, T)
    assert [len(norms["weights"]), len(norms["activations"])] == [4, 3]


def test_layer_gradient_norms_of_a_resumed_run_are_those_of_the_whole():
    X, T = data()
    settings = {"batch_size": 7, "metrics": ["layer_gradient_norms"]}
    whole = everything().fit(X, T, "adam", epochs=5, **settings)
    net = everything()
    first = net.fit(X, T, "adam", epochs=2, **settings)
    resumed = net.fit(X, T, "adam", epochs=5, initial_epoch=first, **settings)
    assert len(resumed.layer_gradient_norms) == 5
    assert resumed.layer_gradient_norms == whole.layer_gradient_norms


def test_gradient_norm_over_all_data_is_by_the_statistics_of_all():
    X, T = data()
    net = everything(dropout=0.0)
    history = net.fit(X, T, "adam", epochs=1, batch_size=10, metrics=["gradient_norm"])
    _, gradient = net.loss_and_gradient(X, T)
    assert history.gradient_norm[0] == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
