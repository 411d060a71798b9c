"""Bayesian regularisation on networks: against scikit-learn, integrals, and what it is for."""

import numpy as np
import pytest

import fastopt
from fastopt import BayesianRegularization

EXACT = {"tolerance": 1e-13}


def linear_data(n=80, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, X @ [1.0, -2.0, 0.0, 0.3] + 0.5 + rng.normal(0, 0.3, n)


def with_ones(X):
    return np.c_[X, np.ones(len(X))]


def test_a_network_without_hidden_layer_is_bayesian_ridge():
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = linear_data()
    net = fastopt.MLP([4, 1], random_state=0)
    history = net.fit(X, y, BayesianRegularization(**EXACT), epochs=300)
    ridge = linear_model.BayesianRidge(
        **dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0),
        fit_intercept=False,
        tol=1e-14,
        max_iter=10_000,
        compute_score=True,
    ).fit(with_ones(X), y)
    np.testing.assert_allclose(net.parameters, ridge.coef_, rtol=1e-6)
    assert history.alpha[-1] == pytest.approx(ridge.lambda_, rel=1e-6)
    assert history.beta[-1] == pytest.approx(ridge.alpha_, rel=1e-6)
    assert history.evidence[-1] == pytest.approx(ridge.scores_[-1], rel=1e-9)
    assert net.effective_parameters_ == history.gamma[-1]
    # By their definition.
    A = history.beta[-1] * with_ones(X).T @ with_ones(X) + history.alpha[-1] * np.eye(5)
    gamma = 5 - history.alpha[-1] * np.trace(np.linalg.inv(A))
    assert history.gamma[-1] == pytest.approx(gamma, rel=1e-6)


def test_groups_without_hidden_layer_are_relevance_determination():
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = linear_data()
    net = fastopt.MLP([4, 1], random_state=0)
    history = net.fit(X, y, BayesianRegularization(prior="groups", **EXACT), epochs=1000)
    ard = linear_model.ARDRegression(
        **dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0),
        fit_intercept=False,
        tol=1e-14,
        max_iter=10_000,
        threshold_lambda=1e10,
    ).fit(with_ones(X), y)
    np.testing.assert_allclose(net.parameters, ard.coef_, rtol=1e-6, atol=1e-8)
    assert history.beta[-1] == pytest.approx(ard.alpha_, rel=1e-6)
    alpha, gamma = history.alpha[-1], history.gamma[-1]
    relevant = [0, 1, 3]
    own = np.array(alpha["inputs"])
    np.testing.assert_allclose(own[relevant], ard.lambda_[relevant], rtol=1e-6)
    assert alpha["biases"][0] == pytest.approx(ard.lambda_[4], rel=1e-6)
    assert alpha["inputs"][2] > 1e8  # what the targets do not depend on
    assert gamma["inputs"][2] < 1e-6
    assert net.effective_parameters_ == pytest.approx(sum(gamma["inputs"]) + gamma["biases"][0])


@pytest.mark.parametrize("weighted", [False, True])
def test_the_evidence_of_two_weights_is_the_integral(weighted):
    rng = np.random.default_rng(1)
    x = rng.normal(size=12)
    t = 0.7 * x - 0.4 + rng.normal(0, 0.5, 12)
    v = rng.uniform(0.2, 2.0, 12) if weighted else np.ones(12)
    v /= v.mean()
    net = fastopt.MLP([1, 1], random_state=0)
    history = net.fit(x[:, None], t, BayesianRegularization(**EXACT), epochs=300, sample_weight=v)
    alpha, beta = history.alpha[-1], history.beta[-1]
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    # In the frame of the Gaussian that is exact here, a product of Gauss-Hermite rules.
    A = with_ones(x[:, None])
    H = beta * A.T @ (v[:, None] * A) + alpha * np.eye(2)
    root = np.linalg.inv(np.linalg.cholesky(H)).T
    a, b = np.meshgrid(nodes, nodes)
    w = net.parameters[:, None] + 1.5 * root @ np.array([a.ravel(), b.ravel()])
    error = (v[:, None] * (t[:, None] - A @ w) ** 2).sum(axis=0)
    logs = -0.5 * beta * error - 0.5 * alpha * (w**2).sum(axis=0)
    logs += 0.5 * (12 * np.log(beta) + np.log(v).sum()) + np.log(alpha) - 7 * np.log(2 * np.pi)
    factor = np.exp(logs + 0.5 * (a.ravel() ** 2 + b.ravel() ** 2))
    integral = 1.5**2 * np.linalg.det(root) * (np.outer(weights, weights).ravel() @ factor)
    assert history.evidence[-1] == pytest.approx(np.log(integral), abs=1e-6)


def curve(seed, n=60, noise=0.1):
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, n)[:, None]
    return x, np.sin(3 * x[:, 0]) + rng.normal(0, noise, n)


def test_it_finds_the_noise_and_few_effective_parameters():
    found = []
    for seed in range(5):
        x, y = curve(seed)
        net = fastopt.MLP([1, 20, 1], activation="tanh", random_state=seed)
        history = net.fit(x, y, "trainbr", epochs=500)
        found.append((history.beta[-1] ** -0.5, net.effective_parameters_))
    noise, gamma = np.median(found, axis=0)
    assert 0.08 < noise < 0.12
    assert 3 < gamma < 15 < net.n_parameters


def test_the_step_is_that_of_the_penalised_sum_of_squares():
    x, y = curve(0, n=30)
    net = fastopt.MLP([1, 3, 1], activation="tanh", random_state=2)
    w = net.parameters.copy()
    J, e = net.jacobian(x), net.predict(x).ravel() - y
    beta = e.size / (e @ e)
    optimizer = BayesianRegularization(alpha=0.5, damping=1e-2, damping_rule="matlab")
    history = net.fit(x, y, optimizer, epochs=1)
    ratio = 0.5 / beta
    H = J.T @ J + (ratio + history.damping[0]) * np.eye(w.size)
    expected = np.linalg.solve(H, -(J.T @ e + ratio * w))
    np.testing.assert_allclose(net.parameters - w, expected, rtol=1e-6, atol=1e-9)
    assert history.alpha[0] == pytest.approx(0.5)
    assert history.beta[0] == pytest.approx(beta)
    # And the second step is made with what the first one has led to.
    J, e = net.jacobian(x), net.predict(x) - y
    A = beta * J.T @ J + 0.5 * np.eye(w.size)
    gamma = w.size - 0.5 * np.trace(np.linalg.inv(A))
    assert history.gamma[0] == pytest.approx(gamma, rel=1e-6)
    alpha, beta = gamma / (net.parameters @ net.parameters), (e.size - gamma) / (e @ e)
    history = net.fit(x, y, optimizer, epochs=2, initial_epoch=history)
    assert history.alpha[1] == pytest.approx(alpha, rel=1e-6)
    assert history.beta[1] == pytest.approx(beta, rel=1e-6)


def test_groups_name_inputs_weights_and_biases():
    net = fastopt.MLP([3, 5, 5, 2], residual=True, normalization="layer", random_state=0)
    groups = np.array(BayesianRegularization(prior="groups").groups_of(net))
    marked = net.copy()
    marked.parameters = groups.astype(float)
    np.testing.assert_array_equal(marked.coefs_[0], np.arange(3)[:, None] + np.zeros(5))
    assert (marked.coefs_[1] == 3).all()
    assert (marked.coefs_[2] == 4).all()
    assert (groups >= -1).all()
    assert groups.max() < 3 + 2 + 3
    assert (groups == -1).any()  # scales and shifts have no prior
    single = np.array(BayesianRegularization().groups_of(net))
    np.testing.assert_array_equal(single, np.where(groups < 0, -1, 0))


def test_targets_without_weight_count_for_nothing():
    X, y = linear_data()
    X2, Y = np.r_[X, X[:20] + 1], np.r_[y, np.full(20, np.nan)]
    alone, more = fastopt.MLP([4, 1], random_state=0), fastopt.MLP([4, 1], random_state=0)
    first = alone.fit(X, y, BayesianRegularization(**EXACT), epochs=100)
    second = more.fit(X2, Y, BayesianRegularization(**EXACT), epochs=100, missing_targets="ignore")
    for column in ("alpha", "beta", "gamma", "evidence"):
        assert second[column][-1] == pytest.approx(first[column][-1], rel=1e-9), column
    # Of two outputs, one is missing in half of the rows.
    both = np.c_[y, 2 * y]
    both[::2, 1] = np.nan
    net = fastopt.MLP([4, 2], random_state=0)
    history = net.fit(
        X, both, BayesianRegularization(**EXACT), epochs=200, missing_targets="ignore"
    )
    e = (net.predict(X) - both)[~np.isnan(both)]
    expected = (e.size - history.gamma[-1]) / (e @ e)
    assert history.beta[-1] == pytest.approx(expected, rel=1e-6)


def test_restarts_choose_by_the_evidence():
    x, y = curve(3, n=25)
    net = fastopt.MLP([1, 8, 1], activation="tanh", random_state=0)
    single = net.copy().fit(x, y, "trainbr", epochs=100)
    best = net.fit(x, y, "trainbr", epochs=100, restarts=4)
    assert best.evidence[-1] >= single.evidence[-1]


def test_a_curve_in_noise_is_not_taken_for_noise():
    """Of 20 data sets; with α = 10 to begin with three or four end with all weights zero."""
    rng = np.random.default_rng(1)
    lost = 0
    for seed in range(20):
        x = rng.uniform(-1, 1, (60, 1))
        net = fastopt.MLP([1, 6, 1], random_state=seed)
        net.fit(x, np.sin(3 * x[:, 0]) + rng.normal(0, 0.1, 60), "trainbr", epochs=100)
        lost += net.effective_parameters_ < 1
    assert lost <= 1


def generated(seed, units=3):
    """Targets of a network with so many hidden units, each of which matters, and noise."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.5, 1.5, (150, 2))
    angle = np.pi * (np.arange(units) + rng.uniform(-0.2, 0.2, units)) / units
    hidden = np.tanh(X @ (3 * np.array([np.cos(angle), np.sin(angle)])) + rng.normal(0, 1, units))
    t = hidden @ rng.choice([-1, 1], units)
    return X, (t - t.mean()) / t.std() + rng.normal(0, 0.1, len(X))


@pytest.mark.slow
def test_the_evidence_picks_the_width():
    widths, hits = (1, 2, 3, 4, 5), 0
    for seed in range(10):
        X, y = generated(seed)
        evidence = []
        for width in widths:
            net = fastopt.MLP([2, width, 1], activation="tanh", random_state=seed)
            history = net.fit(X, y, "trainbr", epochs=300, restarts=6)
            evidence.append(history.evidence[-1])
        hits += widths[int(np.argmax(evidence))] == 3
    assert hits >= 8


@pytest.mark.slow
@pytest.mark.parametrize("prior", ["single", "groups"])
def test_on_few_data_it_is_no_worse_than_early_stopping(prior):
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.load_diabetes(return_X_y=True)
    scaled = {"scale_inputs": "standard", "scale_targets": "standard"}
    errors = []
    for split in range(8):
        rows = np.random.default_rng(split).permutation(len(X))
        train, test = rows[:100], rows[100:]
        row = []
        for optimizer, settings in (
            (BayesianRegularization(prior=prior), {"epochs": 300}),
            (
                "lm",
                {"validation_split": 0.2, "callbacks": fastopt.EarlyStopping(patience=6)},
            ),
        ):
            net = fastopt.MLP([10, 8, 1], activation="tanh", random_state=split, **scaled)
            net.fit(X[train], y[train], optimizer, **settings)
            row.append(np.mean((net.predict(X[test]) - y[test]) ** 2))
        errors.append(row)
    own, stopped = np.mean(errors, axis=0)
    assert own <= stopped


def test_what_it_refuses():
    x, y = curve(0)
    net = fastopt.MLP([1, 3, 1], random_state=0)
    with pytest.raises(ValueError, match=r"l2=0\.1: BayesianRegularization finds"):
        net.fit(x, y, "trainbr", l2=0.1)
    with pytest.raises(ValueError, match="BayesianRegularization minimises sums of squares"):
        net.fit(x, y, "trainbr", loss="mae")
    with pytest.raises(ValueError, match="full batch"):
        net.fit(x, y, "trainbr", batch_size=8)
    with pytest.raises(ValueError, match="prior must be"):
        BayesianRegularization(prior="both")
    with pytest.raises(ValueError, match="it trains networks"):
        fastopt.minimize(np.sum, [1.0], method="trainbr")
    with pytest.raises(ValueError, match="networks alone"):
        fastopt.minimize(np.sum, [1.0], method=BayesianRegularization())
    with pytest.raises(ValueError, match="LevenbergMarquardt"):
        fastopt.least_squares(lambda x: x, [1.0], method=BayesianRegularization())
    with pytest.raises(AttributeError, match="effective_parameters_ is there after"):
        _ = net.effective_parameters_


@pytest.mark.parametrize("y", [np.zeros(20), np.ones(20)])
def test_targets_that_need_no_weights(y):
    x = np.linspace(-1, 1, 20)[:, None]
    net = fastopt.MLP([1, 4, 1], activation="tanh", random_state=0)
    history = net.fit(x, y, "trainbr", epochs=200)
    assert np.isfinite(net.parameters).all()
    assert history.loss[-1] < 1e-4
    for column in ("alpha", "beta", "gamma", "evidence"):
        assert np.isfinite(history[column]).all()


@pytest.mark.parametrize("prior", ["single", "groups"])
def test_files_and_states_keep_what_it_has_learned(prior, tmp_path):
    x, y = curve(1)
    whole = fastopt.MLP([1, 6, 1], activation="tanh", random_state=0)
    parted = whole.copy()
    optimizer = BayesianRegularization(prior=prior)
    straight = whole.fit(x, y, optimizer, epochs=12)
    parted.fit(x, y, optimizer, epochs=5, callbacks=fastopt.ModelCheckpoint(tmp_path / "c"))
    again = fastopt.load(tmp_path / "c")
    assert again.effective_parameters_ == parted.effective_parameters_
    history = again.fit(x, y, optimizer, epochs=12, initial_epoch=again.history_)
    np.testing.assert_array_equal(again.parameters, whole.parameters)
    for column in ("loss", "beta", "evidence", "damping", "n_value", "n_gradient"):
        np.testing.assert_array_equal(history[column], straight[column])
    for ours, theirs in zip(history.alpha, straight.alpha, strict=True):
        np.testing.assert_equal(ours, theirs)


def test_an_estimator_leaves_the_penalty_to_it():
    pytest.importorskip("sklearn")
    X, y = linear_data()
    estimator = fastopt.MLPRegressor(
        hidden_layer_sizes=(4,), optimizer="trainbr", max_iter=100, random_state=0
    )
    assert estimator.fit(X, y).score(X, y) > 0.9
