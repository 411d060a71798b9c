"""``fit`` with the full-batch methods: what they reach, and what they do with bad data."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import fastopt
from fastopt.optimizers import LevenbergMarquardt
from interruption import delay_of_interruption
from line_search_cases import FULL_BATCH as METHODS
from line_search_cases import SQUARES

SINE_X = np.linspace(-1, 1, 41).reshape(-1, 1)
SINE_Y = np.sin(np.pi * SINE_X)
PARITY_X = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], float)
PARITY_Y = PARITY_X.prod(axis=1)
DAMPING = [
    LevenbergMarquardt(damping_rule=rule, scaling=scaling)
    for rule in ("nielsen", "marquardt", "matlab")
    for scaling in ("identity", "diagonal")
]


def badly_scaled():
    """Inputs of very different sizes, of which the outputs depend alike."""
    rng = np.random.default_rng(0)
    U = rng.uniform(-1, 1, (60, 3))
    return U * [1e-2, 1.0, 10.0], np.tanh(U @ [1.0, -2.0, 0.5])


def diabetes():
    """A real problem with noise in it, standardised."""
    X, y = load_diabetes(return_X_y=True)
    return X / X.std(axis=0), (y - y.mean()) / y.std()


# The data, and which share of the first loss is left after 200 iterations at most.
PROBLEMS = {
    "sine": ((SINE_X, SINE_Y), 1e-3),
    "badly scaled": (badly_scaled(), 1e-3),
    "diabetes": (diabetes(), 0.3),
}


def falls(loss):
    return all(b <= a for a, b in pairwise(loss))


@pytest.mark.parametrize("seed", range(30))
def test_lm_fits_a_sine_from_every_start(seed):
    net = fastopt.MLP([1, 5, 1], random_state=seed)
    history = net.fit(SINE_X, SINE_Y, "lm", epochs=1000, stopping=fastopt.Stopping(loss=0.002))
    assert history.stop_reason == "loss"
    assert net.evaluate(SINE_X, SINE_Y) <= 0.002


@pytest.mark.parametrize("seed", range(30))
def test_lm_learns_parity_from_every_start(seed):
    net = fastopt.MLP([3, 10, 10, 1], random_state=seed)
    history = net.fit(PARITY_X, PARITY_Y, "lm", epochs=1000, stopping=fastopt.Stopping(loss=0.001))
    assert history.stop_reason == "loss"
    assert net.evaluate(PARITY_X, PARITY_Y) <= 0.001


@pytest.mark.parametrize("optimizer", DAMPING, ids=repr)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_damping_rule_and_scaling_lowers_the_loss_in_each_step(optimizer, problem):
    (X, y), share = PROBLEMS[problem]
    net = fastopt.MLP([X.shape[1], 5, 1], random_state=1)
    start = net.evaluate(X, y)
    history = net.fit(X, y, optimizer, epochs=200)
    assert falls([start, *history.loss])
    assert history.loss[-1] < share * start


@pytest.mark.parametrize(
    ("layers", "X", "y"), [([1, 4, 1], SINE_X, SINE_Y), ([3, 10, 10, 1], PARITY_X, PARITY_Y)]
)
def test_newton_tells_minima_from_saddles(layers, X, y):
    for seed in (0, 1, 100):
        net = fastopt.MLP(layers, random_state=seed)
        history = net.fit(X, y, "newton", epochs=200)
        assert len(history.positive_definite) == len(history)
        eigenvalues = np.linalg.eigvalsh(net.hessian(X, y))
        if abs(eigenvalues[0]) > 1e-9 * eigenvalues[-1]:  # else rounding decides
            assert history.positive_definite[-1] is bool(eigenvalues[0] > 0)


def test_a_run_of_newton_that_ends_at_a_saddle_says_so():
    net = fastopt.MLP([3, 10, 10, 1], random_state=100)
    history = net.fit(PARITY_X, PARITY_Y, "newton", epochs=1000)
    assert history.stop_reason == "gradient"
    assert history.loss[-1] > 0.5
    assert history.positive_definite[-1] is False
    assert "positive_definite" not in net.fit(PARITY_X, PARITY_Y, "bfgs", epochs=1)


# Bayesian regularisation lowers S, and has a penalty of its own.
@pytest.mark.parametrize("method", [m for m in METHODS if m != "bayesian_regularization"])
def test_loss_falls_monotonously_and_the_history_tells_how(method):
    net = fastopt.MLP([1, 4, 1], random_state=2)
    start = net.evaluate(SINE_X, SINE_Y)
    history = net.fit(
        SINE_X, SINE_Y, method, epochs=30, l2=1e-6, validation_data=(SINE_X[::2], SINE_Y[::2])
    )
    assert falls([start, *history.loss])
    assert history.loss[-1] < 0.9 * start
    penalty = 0.5e-6 * sum((W**2).sum() for W in net.coefs_)
    assert history.loss[-1] == pytest.approx(net.evaluate(SINE_X, SINE_Y) + penalty, rel=1e-12)
    assert history.val_loss[-1] == net.evaluate(SINE_X[::2], SINE_Y[::2])
    own = "damping" if method == "lm" else "step_length"
    for column in (own, "gradient_norm", "step_norm", "n_value", "n_gradient", "n_hessian"):
        assert len(history[column]) == len(history)
    _, gradient = net.loss_and_gradient(SINE_X, SINE_Y, l2=1e-6)
    assert history.gradient_norm[-1] == pytest.approx(np.linalg.norm(gradient), rel=1e-8)


@pytest.mark.parametrize("hidden", [4, 20])  # fewer weights than samples, and more
@pytest.mark.parametrize("method", METHODS)
def test_continuing_gives_the_same_bits_as_no_interruption(method, hidden):
    def fresh():
        return fastopt.MLP([1, hidden, 1], random_state=3)

    whole, net = fresh(), fresh()
    history = whole.fit(SINE_X, SINE_Y, method, epochs=12)
    first = net.fit(SINE_X, SINE_Y, method, epochs=5)
    second = net.fit(SINE_X, SINE_Y, method, epochs=12, initial_epoch=first)
    assert np.array_equal(net.parameters, whole.parameters)
    assert second.loss == history.loss
    assert second.gradient_norm == history.gradient_norm
    assert second.n_gradient == history.n_gradient


@pytest.mark.parametrize("seed", [3, 272, 509])
@pytest.mark.parametrize("method", [*DAMPING, "bfgs", "newton"], ids=str)
def test_a_run_that_ends_by_itself_in_its_last_epoch_says_so(method, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(30, 2)), rng.random(30)
    settings = {"optimizer": method, "l2": float(10 ** rng.uniform(-2.5, -1))}
    whole, net = (fastopt.MLP([2, 3, 2, 1], "softplus", random_state=seed) for _ in range(2))
    expected = whole.fit(X, y, epochs=300, **settings)
    history = net.fit(X, y, epochs=len(expected), **settings)
    assert history.stop_reason == expected.stop_reason
    again = net.fit(X, y, epochs=300, initial_epoch=history, **settings)
    assert again.loss == expected.loss


# Fewer samples than weights: Levenberg-Marquardt solves the dual system, in several tiles.
@pytest.mark.parametrize("l2", [0.0, 1e-3])
@pytest.mark.parametrize(("samples", "hidden"), [(700, 12), (150, 60)])
@pytest.mark.parametrize("method", METHODS)
def test_bits_do_not_depend_on_threads(method, samples, hidden, l2):
    l2 = 0.0 if method == "bayesian_regularization" else l2  # it has a penalty of its own
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(samples, 3)), rng.normal(size=samples)
    before = fastopt.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 4):
            fastopt.set_num_threads(threads)
            net = fastopt.MLP([3, hidden, 1], random_state=3)
            net.fit(X, y, method, epochs=4, l2=l2)
            results.append(net.parameters.copy())
    finally:
        fastopt.set_num_threads(before)
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def degenerate_data():
    """Inputs, targets, and the loss that all methods reach: a share of the first, or a number."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    mean = pytest.approx(y.var(), rel=1e-6)  # of the best constant
    return {
        "duplicated inputs": (np.repeat(X[:1], 30, axis=0), y, mean),
        "duplicated columns": (np.repeat(X[:, :1], 3, axis=1), y, 0.7),
        "constant column": (np.column_stack([X[:, :2], np.full(30, 7.0)]), y, 0.9),
        "constant targets": (X, np.full(30, 2.5), 1e-2),
        "one sample": (X[:1], y[:1], 1e-12),
        "saturated units": (1e6 * X, y, 0.7),
        "zero inputs": (np.zeros_like(X), y, mean),
        "huge targets": (X, 1e150 * y, 1.0),
    }


@pytest.mark.parametrize("method", [*METHODS, *DAMPING], ids=str)
@pytest.mark.parametrize("what", degenerate_data())
def test_degenerate_data_gives_an_answer_or_a_reason(method, what):
    X, y, goal = degenerate_data()[what]
    net = fastopt.MLP([3, 6, 1], random_state=0)
    start = net.evaluate(X, y)
    history = net.fit(X, y, method, epochs=40)
    assert np.isfinite(net.parameters).all()
    assert isinstance(history.stop_reason, str)
    if method == "bayesian_regularization":
        # Its goal is ½βΣe² + ½αΣw², not the loss: at its minimum Σe² is at most what zero weights,
        # which cost nothing, leave.
        assert history.loss[-1] <= np.mean(y**2) * (1 + 1e-9)
    elif isinstance(goal, float):
        assert history.loss[-1] <= goal * start
    else:
        assert history.loss[-1] == goal


def test_losses_other_than_squares_name_the_methods_that_can():
    net = fastopt.MLP([3, 4, 1])
    X, y, _ = degenerate_data()["constant targets"]
    for loss in ("huber", lambda outputs, targets: (0.0, outputs)):
        with pytest.raises(ValueError, match="BFGS, LBFGS, DFP, Newton or SteepestDescent"):
            net.fit(X, y, "lm", loss=loss)


@pytest.mark.parametrize("method", [name for name in METHODS if name not in SQUARES])
def test_other_losses_are_minimised_by_all_that_are_not_for_squares(method):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    net = fastopt.MLP([2, 6, 2], output_activation="softmax", random_state=1)
    start = net.evaluate(X, y, loss="cross_entropy")
    history = net.fit(X, y, method, loss="cross_entropy", l2=1e-4, epochs=25)
    assert falls([start, *history.loss])
    assert history.loss[-1] < 0.97 * start


def test_what_cannot_work_is_refused():
    X, y, _ = degenerate_data()["constant targets"]
    with pytest.raises(ValueError, match=r'net\.astype\("float64"\)'):
        fastopt.MLP([3, 4, 1], dtype="float32").fit(X, y, "lm")
    net = fastopt.MLP([3, 4, 1])
    with pytest.raises(ValueError, match="full batch"):
        net.fit(X, y, "lm", batch_size=8)
    with pytest.raises(ValueError, match="clip"):
        net.fit(X, y, "lm", clip=fastopt.ClipByNorm(1.0))


def test_matlab_criteria_end_the_run():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    net = fastopt.MLP([3, 10, 1], random_state=1)
    history = net.fit(X, y, LevenbergMarquardt.matlab(), epochs=200, validation_split=0.3)
    assert history.stop_reason == "early_stopping"
    assert history.val_loss[history.best_epoch] == min(history.val_loss)
    net = fastopt.MLP([1, 2, 1], "identity", random_state=1)
    history = net.fit(SINE_X, SINE_Y, LevenbergMarquardt.matlab(), epochs=200)
    assert history.stop_reason == "gradient_norm"
    assert history.gradient_norm[-1] <= 1e-7


def test_early_stopping_and_callbacks_see_every_iteration():
    seen = []

    class Watch(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            seen.append((epoch, logs["loss"], logs["damping"]))
            if epoch == 6:
                raise RuntimeError("enough")

    net = fastopt.MLP([1, 5, 1], random_state=0)
    with pytest.raises(RuntimeError, match="enough"):
        net.fit(SINE_X, SINE_Y, "lm", epochs=50, callbacks=Watch())
    assert [epoch for epoch, *_ in seen] == list(range(7))
    assert net.evaluate(SINE_X, SINE_Y) == pytest.approx(seen[-1][1], rel=1e-12)


@pytest.mark.slow
@pytest.mark.timing
def test_ctrl_c_ends_the_sums_at_once_and_keeps_the_last_accepted_weights():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60000, 30)), rng.normal(size=60000)
    net = fastopt.MLP([30, 30, 1], random_state=0)
    first = net.fit(X, y, "lm", epochs=2)
    start, ends = net.parameters.copy(), []

    def call():
        net.parameters = start
        try:
            net.fit(X, y, "lm", epochs=1000, initial_epoch=first)
        finally:
            ends.append((len(net.history_), net.parameters.copy()))

    assert delay_of_interruption(call, after=0.4) < 0.1

    path = [None, None, start]

    class Watch(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            path.append(net.parameters.copy())

    most = max(rows for rows, _ in ends)
    net.parameters = start
    net.fit(X, y, "lm", epochs=most + 1, initial_epoch=first, callbacks=Watch())
    for rows, weights in ends:
        # The model at the new weights is a part of the step that accepts them.
        assert any(np.array_equal(weights, accepted) for accepted in path[rows : rows + 2])
    history = net.fit(X[:100], y[:100], "lm", epochs=2)
    assert len(history) == 2


def test_newton_refuses_a_loss_without_second_derivatives():
    X, y, _ = degenerate_data()["constant targets"]
    with pytest.raises(ValueError, match="loss of your own"):
        fastopt.MLP([3, 4, 1]).fit(X, y, "newton", loss=lambda outputs, targets: (0.0, outputs))


def test_optimisers_of_functions_alone_do_not_train():
    net = fastopt.MLP([1, 3, 1], random_state=0)
    with pytest.raises(ValueError, match=r"NewtonCG does not train networks: .* 'sgd', .*'lbfgs'"):
        net.fit([[1.0], [2.0]], [1.0, 2.0], fastopt.NewtonCG())
