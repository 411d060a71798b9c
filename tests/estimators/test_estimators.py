"""MLPRegressor and MLPClassifier inside scikit-learn: what its users do with estimators."""

import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastopt

X, Y = load_diabetes(return_X_y=True)
IRIS = load_iris(return_X_y=True)
SMALL = {"hidden_layer_sizes": (5,), "activation": "tanh", "random_state": 0}

# scikit-learn 1.6 gives options to SciPy that it is told to leave alone, in its own L-BFGS.
THEIR_LBFGS = pytest.mark.filterwarnings("ignore:.*L-BFGS-B solver are deprecated")
# Where the number of epochs is not the point.
UNFINISHED = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def regressor(**settings):
    return fastopt.MLPRegressor(
        **{**SMALL, "optimizer": "lm", "max_iter": 30, "tol": 1e-3, **settings}
    )


def classifier(**settings):
    return fastopt.MLPClassifier(**{**SMALL, "optimizer": "lbfgs", **settings})


# --- parameters ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [fastopt.MLPRegressor, fastopt.MLPClassifier])
def test_names_are_scikit_learns_and_keyword_only(kind):
    with pytest.raises(TypeError, match="positional"):
        kind((5,))
    theirs = TheirRegressor if kind is fastopt.MLPRegressor else TheirClassifier
    ours, others = kind().get_params(), theirs().get_params()
    shared = [
        "hidden_layer_sizes",
        "activation",
        "alpha",
        "batch_size",
        "learning_rate_init",
        "max_iter",
        "shuffle",
        "tol",
        "random_state",
        "early_stopping",
        "validation_fraction",
        "n_iter_no_change",
        "warm_start",
        "verbose",
    ]
    for name in shared:
        assert ours[name] == others[name], name
    assert ours["scale_inputs"] == "standard"


def test_any_optimizer_by_name_or_as_an_object():
    for optimizer in ("sgd", "momentum", "nadam", "bfgs", "dfp", "lbfgs", "newton", "lm"):
        fitted = regressor(optimizer=optimizer, max_iter=3, tol=10.0, n_iter_no_change=1).fit(X, Y)
        assert np.isfinite(fitted.predict(X)).all()
    given = fastopt.SGD(0.05, momentum=0.5)
    regressor(optimizer=given, max_iter=500).fit(X, Y)
    assert given == fastopt.SGD(0.05, momentum=0.5)


def test_settings_of_an_optimizer_are_parameters():
    estimator = regressor(optimizer=fastopt.SGD(0.1, momentum=0.5))
    assert estimator.get_params()["optimizer__momentum"] == 0.5
    copy = clone(estimator)
    copy.set_params(optimizer__momentum=0.9)
    assert copy.optimizer.momentum == 0.9
    assert estimator.optimizer.momentum == 0.5
    with pytest.raises(AttributeError, match="has no setting 'momentun'"):
        copy.optimizer.set_params(momentun=0.9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": -1.0}, "alpha must be a number in"),
        ({"l1": -1.0}, "l1 must be a number in"),
        (
            {"hidden_layer_sizes": (5, 0)},
            r"hidden_layer_sizes must be an integer in \[1, inf\), got 0",
        ),
        ({"max_iter": 0}, "max_iter must be"),
        ({"tol": -1.0}, "tol must be"),
        ({"loss": "gamma"}, "loss must be one of"),
        ({"batch_size": 0, "optimizer": "adam"}, "batch_size must be"),
        ({"learning_rate_init": 0.0, "optimizer": "adam"}, "learning_rate_init must be"),
        ({"restarts": 0}, "restarts must be"),
        ({"n_iter_no_change": 0}, "n_iter_no_change must be"),
        ({"early_stopping": True, "validation_fraction": 1.0}, "validation_fraction must be"),
        ({"scale_targets": "robust"}, "scale_targets must be one of"),
        ({"activation": "logistics"}, "activation must be one of"),
    ],
)
def test_settings_out_of_range_are_refused_in_fit(settings, message):
    estimator = regressor(**settings)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "network_")


def test_logistic_is_their_name_of_the_sigmoid():
    assert regressor(activation="logistic").fit(X, Y).network_.activation == "sigmoid"


@pytest.mark.parametrize("weighted", [False, True])
def test_l1_of_the_regressor_is_the_lasso(weighted):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 6))
    y = x[:, 0] - 0.5 * x[:, 3] + 0.2 * rng.normal(size=60)
    weights = rng.uniform(0.1, 3, 60) if weighted else None
    # Theirs is the mean of ½ e² + alpha Σ|w|, ours has l1 Σ|w| divided by the sum of the weights.
    l1 = 0.1 * (60 if weights is None else weights.sum())
    off = {"scale_inputs": None, "scale_targets": None, "tol": 0.0, "n_iter_no_change": np.inf}
    ours = fastopt.MLPRegressor(
        hidden_layer_sizes=(), optimizer="lbfgs", alpha=0.0, l1=l1, max_iter=500, **off
    ).fit(x, y, sample_weight=weights)
    theirs = Lasso(alpha=0.1, tol=1e-12).fit(x, y, sample_weight=weights)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, atol=1e-6)
    assert ours.intercepts_[0][0] == pytest.approx(theirs.intercept_, abs=1e-6)
    np.testing.assert_array_equal(ours.coefs_[0][:, 0] == 0, theirs.coef_ == 0)
    assert 0 < np.count_nonzero(theirs.coef_) < 6


@THEIR_LBFGS
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [1, 3])
def test_alpha_of_the_regressor_is_theirs_to_the_letter(outputs, weighted):
    """At the minimum of ours, scikit-learn's gradient vanishes, and its own fit does not move."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    y = np.sin(x @ rng.normal(size=(2, outputs)))
    y = y[:, 0] if outputs == 1 else y
    weights = rng.uniform(0.1, 3, 60) if weighted else None
    off = {"scale_inputs": None, "scale_targets": None, "tol": 0.0, "n_iter_no_change": np.inf}
    ours = regressor(alpha=0.3, optimizer="bfgs", max_iter=2000, **off)
    ours.fit(x, y, sample_weight=weights)
    # What they minimise, by a transcription of their formulas.
    k, v = outputs, np.ones(60) if weights is None else weights

    def gradient(net):
        a = np.tanh(x @ net.coefs_[0] + net.intercepts_[0])
        e = (a @ net.coefs_[1] + net.intercepts_[1] - y.reshape(60, k)) * v[:, None]
        return (a.T @ e + 0.3 * net.coefs_[1]) / v.sum(), e.sum(axis=0) / v.sum()

    for part in gradient(ours):
        assert np.abs(part).max() < 1e-6
    if weighted:
        return
    settings = {"hidden_layer_sizes": (5,), "activation": "tanh", "solver": "lbfgs", "alpha": 0.3}
    theirs = TheirRegressor(**settings, warm_start=True, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(x, y)
    for mine, other in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        other[:] = mine
    np.testing.assert_allclose(theirs.predict(x), ours.predict(x), rtol=1e-10)
    theirs.set_params(max_iter=50, tol=1e-7).fit(x, y)
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-4)


@THEIR_LBFGS
@pytest.mark.parametrize("classes", [2, 3])
def test_alpha_of_the_classifier_is_theirs_to_the_letter(classes):
    """Without hidden layers the minimum is one: scikit-learn's MLP and logistic regression's."""
    x, y = IRIS
    x, y = x[y < classes], y[y < classes]
    off = {"scale_inputs": None, "tol": 0.0, "n_iter_no_change": np.inf, "hidden_layer_sizes": ()}
    ours = classifier(alpha=1.0, optimizer="bfgs", max_iter=2000, **off).fit(x, y)
    other = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(x, y)
    np.testing.assert_allclose(ours.predict_proba(x), other.predict_proba(x), atol=1e-4)


def test_batches_are_theirs():
    x, y = np.random.default_rng(0).normal(size=(500, 2)), np.arange(500.0)
    for batch_size, updates in (("auto", 3), (100, 5), (None, 1), (1000, 1)):
        estimator = fastopt.MLPRegressor(max_iter=1, batch_size=batch_size, optimizer="adam")
        with pytest.warns(ConvergenceWarning):
            estimator.fit(x, y)
        assert estimator.history_.solver_state["solver"]["iteration"] == updates


# --- what a fitted one has -------------------------------------------------------------------


def test_attributes_of_a_fitted_regressor():
    estimator = regressor(optimizer="adam", max_iter=200, learning_rate_init=0.01).fit(X, Y)
    assert estimator.network_.layer_sizes == (10, 5, 1)
    assert [c.shape for c in estimator.coefs_] == [(10, 5), (5, 1)]
    assert [b.shape for b in estimator.intercepts_] == [(5,), (1,)]
    assert estimator.n_iter_ == len(estimator.loss_curve_) == len(estimator.history_)
    np.testing.assert_allclose(estimator.loss_curve_, np.array(estimator.history_.loss) / 2)
    assert estimator.best_loss_ == min(estimator.loss_curve_)
    assert estimator.loss_ == estimator.loss_curve_[-1]
    assert estimator.validation_loss_curve_ is None
    assert estimator.n_features_in_ == 10
    assert (estimator.n_layers_, estimator.n_outputs_) == (3, 1)
    assert estimator.history_.stop_reason == "no_improvement"
    with pytest.raises(NotFittedError):
        regressor().predict(X)
    assert not hasattr(regressor(), "coefs_")


def test_patience_is_theirs():
    """More than n_iter_no_change epochs in a row, each without an improvement of tol."""
    estimator = regressor(optimizer="adam", tol=1e9, n_iter_no_change=4).fit(X, Y)
    assert estimator.n_iter_ == 6
    theirs = TheirRegressor(hidden_layer_sizes=(5,), tol=1e9, n_iter_no_change=4).fit(X, Y)
    assert theirs.n_iter_ == 6
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        regressor(optimizer="adam", max_iter=3).fit(X, Y)


def test_early_stopping_brings_the_best_weights_back():
    estimator = regressor(
        optimizer="adam", learning_rate_init=0.05, early_stopping=True, max_iter=500
    ).fit(X, Y)
    curve = estimator.validation_loss_curve_
    assert len(curve) == estimator.n_iter_ < 500
    assert estimator.best_loss_ is None
    assert estimator.history_.stop_reason == "no_improvement"
    # The best weights are those of the best epoch, not of the last.
    assert np.argmin(curve) < len(curve) - 1
    with pytest.raises(ValueError, match=r"validation_fraction=0\.9999 of 442 samples"):
        regressor(early_stopping=True, validation_fraction=0.9999).fit(X, Y)


@UNFINISHED
def test_restarts_keep_the_best():
    single = [regressor(random_state=s).fit(X, Y).best_loss_ for s in range(3)]
    best = regressor(restarts=6).fit(X, Y)
    assert best.best_loss_ <= max(single)
    again = regressor(restarts=6).fit(X, Y)
    np.testing.assert_array_equal(best.predict(X), again.predict(X))
    held = regressor(restarts=3, early_stopping=True).fit(X, Y)
    assert len(held.validation_loss_curve_) == held.n_iter_


class Watcher(fastopt.Callback):
    """Counts epochs."""

    def __init__(self):
        self.epochs = 0

    def on_epoch_end(self, epoch, logs):
        self.epochs += 1


def test_callbacks():
    watcher = Watcher()
    estimator = regressor(callbacks=watcher).fit(X, Y)
    assert watcher.epochs == estimator.n_iter_
    regressor(callbacks=[watcher], restarts=3).fit(X, Y)
    assert watcher.epochs == estimator.n_iter_


def test_one_file_is_not_written_by_several_networks(tmp_path):
    for callback in (fastopt.ModelCheckpoint, fastopt.CSVLogger, fastopt.JSONLinesLogger):
        with pytest.raises(ValueError, match=f"file of {callback.__name__} .* restarts=3"):
            regressor(callbacks=callback(tmp_path / "run"), restarts=3).fit(X, Y)
        regressor(callbacks=callback(tmp_path / "run")).fit(X, Y)


# --- targets ---------------------------------------------------------------------------------


def test_one_dimension_and_several_outputs():
    assert regressor().fit(X, Y).predict(X).shape == Y.shape
    both = np.column_stack([Y, 1e4 * X[:, 0]])
    estimator = regressor(max_iter=100).fit(X, both)
    assert estimator.predict(X).shape == both.shape
    assert estimator.score(X, both) > 0.6
    with pytest.warns(UserWarning, match="column-vector y"):
        assert regressor().fit(X, Y[:, None]).predict(X).shape == Y.shape


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber"])
def test_losses(loss):
    optimizer = "adam" if loss == "absolute_error" else "lbfgs"
    estimator = regressor(loss=loss, optimizer=optimizer, max_iter=300, learning_rate_init=0.01)
    assert estimator.fit(X, Y).score(X, Y) > 0.4


def test_classes_of_any_kind():
    x, y = IRIS
    names = np.array(["setosa", "versicolor", "virginica"])
    for labels in (names[y], names[y].astype(object), y * 10 - 5, y == 1):
        estimator = classifier().fit(x, labels)
        np.testing.assert_array_equal(estimator.classes_, np.unique(labels))
        assert estimator.score(x, labels) > 0.95
        p = estimator.predict_proba(x)
        assert p.shape == (150, len(estimator.classes_))
        np.testing.assert_allclose(p.sum(axis=1), 1)
        np.testing.assert_array_equal(estimator.classes_[p.argmax(axis=1)], estimator.predict(x))
        np.testing.assert_allclose(np.exp(estimator.predict_log_proba(x)), p, atol=1e-12)


@UNFINISHED
def test_labels_that_do_not_exclude_each_other():
    x, y = make_multilabel_classification(200, 6, n_classes=4, random_state=0)
    estimator = classifier(max_iter=100).fit(x, y)
    assert estimator.predict(x).shape == estimator.predict_proba(x).shape == (200, 4)
    assert set(np.unique(estimator.predict(x))) <= {0, 1}
    assert (estimator.predict(x) == y).mean() > 0.8
    with pytest.raises(ValueError, match=r"y must hold classes|Unknown label type"):
        classifier().fit(x, 1.0 * np.arange(200) + 0.5)


def test_class_weights():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 1))
    y = (x[:, 0] + rng.normal(size=400) > 1.8).astype(int)
    shares = [
        classifier(class_weight=weight).fit(x, y).predict(x).mean()
        for weight in (None, "balanced", {0: 1, 1: 50})
    ]
    assert shares[0] < shares[1] < shares[2]
    balanced = classifier(class_weight="balanced").fit(x, y)
    weights = len(y) / (2 * np.bincount(y))[y]
    by_hand = classifier().fit(x, y, sample_weight=weights)
    np.testing.assert_allclose(balanced.predict_proba(x), by_hand.predict_proba(x))


# --- data ------------------------------------------------------------------------------------


def test_single_precision_is_kept():
    x = X.astype(np.float32)
    for optimizer in ("adam", "lm"):
        estimator = regressor(optimizer=optimizer, max_iter=300, learning_rate_init=0.01).fit(x, Y)
        assert estimator.predict(x).dtype == np.float32
    network = regressor(optimizer="adam", max_iter=300).fit(x, Y).network_
    assert network.dtype == np.float32
    assert (
        classifier(optimizer="adam", tol=0.1).fit(x, Y > 100).predict_proba(x).dtype == np.float32
    )


def test_frames():
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(10)])
    frame["c1"] = frame["c1"] > 0
    estimator = regressor().fit(frame, pd.Series(Y))
    assert estimator.feature_names_in_.tolist() == list(frame.columns)
    np.testing.assert_array_equal(
        estimator.predict(frame),
        estimator.fit(frame.to_numpy(float), Y).predict(frame.to_numpy(float)),
    )
    estimator.fit(frame, Y)
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(frame.rename(columns={"c0": "other"}))


def test_polars_frames():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(X, schema=[f"c{i}" for i in range(10)])
    estimator = regressor().fit(frame, polars.Series(Y))
    assert estimator.feature_names_in_.tolist() == frame.columns
    np.testing.assert_array_equal(estimator.predict(frame), regressor().fit(X, Y).predict(X))


def test_sparse_matrices_are_refused_clearly():
    with pytest.raises(TypeError, match=r"dense data is required.*toarray"):
        regressor().fit(sparse.csr_array(X), Y)


def test_weights_count_as_rows():
    weights = np.random.default_rng(0).integers(0, 3, len(X))
    rows = np.repeat(np.arange(len(X)), weights)
    settings = {"optimizer": "lbfgs", "max_iter": 20, "tol": 0.0, "n_iter_no_change": np.inf}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        weighted = regressor(**settings).fit(X, Y, sample_weight=weights)
        repeated = regressor(**settings).fit(X[rows], Y[rows])
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-3)


# --- going on --------------------------------------------------------------------------------


def test_warm_start_goes_on():
    estimator = regressor(warm_start=True, max_iter=3, tol=0.0, optimizer="adam")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        first = estimator.fit(X, Y).loss_curve_[-1]
        scaling = estimator.network_.input_scaling_
        estimator.fit(X, Y)
        assert estimator.n_iter_ == len(estimator.loss_curve_) == 6
        assert estimator.loss_curve_[3] < first
        assert estimator.network_.input_scaling_ is scaling
        cold = regressor(max_iter=3, tol=0.0, optimizer="adam").fit(X, Y)
        assert cold.fit(X, Y).n_iter_ == 3
    with pytest.raises(ValueError, match="y needs 2 outputs"):
        estimator.fit(X, np.column_stack([Y, Y]))
    x, y = IRIS
    going_on = classifier(warm_start=True).fit(x, y)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        going_on.fit(x[y < 2], y[y < 2])


def test_partial_fit_makes_an_epoch_and_keeps_the_state():
    """One call after the other is one run: the optimiser's means go on."""
    settings = {"optimizer": "adam", "learning_rate_init": 0.01}
    parts = regressor(**settings)
    for i in range(5):
        parts.partial_fit(X, Y)
        assert parts.n_iter_ == i + 1
    whole = regressor(**settings, max_iter=5, tol=0.0)
    with pytest.warns(ConvergenceWarning):
        whole.fit(X, Y)
    np.testing.assert_array_equal(parts.network_.parameters, whole.network_.parameters)
    parts.partial_fit(X[:100], Y[:100])
    assert parts.n_iter_ == len(parts.loss_curve_) == 6
    assert not hasattr(regressor(optimizer="lm"), "partial_fit")


def test_partial_fit_of_classes():
    x, y = load_digits(return_X_y=True)
    estimator = classifier(optimizer="adam", learning_rate_init=0.01)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        estimator.partial_fit(x[:100], y[:100])
    for epoch in range(10):
        for rows in np.array_split(np.arange(len(x)), 5):
            estimator.partial_fit(x[rows], y[rows], classes=np.arange(10) if not epoch else None)
    assert estimator.score(x, y) > 0.8
    with pytest.raises(ValueError, match="not the same as on the first call"):
        estimator.partial_fit(x, y, classes=np.arange(9))
    with pytest.raises(ValueError, match="y holds 10"):
        estimator.partial_fit(x, y + 1)


# --- inside scikit-learn ---------------------------------------------------------------------


def test_in_a_pipeline_and_a_grid_search_with_jobs():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), regressor(max_iter=200)),
        {"mlpregressor__optimizer": ["lm", "lbfgs"], "mlpregressor__alpha": [1e-3, 10.0]},
        cv=3,
        n_jobs=2,
    )
    search.fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ > 0.35
    assert search.best_params_["mlpregressor__alpha"] == 10.0


def test_cross_validation_and_clone():
    x, y = IRIS
    estimator = classifier(early_stopping=False)
    assert cross_val_score(estimator, x, y, cv=3).mean() > 0.9
    assert clone(estimator).get_params() == estimator.get_params()
    assert not hasattr(estimator, "network_")


def test_pickle_and_joblib(tmp_path):
    for estimator, x, y in ((regressor(), X, Y), (classifier(), *IRIS)):
        estimator.fit(x, y)
        joblib.dump(estimator, tmp_path / "estimator")
        for other in (pickle.loads(pickle.dumps(estimator)), joblib.load(tmp_path / "estimator")):
            np.testing.assert_array_equal(other.predict(x), estimator.predict(x))
            assert other.get_params() == estimator.get_params()


def test_callbacks_stay_with_a_pickled_estimator():
    estimator = regressor(callbacks=[Watcher(), fastopt.EarlyStopping("loss")]).fit(X, Y)
    other = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(other.predict(X), estimator.predict(X))
    assert other.callbacks[0].epochs == estimator.n_iter_
    assert other.callbacks[1] == estimator.callbacks[1]
    with pytest.raises(RuntimeError, match="takes no part in a run"):
        _ = other.callbacks[0].run


def test_better_than_theirs_where_the_units_are_odd():
    """Targets in the thousands, without a pipeline around: what scaling inside is for."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 2)) * [1e4, 1e-3]
    y = 1e3 * np.sin(3 * x[:, 0] / 1e4) + 1e6 * x[:, 1]
    assert regressor(max_iter=100).fit(x, y).score(x, y) > 0.99


@pytest.mark.parametrize("name", ["MLPRegressor", "MLPClassifier"])
def test_without_scikit_learn_the_error_names_the_extra(name):
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import fastopt\n"
        "try:\n"
        f"    fastopt.{name}\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'fastopt[sklearn]'" in out.stdout


def test_import_of_fastopt_leaves_scikit_learn_alone():
    code = "import sys, fastopt; dir(fastopt); print('sklearn' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False"]
    assert "MLPRegressor" in dir(fastopt)
