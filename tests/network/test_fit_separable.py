"""Levenberg-Marquardt with variable projection: its steps, its solutions, its success."""

import pickle

import numpy as np
import pytest

import fastopt
from fastopt import LevenbergMarquardt
from reference.variable_projection import Projected, train

SEPARABLE = LevenbergMarquardt(separable=True)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
Y = np.column_stack([np.sin(2 * X[:, 0]) + X[:, 1], X[:, 0] * X[:, 1], np.cos(X[:, 1])])


def network(sizes, seed=0, **settings):
    """Return one with random weights and biases, so that none are drawn for it."""
    net = fastopt.MLP(sizes, random_state=seed, **settings)
    net.parameters = np.random.default_rng(seed).normal(0, 0.7, net.n_parameters)
    return net


def hidden_of(net):
    outputs = (net.layer_sizes[-2] + 1) * net.layer_sizes[-1]
    return net.parameters[:-outputs].copy()


def weights_of(name, N, q):
    if name is None:
        return None, np.ones((N, q))
    given = np.linspace(0.2, 1.8, N) if name == "rows" else RNG.uniform(0.2, 1.8, (N, q))
    full = np.broadcast_to(given if given.ndim == 2 else given[:, None], (N, q))
    return given, full / full.mean()


@pytest.mark.parametrize("scaling", ["identity", "diagonal"])
@pytest.mark.parametrize("l2", [0.0, 1e-3])
@pytest.mark.parametrize("weights", [None, "rows", "elements"])
@pytest.mark.parametrize(
    "sizes", [[2, 4, 1], [2, 4, 3], [2, 3, 4, 1], [2, 3, 4, 3]], ids=lambda s: "-".join(map(str, s))
)
def test_the_step_is_that_of_the_projected_residuals(sizes, weights, l2, scaling):
    T = Y[:, : sizes[-1]]
    given, v = weights_of(weights, *T.shape)
    net = network(sizes)
    u = hidden_of(net)
    problem = Projected(sizes, X, T, v, l2)
    J, r = problem.jacobian(u), problem.residuals(u)
    optimizer = LevenbergMarquardt(
        separable=True, damping=1e-2, damping_rule="matlab", scaling=scaling
    )
    history = net.fit(X, T, optimizer, epochs=1, l2=l2, sample_weight=given)
    M = J.T @ J
    d = M.diagonal() if scaling == "diagonal" else np.ones(u.size)
    expected = np.linalg.solve(M + history.damping[0] * np.diag(d), -J.T @ r)
    np.testing.assert_allclose(hidden_of(net) - u, expected, rtol=1e-6, atol=1e-9)
    # Where features nearly depend on each other many output weights are as good.
    y = problem.features(hidden_of(net)) @ problem.solution(hidden_of(net))
    np.testing.assert_allclose(net.predict(X).reshape(y.shape), y, rtol=1e-6, atol=1e-6)
    assert history.loss[0] == pytest.approx(problem.loss(hidden_of(net)), rel=1e-7)


def test_the_derivative_by_golub_and_pereyra_is_that_by_complex_steps():
    problem = Projected([2, 4, 3], X, Y, weights_of("elements", *Y.shape)[1], 1e-3)
    u = np.random.default_rng(1).normal(size=12)
    np.testing.assert_allclose(
        problem.jacobian_by_formula(u), problem.jacobian(u), rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize("q", [1, 3])
def test_a_run_is_that_of_the_transcription(q):
    net = network([2, 5, q], seed=3)
    _, losses = train(Projected([2, 5, q], X, Y[:, :q]), hidden_of(net), 12)
    history = net.fit(X, Y[:, :q], SEPARABLE, epochs=12)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-5)


def test_blocks_of_samples_that_do_not_fit_at_once_add_up():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30_000, 3))
    Y = np.sin(X @ rng.normal(size=(3, 2)))
    net = network([3, 12, 2], seed=2)
    u = hidden_of(net)
    problem = Projected([3, 12, 2], X, Y)
    J, r = problem.jacobian_by_formula(u), problem.residuals(u)
    history = net.fit(
        X, Y, LevenbergMarquardt(separable=True, damping=1.0, damping_rule="matlab"), epochs=1
    )
    step = np.linalg.solve(J.T @ J + history.damping[0] * np.eye(u.size), -J.T @ r)
    np.testing.assert_allclose(hidden_of(net) - u, step, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("normalization", [None, "layer"])
def test_normalised_layers_and_shortcuts(normalization, residual):
    """Against differences of the residuals, with features by a network whose outputs they are."""
    sizes = [2, 4, 4, 2]
    settings = {"normalization": normalization, "residual": residual}
    net = network(sizes, **settings)
    u = hidden_of(net)
    unit = fastopt.MLP([2, 4, 4, 4], **settings)

    def residuals(u):
        unit.parameters = np.r_[u, np.eye(4).ravel(), np.zeros(4)]
        A = np.c_[unit.predict(X), np.ones(len(X))]
        c, *_ = np.linalg.lstsq(A, Y[:, :2], rcond=None)
        return (A @ c - Y[:, :2]).ravel()

    h = 1e-5
    J = np.column_stack(
        [(residuals(u + h * e) - residuals(u - h * e)) / (2 * h) for e in np.eye(u.size)]
    )
    optimizer = LevenbergMarquardt(separable=True, damping=0.1, damping_rule="matlab")
    history = net.fit(X, Y[:, :2], optimizer, epochs=1)
    M = J.T @ J + history.damping[0] * np.eye(u.size)
    expected = np.linalg.solve(M, -J.T @ residuals(u))
    np.testing.assert_allclose(hidden_of(net) - u, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("weights", [None, "rows", "elements"])
@pytest.mark.parametrize("l2", [0.0, 1e-2])
def test_where_the_hidden_layer_cannot_move_the_outputs_are_a_linear_fit(l2, weights):
    given, v = weights_of(weights, *Y.shape)
    net = network([2, 6, 3], seed=1)
    u = hidden_of(net)
    A = np.c_[np.tanh(X @ net.coefs_[0] + net.intercepts_[0]), np.ones(len(X))]
    optimizer = LevenbergMarquardt(separable=True, damping=1e15)
    history = net.fit(X, Y, optimizer, epochs=1, l2=l2, sample_weight=given)
    np.testing.assert_allclose(hidden_of(net), u, rtol=0, atol=1e-11)
    shrink = l2 * Y.size / 2 * np.diag([1.0] * 6 + [0.0])
    for k in range(3):
        Av = A * v[:, k : k + 1]
        c = np.linalg.solve(A.T @ Av + shrink, Av.T @ Y[:, k])
        np.testing.assert_allclose(net.coefs_[1][:, k], c[:-1], rtol=1e-6)
        assert net.intercepts_[1][k] == pytest.approx(c[-1], rel=1e-6)
    assert len(history) == 1


def test_the_history_tells_the_loss_of_the_network():
    net = network([2, 5, 3])
    history = net.fit(X, Y, SEPARABLE, epochs=25, l2=1e-6, validation_data=(X[::2], Y[::2]))
    penalty = 0.5e-6 * sum((W**2).sum() for W in net.coefs_)
    assert history.loss[-1] == pytest.approx(net.evaluate(X, Y) + penalty, rel=1e-12)
    assert history.val_loss[-1] == net.evaluate(X[::2], Y[::2])
    assert history.loss[-1] < history.loss[0]
    _, gradient = net.loss_and_gradient(X, Y, l2=1e-6)
    # That of the output weights is the ridge's alone.
    assert history.gradient_norm[-1] == pytest.approx(np.linalg.norm(gradient), rel=1e-3, abs=1e-9)
    for column in ("damping", "step_norm", "n_value", "n_gradient"):
        assert len(history[column]) == len(history)


def even():
    grid = np.linspace(-1, 1, 15)
    x = np.array(np.meshgrid(grid, grid)).reshape(2, -1).T
    return x, np.sinc(2 * x[:, 0]) * np.sinc(2 * x[:, 1])


def test_a_new_network_leaves_the_saddle_of_an_even_function():
    """Without biases odd units have no part of it: the best outputs are the mean."""
    x, y = even()
    for seed in range(5):
        net = fastopt.MLP([2, 8, 1], random_state=seed)
        assert not net.intercepts_[0].any()
        twin = net.copy()
        net.fit(x, y, SEPARABLE, epochs=30)
        assert net.evaluate(x, y) < 0.1 * y.var()
        twin.fit(x, y, SEPARABLE, epochs=30)  # the seed is the network's
        assert np.array_equal(net.parameters, twin.parameters)


def test_biases_that_there_are_stay():
    net = fastopt.MLP([2, 4, 1], random_state=0)
    net.intercepts_[0][0] = 1e-3
    net.fit(X, Y[:, 0], LevenbergMarquardt(separable=True, damping=1e15), epochs=1)
    np.testing.assert_allclose(net.intercepts_[0], [1e-3, 0, 0, 0], atol=1e-9)


@pytest.mark.parametrize("factor", [1e-6, 1e4, 1e9])
def test_the_units_of_the_targets_play_no_part(factor):
    net, scaled = network([2, 6, 1]), network([2, 6, 1])
    history = net.fit(X, Y[:, 0], SEPARABLE, epochs=15)
    other = scaled.fit(X, factor * Y[:, 0], SEPARABLE, epochs=15)
    np.testing.assert_allclose(np.array(other.loss) / factor**2, history.loss, rtol=1e-6)


def test_features_that_depend_on_each_other_and_dead_units():
    net = network([2, 6, 1])
    W, b = net.coefs_[0], net.intercepts_[0]
    W[:, 1], b[1] = W[:, 0], b[0]  # twins
    W[:, 2], b[2] = 0, 50.0  # saturated: as the bias
    history = net.fit(X, Y[:, 0], SEPARABLE, epochs=20)
    assert np.isfinite(net.parameters).all()
    assert history.loss[-1] < history.loss[0]
    dead = fastopt.MLP([2, 3, 1], "relu", random_state=0)
    dead.coefs_[0][:], dead.intercepts_[0][:] = 0, -1
    dead.fit(X, Y[:, 0], SEPARABLE, epochs=3)
    assert dead.predict(X) == pytest.approx(np.full(len(X), Y[:, 0].mean()))


def test_fewer_samples_than_features():
    net = network([2, 12, 3])
    history = net.fit(X[:5], Y[:5], SEPARABLE, epochs=5)
    assert history.loss[-1] < 1e-6


@pytest.mark.parametrize("sizes", [[2, 5, 1], [2, 3, 4, 3]])
@pytest.mark.parametrize("samples", [300, 20_000])
def test_bits_do_not_depend_on_threads(sizes, samples):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(samples, 2))
    T = np.sin(X @ rng.normal(size=(2, sizes[-1])))
    before, found = fastopt.get_num_threads(), []
    try:
        for threads in (1, 2, 4):
            fastopt.set_num_threads(threads)
            net = fastopt.MLP(sizes, random_state=3)
            net.fit(X, T, SEPARABLE, epochs=3)
            found.append(net.parameters.tobytes())
    finally:
        fastopt.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("fresh", [True, False])
def test_resuming_gives_the_bits_of_a_run_that_was_not_interrupted(fresh):
    def make():
        return fastopt.MLP([2, 5, 3], random_state=1) if fresh else network([2, 5, 3])

    whole, net = make(), make()
    expected = whole.fit(X, Y, SEPARABLE, epochs=14, l2=1e-4)
    history = 0
    for epochs in (1, 2, 6, 14):
        history = net.fit(X, Y, SEPARABLE, epochs=epochs, l2=1e-4, initial_epoch=history)
        net, history = pickle.loads(pickle.dumps((net, history)))
    for column in ("loss", "gradient_norm", "damping", "step_norm", "n_value", "n_gradient"):
        assert history[column] == expected[column]
    assert np.array_equal(net.parameters, whole.parameters)


def test_it_goes_on_from_other_weights_and_with_other_data():
    net = network([2, 5, 1])
    history = net.fit(X, Y[:, 0], SEPARABLE, epochs=5)
    net.parameters *= 0.5
    fresh = net.copy()
    expected = fresh.fit(X, Y[:, 0], SEPARABLE, epochs=4)
    resumed = net.fit(X, Y[:, 0], SEPARABLE, epochs=9, initial_epoch=history)
    assert resumed.loss == [*history.loss, *expected.loss]
    assert np.array_equal(net.parameters, fresh.parameters)


def test_a_callback_may_move_the_weights():
    class Moves(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 3:
                self.network.parameters[:4] += 0.1

    net = network([2, 5, 1])
    history = net.fit(X, Y[:, 0], SEPARABLE, epochs=10, callbacks=Moves())
    assert history.loss[-1] == pytest.approx(net.evaluate(X, Y[:, 0]), rel=1e-12)
    assert history.loss[-1] < history.loss[3]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_epoch_end", "on_train_end"])
def test_a_run_that_was_broken_off_goes_on_to_the_same_bits(hook, error):
    def raises(self, *arguments):
        if (hook == "on_train_end" or arguments[0] == 2) and not self.raised:
            self.raised = True
            raise error

    Raises = type("Raises", (fastopt.Callback,), {hook: raises, "raised": False})
    whole, net = (fastopt.MLP([2, 4, 3], random_state=0) for _ in range(2))
    expected = whole.fit(X, Y, SEPARABLE, epochs=5)
    with pytest.raises(error):
        net.fit(X, Y, SEPARABLE, epochs=5, callbacks=Raises())
    first = pickle.loads(pickle.dumps(net.history_))
    history = net.fit(X, Y, SEPARABLE, epochs=5, initial_epoch=first)
    assert history.loss == expected.loss
    assert np.array_equal(net.parameters, whole.parameters)


def test_checkpoints_go_on(tmp_path):
    path = tmp_path / "run.fastopt"
    whole, net = (fastopt.MLP([2, 4, 3], random_state=0) for _ in range(2))
    expected = whole.fit(X, Y, SEPARABLE, epochs=8)
    net.fit(X, Y, SEPARABLE, epochs=4, callbacks=fastopt.ModelCheckpoint(path))
    other = fastopt.MLP([2, 4, 3], random_state=7)
    history = other.fit(X, Y, SEPARABLE, epochs=8, resume_from=path)
    assert history.loss == expected.loss
    assert np.array_equal(other.parameters, whole.parameters)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ridge", np.array([-1.0])),
        ("ridge", np.array([np.inf])),
        ("squares", -1.0),
        ("begun", 2),
        ("damping", float("nan")),
        ("largest_squares", np.full(16, -1.0)),
        ("iterations", 2**60),
    ],
)
def test_damaged_states_are_refused_by_the_field(field, value):
    net = network([2, 5, 1])
    history = net.fit(X, Y[:, 0], SEPARABLE, epochs=3)
    before = net.parameters.copy()
    assert field in history.solver_state["solver"]
    history.solver_state["solver"][field] = value
    with pytest.raises(ValueError, match=field):
        net.fit(X, Y[:, 0], SEPARABLE, epochs=5, initial_epoch=history)
    assert np.array_equal(net.parameters, before)


def test_it_ends_where_nothing_is_left_to_gain():
    net = network([1, 3, 1], seed=4)
    x = np.linspace(-1, 1, 30)[:, None]
    teacher = network([1, 2, 1], seed=5)
    history = net.fit(x, teacher.predict(x), SEPARABLE, epochs=3000)
    assert history.stop_reason in ("gradient", "noise_floor", "damping", "step", "function_change")
    assert history.loss[-1] < 1e-8


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (lambda: fastopt.MLP([2, 4, 1], output_activation="sigmoid"), {}, "output_activation"),
        (lambda: fastopt.MLP([2, 1]), {}, "hidden layers"),
        (lambda: fastopt.MLP([2, 4, 1]), {"loss": "mae"}, "mse"),
        (lambda: fastopt.MLP([2, 4, 1], dtype="float32"), {}, "float64"),
        (lambda: fastopt.MLP([2, 4, 1]), {"clip": fastopt.ClipByValue(1.0)}, "clip"),
    ],
)
def test_where_it_does_not_apply_it_says_so(make, settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make().fit(X, np.abs(Y[:, 0]), SEPARABLE, epochs=1, **settings)


def test_auto_is_variable_projection_where_that_applies():
    auto = LevenbergMarquardt(separable="auto")
    alone, chosen = (fastopt.MLP([2, 4, 1], random_state=0) for _ in range(2))
    alone.fit(X, Y[:, 0], SEPARABLE, epochs=3)
    history = chosen.fit(X, Y[:, 0], auto, epochs=3)
    assert np.array_equal(alone.parameters, chosen.parameters)
    assert auto.separable == "auto"
    # What it was settled as goes on: the run may be resumed with either.
    for optimizer in (auto, SEPARABLE):
        again = chosen.copy()
        again.fit(X, Y[:, 0], optimizer, epochs=6, initial_epoch=history)
        longer = alone.copy()
        longer.fit(X, Y[:, 0], SEPARABLE, epochs=6, initial_epoch=alone.history_)
        assert np.array_equal(again.parameters, longer.parameters)


@pytest.mark.parametrize(
    "make",
    [
        lambda: fastopt.MLP([2, 4, 1], output_activation="sigmoid", random_state=0),
        lambda: fastopt.MLP([2, 1], random_state=0),
    ],
)
def test_auto_is_the_whole_method_elsewhere(make):
    plain, chosen = make(), make()
    plain.fit(X, np.abs(np.tanh(Y[:, 0])), "lm", epochs=5)
    chosen.fit(X, np.abs(np.tanh(Y[:, 0])), LevenbergMarquardt(separable="auto"), epochs=5)
    assert np.array_equal(plain.parameters, chosen.parameters)


def test_auto_with_data_in_parts_with_frozen_arrays_and_of_functions():
    parts = fastopt.Parts.from_arrays(X, Y, rows=20)
    whole, chosen = (fastopt.MLP([2, 4, 3], random_state=0) for _ in range(2))
    whole.fit(parts, optimizer="lm", epochs=3)
    chosen.fit(parts, optimizer=LevenbergMarquardt(separable="auto"), epochs=3)
    assert np.array_equal(whole.parameters, chosen.parameters)
    for net in (whole, chosen):
        net.trainable = ["W1", "W2", "b2"]
    with pytest.raises(ValueError, match="frozen or tied"):
        whole.fit(X, Y, SEPARABLE, epochs=1)
    whole.fit(X, Y, "lm", epochs=3)
    chosen.fit(X, Y, LevenbergMarquardt(separable="auto"), epochs=3)
    assert np.array_equal(whole.parameters, chosen.parameters)
    result = fastopt.least_squares(
        lambda x: x - 1, [0.0], method=LevenbergMarquardt(separable="auto")
    )
    assert result.x[0] == pytest.approx(1)
    with pytest.raises(ValueError, match="'auto'"):
        LevenbergMarquardt(separable="always")


def test_functions_have_no_output_weights():
    with pytest.raises(ValueError, match="separable"):
        fastopt.least_squares(lambda x: x - 1, [0.0], method=SEPARABLE)


def test_memory_is_that_of_the_hidden_weights():
    n, of_outputs = 10 * 201 + 201 * 20, 201 * 20
    plain = fastopt.memory_needed("lm", n, 10_000, 20)
    assert fastopt.memory_needed("lm", n, 10_000, 20, separable=of_outputs) < plain
    with pytest.raises(ValueError, match="separable"):
        fastopt.memory_needed("lm", 100, 10, separable=100)


def test_more_starts_reach_the_goal_than_without():
    """Targets far from order one, where Levenberg-Marquardt on all weights often fails."""
    x = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    y = 1e4 * np.sin(np.pi * x[:, 0]) * x[:, 1]
    reached = 0
    for seed in range(10):
        net = fastopt.MLP([2, 6, 1], random_state=seed)
        net.fit(x, y, SEPARABLE, epochs=100, stopping=fastopt.Stopping(loss=0.01 * y.var()))
        reached += bool(net.evaluate(x, y) <= 0.01 * y.var())
    assert reached >= 9


def spread_of(net, X, y):
    """Return a network as it is before the first step: no step is short enough to be kept."""
    net.fit(X, y, LevenbergMarquardt(separable=True, damping=1e15), epochs=1)
    return net


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("hidden", [[7], [5, 6]])
@pytest.mark.parametrize("scale", [None, "standard"])
def test_units_of_a_new_network_are_spread_over_the_data(hidden, activation, scale):
    net = fastopt.MLP([2, *hidden, 1], activation, scale_inputs=scale, random_state=1)
    before = net.copy()
    spread_of(net, X, Y[:, 0])
    a = X if scale is None else net.input_scaling_.transform(X)
    share = (0.25 if len(hidden) == 1 else 0.7) * (2 if activation == "sigmoid" else 1)
    for i, (W, b, V) in enumerate(zip(net.coefs_, net.intercepts_, before.coefs_, strict=True)):
        if i == len(hidden):
            break
        half = np.ptp(a, axis=0) / 2 if i == 0 else np.ones(len(W))
        old, new = (np.linalg.norm(half[:, None] * w, axis=0) for w in (V, W))
        np.testing.assert_allclose(
            new, np.maximum(old, share * W.shape[1] ** (1 / len(W))), rtol=1e-6
        )
        np.testing.assert_allclose(W / np.linalg.norm(W, axis=0), V / np.linalg.norm(V, axis=0))
        z = a @ W + b
        assert np.abs(z).min(axis=0).max() < 1e-6, "each unit changes sign at a sample"
        a = np.tanh(z) if activation == "tanh" else 1 / (1 + np.exp(-z))


def test_weights_that_have_been_trained_are_not_spread_and_refused_data_leave_new_ones():
    net = fastopt.MLP([2, 4, 1], random_state=0)
    net.fit(X, Y[:, 0], "adam", epochs=1)
    before = net.coefs_[0].copy()
    np.testing.assert_allclose(spread_of(net, X, Y[:, 0]).coefs_[0], before, atol=1e-9)
    net = fastopt.MLP([2, 4, 1], random_state=0)
    before = net.parameters.copy()
    with pytest.raises(ValueError, match="clip"):
        net.fit(X, Y[:, 0], SEPARABLE, clip=fastopt.ClipByValue(1.0))
    np.testing.assert_array_equal(net.parameters, before)


def test_two_spirals_and_a_fast_sine_are_learned():
    """From weights of Glorot's lengths no start of 20 reaches the spirals, and ten the sine."""
    i = np.arange(97)
    angle, radius = i * np.pi / 16, (104 - i) / 104
    one = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    spirals = (np.r_[one, -one], np.repeat([1.0, -1.0], 97), [2, 12, 12, 1], 0.01, 300, 3)
    x = np.linspace(-1, 1, 201)[:, None]
    sine = (x, np.sin(6 * np.pi * x[:, 0]), [1, 10, 1], 1e-4, 500, 8)
    for inputs, y, sizes, goal, epochs, starts in (spirals, sine):
        reached = 0
        for seed in range(starts):
            net = fastopt.MLP(sizes, random_state=seed)
            stopping = fastopt.Stopping(loss=goal)
            history = net.fit(inputs, y, SEPARABLE, epochs=epochs, stopping=stopping)
            reached += history.stop_reason == "loss"
        # Of starts that succeed 19 and 17 times in 20: more failures have a chance of 1 and 3 %.
        assert reached >= starts - (1 if starts == 3 else 3)
