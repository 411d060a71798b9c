"""``MLP.fit`` against a plain NumPy transcription of the whole training."""

import numpy as np
import pytest

import fastopt
import fastopt.schedules
from reference import rules, schedules
from reference.network import MLP as ReferenceMLP

RNG = np.random.default_rng(0)
N = 37
X = RNG.normal(size=(N, 3))
Y = np.sin(X @ RNG.normal(size=(3, 2)))
CLASSES = RNG.integers(0, 2, size=N)
WEIGHTS = RNG.uniform(0.2, 3.0, size=N)
SIZES = (3, 6, 4, 2)


def make_net(output="identity", dtype="float64", seed=1):
    net = fastopt.MLP(SIZES, "tanh", output, dtype=dtype, random_state=seed)
    net.parameters = np.random.default_rng(seed).normal(size=net.n_parameters) / 2
    return net


def clip_by_norm(g, limit):
    length = np.linalg.norm(g)
    return g if length <= limit else g * (limit / length)


def clipped(ref, g, clip):
    """The gradient as ``clip``, (kind, limit), leaves it."""
    kind, limit = clip
    if kind == "value":
        return np.clip(g, -limit, limit)
    if kind == "global_norm":
        return clip_by_norm(g, limit)
    g = g.copy()
    for W, b in ref.unpack(g):
        W[:], b[:] = clip_by_norm(W, limit), clip_by_norm(b, limit)
    return g


def transcription(
    w, rule, rate, epochs, batch, *, output="identity", T=Y, loss="mse", v=None, l2=0.0, clip=None
):
    """Train by the book, in the samples' own order: the last weights and the loss of each epoch.

    ``rate`` maps the number of the iteration and of the epoch to η.
    """
    ref = ReferenceMLP(SIZES, "tanh", output)
    v = np.ones(N) if v is None else v / v.mean()
    rule.decayed = ref.weight_mask()
    theta, losses, iteration = w.copy(), [], 0
    for epoch in range(epochs):
        batch_losses = []
        for first in range(0, N, batch):
            part = slice(first, first + batch)
            size = len(X[part])

            # The weights are divided by their mean over all data, not over the batch.
            def mean(f, theta=theta, part=part):
                return f(theta, X[part], T[part], loss, v[part]) * v[part].mean()

            penalty = ref.loss(theta, X, T, loss, l2=l2) - ref.loss(theta, X, T, loss)
            batch_losses.append((mean(ref.loss) + penalty) * size)
            g = mean(ref.gradient) + l2 * ref.weight_mask() * theta
            if clip is not None:
                g = clipped(ref, g, clip)
            theta = rule.step(theta, g, rate(iteration, epoch))
            iteration += 1
        w = rule.finalize(theta)
        losses.append(ref.loss(w, X, T, loss, v, l2) if batch >= N else np.sum(batch_losses) / N)
    return w, losses


def compare(net, history, expected_w, expected_losses, rtol=1e-11):
    assert np.linalg.norm(net.parameters - expected_w) <= rtol * np.linalg.norm(expected_w)
    np.testing.assert_allclose(history.loss, expected_losses, rtol=rtol)


OPTIMIZERS = {
    "sgd": (fastopt.SGD(0.1), lambda: rules.SGD()),
    "sgd, decay": (fastopt.SGD(0.1, weight_decay=0.02), lambda: rules.SGD(weight_decay=0.02)),
    "momentum": (
        fastopt.SGD(0.05, momentum=0.9, weight_decay=0.01),
        lambda: rules.SGD(momentum=0.9, weight_decay=0.01),
    ),
    "nesterov": (
        fastopt.SGD(0.05, momentum=0.8, nesterov=True),
        lambda: rules.SGD(momentum=0.8, nesterov=True),
    ),
    "nesterov, decay": (
        fastopt.SGD(0.05, momentum=0.8, nesterov=True, weight_decay=0.02),
        lambda: rules.SGD(momentum=0.8, nesterov=True, weight_decay=0.02),
    ),
    "adagrad": (fastopt.AdaGrad(0.1), lambda: rules.AdaGrad()),
    "rmsprop": (
        fastopt.RMSprop(0.01, weight_decay=0.01),
        lambda: rules.RMSprop(weight_decay=0.01),
    ),
    "adam": (fastopt.Adam(0.01, weight_decay=0.05), lambda: rules.Adam(weight_decay=0.05)),
    "nadam": (fastopt.Nadam(0.01), lambda: rules.Nadam()),
}
each_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


@each_optimizer
@pytest.mark.parametrize("batch", [10, N, 1])
def test_training_is_the_transcription(name, batch):
    optimizer, rule = OPTIMIZERS[name]
    net = make_net()
    w = net.parameters.copy()
    history = net.fit(X, Y, optimizer, epochs=8, batch_size=batch, shuffle=False, l2=0.01)
    expected = transcription(w, rule(), lambda i, epoch: optimizer.learning_rate, 8, batch, l2=0.01)
    compare(net, history, *expected)
    assert history.learning_rate == [optimizer.learning_rate] * 8


@each_optimizer
def test_float32_follows_float64(name):
    optimizer, _ = OPTIMIZERS[name]
    single, double = make_net(dtype="float32"), make_net()
    double.parameters = single.parameters
    x, y = X.astype(np.float32), Y.astype(np.float32)
    losses = [
        net.fit(x, y, optimizer, epochs=5, batch_size=8, shuffle=False).loss
        for net in (single, double)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    difference = np.linalg.norm(single.parameters - double.parameters)
    assert difference <= 1e-4 * np.linalg.norm(double.parameters)


@pytest.mark.parametrize("batch", [10, N])
@pytest.mark.parametrize(
    ("loss", "output", "T"),
    [
        ("mae", "identity", Y),
        ("huber", "tanh", 3 * Y),
        ("binary_cross_entropy", "sigmoid", (Y > 0).astype(float)),
        ("binary_cross_entropy", "identity", (Y > 0).astype(float)),
        ("cross_entropy", "softmax", CLASSES),
        ("cross_entropy", "identity", CLASSES),
        ("mse", "softmax", np.eye(2)[CLASSES]),
    ],
)
def test_losses_with_weights_of_samples(loss, output, T, batch):
    net = make_net(output)
    w = net.parameters.copy()
    history = net.fit(
        X,
        T,
        fastopt.Adam(0.01),
        loss,
        epochs=6,
        batch_size=batch,
        shuffle=False,
        sample_weight=WEIGHTS,
    )
    expected = transcription(
        w, rules.Adam(), lambda i, e: 0.01, 6, batch, output=output, T=T, loss=loss, v=WEIGHTS
    )
    compare(net, history, *expected)


@pytest.mark.parametrize("batch", [10, N])
@pytest.mark.parametrize(
    "clip", [fastopt.ClipByValue(0.02), fastopt.ClipByNorm(0.1), fastopt.ClipByGlobalNorm(0.2)]
)
@pytest.mark.parametrize("name", ["momentum", "nesterov", "adam"])
def test_clipping(clip, batch, name):
    optimizer, rule = OPTIMIZERS[name]
    net = make_net()
    w = net.parameters.copy()
    history = net.fit(
        X, Y, optimizer, epochs=8, batch_size=batch, shuffle=False, clip=clip, l2=0.01
    )
    rate = optimizer.learning_rate
    expected = transcription(
        w, rule(), lambda i, e: rate, 8, batch, l2=0.01, clip=(clip.kind, clip.limit)
    )
    compare(net, history, *expected)
    unclipped = transcription(w, rule(), lambda i, e: rate, 8, batch, l2=0.01)[0]
    assert np.linalg.norm(unclipped - expected[0]) > 1e-6  # it did act


SCHEDULES = {
    "power": (
        fastopt.PowerSchedule(0.1, c1=5, c2=0.7),
        lambda i, e: schedules.power(i, 0.1, 5, 0.7),
    ),
    "piecewise": (
        fastopt.PiecewiseConstant([2, 5], [0.1, 0.05, 0.01]),
        lambda i, e: schedules.piecewise_constant(e, [2, 5], [0.1, 0.05, 0.01]),
    ),
    "exponential": (
        fastopt.ExponentialDecay(0.1, 10, 0.5),
        lambda i, e: schedules.exponential_decay(i, 0.1, 10, 0.5),
    ),
    "cosine": (fastopt.CosineDecay(0.1, 20), lambda i, e: schedules.cosine_decay(i, 0.1, 20)),
    "warm up": (
        fastopt.WarmUp(fastopt.PowerSchedule(0.1, c1=5), 7),
        lambda i, e: schedules.warm_up(i, lambda k: schedules.power(k, 0.1, 5), 7),
    ),
}


@pytest.mark.parametrize("batch", [10, N])
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name, batch):
    schedule, rate = SCHEDULES[name]
    net = make_net()
    w = net.parameters.copy()
    optimizer = fastopt.SGD(schedule, momentum=0.9, weight_decay=0.1)
    history = net.fit(X, Y, optimizer, epochs=8, batch_size=batch, shuffle=False)
    rule = rules.SGD(momentum=0.9, weight_decay=0.1)
    compare(net, history, *transcription(w, rule, rate, 8, batch))
    last = -(-N // batch) - 1  # of an epoch: it is what the History tells
    np.testing.assert_allclose(
        history.learning_rate, [rate(e * (last + 1) + last, e) for e in range(8)], rtol=1e-14
    )


class EverySecond(fastopt.schedules.Schedule):
    """A schedule of a user's, whose rates lie strided in memory."""

    def rates(self, first_iteration, n_iterations, epoch=None):
        i = np.arange(first_iteration, first_iteration + n_iterations, 0.5)
        return (0.1 / (1 + i))[::2]


def test_schedule_of_ones_own():
    net = make_net()
    w = net.parameters.copy()
    optimizer = fastopt.SGD(EverySecond())
    history = net.fit(X, Y, optimizer, epochs=5, batch_size=10, shuffle=False)
    compare(net, history, *transcription(w, rules.SGD(), lambda i, e: 0.1 / (1 + i), 5, 10))


def test_schedule_of_the_wrong_length():
    class Short(EverySecond):
        def rates(self, first_iteration, n_iterations, epoch=None):
            return super().rates(first_iteration, n_iterations)[1:]

    with pytest.raises(ValueError, match="one learning rate is needed for each iteration"):
        make_net().fit(X, Y, fastopt.SGD(Short()), batch_size=10)


def test_learning_rate_scheduler():
    net = make_net()
    w = net.parameters.copy()
    scheduler = fastopt.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))
    history = net.fit(X, Y, "sgd", epochs=5, batch_size=10, shuffle=False, callbacks=[scheduler])
    compare(net, history, *transcription(w, rules.SGD(), lambda i, e: 0.1 / (1 + e), 5, 10))
    assert history.learning_rate == [0.1 / (1 + e) for e in range(5)]


def test_reduce_on_plateau():
    net = make_net()
    callback = fastopt.ReduceLROnPlateau("loss", factor=0.5, patience=2, min_delta=1e9)
    history = net.fit(X, Y, fastopt.SGD(0.1), epochs=7, callbacks=callback)
    assert history.learning_rate == [0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025]


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize(
    "settings",
    [{"initial": 5.0}, {"initial": 1.0, "undo": False, "max_increase": 1.0, "increase": 1.3}],
)
def test_adaptive_learning_rate(momentum, nesterov, settings):
    """MATLAB's rule: the step is undone and the momentum forgotten where the loss grew too much."""
    ref, l2 = ReferenceMLP(SIZES), 0.01
    net = make_net()
    w = net.parameters.copy()
    optimizer = fastopt.SGD(
        fastopt.AdaptiveLearningRate(**settings), momentum=momentum, nesterov=nesterov
    )
    history = net.fit(X, Y, optimizer, epochs=40, l2=l2)

    settings = dict(settings)
    rate, m = settings.pop("initial"), 0.0
    E, losses, rates, undone = ref.loss(w, X, Y, l2=l2), [], [], 0
    for _ in range(40):
        ahead = w + momentum * m if nesterov else w
        new_m = momentum * m - rate * ref.gradient(ahead, X, Y, l2=l2)
        new_E = ref.loss(w + new_m, X, Y, l2=l2)
        rates.append(rate)
        rate, kept = schedules.adaptive(rate, E, new_E, **settings)
        if kept:
            w, m, E = w + new_m, new_m, new_E
        else:
            m, undone = 0.0, undone + 1
        losses.append(E)
    assert undone >= 1 or not settings.get("undo", True)
    assert len(set(rates)) > 5
    compare(net, history, w, losses, rtol=1e-9)
    np.testing.assert_allclose(history.learning_rate, rates, rtol=1e-13)


@pytest.mark.parametrize("nesterov", [False, True])
def test_an_undone_step_tells_of_the_weights_that_are_there(nesterov):
    true = []

    class Watch(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            true.append(np.linalg.norm(self.run.network.loss_and_gradient(X, Y)[1]))

    net = make_net()
    optimizer = fastopt.SGD(
        fastopt.AdaptiveLearningRate(1e3), momentum=0.9 * nesterov, nesterov=nesterov
    )
    stopping = fastopt.Stopping(gradient_norm=1e-6)
    history = net.fit(X, Y, optimizer, epochs=60, stopping=stopping, callbacks=Watch())
    assert history.step_norm.count(0.0) >= 5
    np.testing.assert_allclose(history.gradient_norm, true, rtol=1e-10)
    limit = history.loss[0] * (1 + 1e-12)  # met by the first row, whose step is undone
    stopped = make_net().fit(X, Y, optimizer, epochs=60, stopping=fastopt.Stopping(loss=limit))
    assert (stopped.stop_reason, len(stopped)) == ("loss", 1)


def test_adaptive_rule_mends_a_step_to_infinity():
    net = make_net()
    optimizer = fastopt.SGD(fastopt.AdaptiveLearningRate(1e200, decrease=1e-20))
    history = net.fit(X, Y, optimizer, epochs=60)
    assert np.isfinite(history.loss).all()
    assert history.loss[-1] < history.loss[0]


# --- the samples of a batch ------------------------------------------------------------------


def batches(n, batch_size, epochs, shuffle=True, seed=0, **settings):
    """The numbers of the samples of each batch, as a loss of one's own sees them."""
    seen = []

    def loss(outputs, targets):
        seen.append(targets[:, 0].astype(int).tolist())
        return 0.0, np.zeros_like(outputs)

    net = fastopt.MLP([1, 1], random_state=0)
    order = np.arange(n, dtype=float)[:, None]
    net.fit(
        order,
        order,
        "sgd",
        loss,
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        random_state=seed,
        **settings,
    )
    return seen


def test_batches_are_drawn_anew_without_replacement():
    drawn = batches(23, 5, epochs=3)
    assert [len(batch) for batch in drawn] == 3 * [5, 5, 5, 5, 3]
    orders = [[i for batch in drawn[k : k + 5] for i in batch] for k in (0, 5, 10)]
    assert all(sorted(order) == list(range(23)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert tuple(range(23)) not in {tuple(order) for order in orders}


def test_batches_follow_the_seed():
    assert batches(23, 5, 3, seed=1) == batches(23, 5, 3, seed=1)
    assert batches(23, 5, 3, seed=1) != batches(23, 5, 3, seed=2)


def test_batches_in_order():
    assert batches(7, 3, 2, shuffle=False) == 2 * [[0, 1, 2], [3, 4, 5], [6]]


def test_batches_of_one_epoch_follow_its_number():
    assert batches(9, 4, 5)[6:] == batches(9, 4, 5, initial_epoch=2)


@pytest.mark.parametrize(
    ("n", "batch_size", "expected"),
    [(100, "auto", 32), (20, "auto", 20), (100, None, 100), (100, 1, 1), (10, 1000, 10)],
)
def test_batch_size(n, batch_size, expected):
    assert len(batches(n, batch_size, 1)[0]) == expected


def test_each_position_is_reached_by_each_sample_alike():
    """χ² of (sample, position) over many orders of 6 samples: 25 degrees of freedom."""
    orders = np.reshape(batches(6, 1, 3000), (3000, 6))
    counts = np.array([np.bincount(column, minlength=6) for column in orders.T])
    chi_squared = ((counts - 500) ** 2 / 500).sum()
    assert 8 < chi_squared < 55
    # All 720 orders come up: none is missing by construction.
    assert len({tuple(order) for order in orders}) > 680
