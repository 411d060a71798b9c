"""Metrics by name, against scikit-learn and their formulas."""

import numpy as np
import pytest

import fastopt
from fastopt.training.metrics import METRICS, Metrics

RNG = np.random.default_rng(0)
OUTPUTS, TARGETS = RNG.normal(size=(2, 40, 3))
TARGETS[:, 1] *= 10
CLASSES = RNG.integers(0, 7, size=40)
SCORES = RNG.normal(size=(40, 7))


def test_regression_metrics():
    sklearn = pytest.importorskip("sklearn.metrics")
    expected = {
        "mse": sklearn.mean_squared_error(TARGETS, OUTPUTS),
        "rmse": sklearn.mean_squared_error(TARGETS, OUTPUTS) ** 0.5,
        "mae": sklearn.mean_absolute_error(TARGETS, OUTPUTS),
        "r2": sklearn.r2_score(TARGETS, OUTPUTS),
    }
    found = Metrics(list(expected))(OUTPUTS, TARGETS)
    assert found == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("outputs", [[1.0, 1.0, 1.0], [1.0, 2.0, 1.0]])
def test_r2_of_constant_targets(outputs):
    sklearn = pytest.importorskip("sklearn.metrics")
    y, t = np.array(outputs)[:, None], np.ones((3, 1))
    assert METRICS["r2"](y, t) == sklearn.r2_score(t, y)


def test_r2_does_not_depend_on_the_order_of_the_targets():
    rng = np.random.default_rng(0)
    net = fastopt.MLP([2, 4, 3], random_state=0)
    for _ in range(20):
        x, y = rng.normal(size=(100, 2)), rng.normal(size=(100, 3))
        assert net.evaluate(x, y, metrics="r2") == net.evaluate(
            x, np.asfortranarray(y), metrics="r2"
        )


def test_accuracy():
    sklearn = pytest.importorskip("sklearn.metrics")
    expected = sklearn.accuracy_score(CLASSES, SCORES.argmax(axis=1))
    metrics = Metrics("accuracy")
    assert metrics(SCORES, CLASSES, 7) == {"accuracy": expected}
    assert metrics(SCORES, CLASSES[:, None], 7) == {"accuracy": expected}
    assert metrics(SCORES, np.eye(7)[CLASSES]) == {"accuracy": expected}


def test_top_k_accuracy():
    sklearn = pytest.importorskip("sklearn.metrics")
    expected = sklearn.top_k_accuracy_score(CLASSES, SCORES, k=5, labels=range(7))
    assert Metrics("top_k_accuracy")(SCORES, CLASSES, 7) == {"top_k_accuracy": expected}
    assert 0.5 < expected < 1
    few = SCORES[:, :3]  # fewer classes than k
    assert Metrics("top_k_accuracy")(few, CLASSES % 3, 3) == {"top_k_accuracy": 1.0}


@pytest.mark.parametrize(
    ("output", "threshold"), [("sigmoid", 0.5), ("identity", 0.0)], ids=["probability", "logit"]
)
def test_accuracy_of_one_output(output, threshold):
    net = fastopt.MLP([2, 5, 1], output_activation=output, random_state=0)
    X = RNG.normal(size=(50, 2))
    labels = (X[:, 0] > 0.5).astype(int)
    found = net.evaluate(X, labels, "binary_cross_entropy", metrics="accuracy")["accuracy"]
    assert found == np.mean((net.predict(X)[:, 0] > threshold) == labels)


@pytest.mark.parametrize(
    ("output", "threshold"), [("sigmoid", 0.5), ("identity", 0.0)], ids=["probability", "logit"]
)
def test_accuracy_of_several_labels(output, threshold):
    """Each label counts for itself: a sample may have several of them, or none."""
    net = fastopt.MLP([2, 5, 3], output_activation=output, random_state=0)
    X, labels = RNG.normal(size=(50, 2)), RNG.integers(0, 2, size=(50, 3))
    settings = {"loss": "binary_cross_entropy", "metrics": "accuracy"}
    history = net.fit(X, labels, epochs=2, validation_data=(X, labels), **settings)
    expected = np.mean((net.predict(X) > threshold) == labels)
    assert net.evaluate(X, labels, **settings)["accuracy"] == expected
    assert history.accuracy[-1] == history.val_accuracy[-1] == expected


def test_metrics_of_evaluate_and_of_the_history_agree():
    net = fastopt.MLP([2, 5, 7], output_activation="softmax", random_state=0, dtype="float32")
    X = RNG.normal(size=(40, 2))
    names = ["accuracy", "top_k_accuracy", "mse"]
    history = net.fit(X, CLASSES, loss="cross_entropy", epochs=2, metrics=names)
    found = net.evaluate(X, CLASSES, "cross_entropy", metrics=names)
    assert {name: history[name][-1] for name in names} == {name: found[name] for name in names}
    outputs = net.predict(X).astype(float)
    assert found["mse"] == pytest.approx(np.mean((outputs - np.eye(7)[CLASSES]) ** 2), rel=1e-12)
    assert found["loss"] == pytest.approx(-np.log(outputs[range(40), CLASSES]).mean(), rel=1e-5)


def test_functions_go_by_their_names():
    def bias(outputs, targets):
        return np.mean(outputs - targets)

    class Largest:
        def __call__(self, outputs, targets):
            return np.max(outputs)

    found = Metrics([bias, Largest(), "mse"])(OUTPUTS, TARGETS)
    assert found == {
        "bias": np.mean(OUTPUTS - TARGETS),
        "Largest": OUTPUTS.max(),
        "mse": METRICS["mse"](OUTPUTS, TARGETS),
    }


def test_a_function_may_write_to_what_it_is_given():
    """It has arrays of its own: neither the user's data nor other metrics notice."""

    def greedy(outputs, targets):
        outputs[:], targets[:] = 7, 9
        return 0.0

    X, y = RNG.normal(size=(2, 30, 2))
    kept = y.copy()
    nets = [fastopt.MLP([2, 3, 2], random_state=0) for _ in range(2)]
    histories = [
        net.fit(X, y, epochs=3, metrics=metrics, validation_data=(X, y), random_state=1)
        for net, metrics in zip(nets, [[greedy, "mse"], "mse"], strict=True)
    ]
    np.testing.assert_array_equal(y, kept)
    assert histories[0].loss == histories[1].loss
    assert histories[0].mse == histories[1].mse
    assert histories[0].val_mse == histories[1].val_mse
    found = nets[0].evaluate(X, y, metrics=[greedy, "mse"])
    np.testing.assert_array_equal(y, kept)
    assert found["mse"] == nets[0].evaluate(X, y, metrics="mse")["mse"]


def names_of_rows():
    """All that fit writes, and all that a History has as attributes."""
    X = np.linspace(-1, 1, 10)[:, None]
    names = {"val_loss", "val_mse", "layer_gradient_norms"}
    for optimizer in ("adam", "lm", "newton"):
        history = fastopt.MLP([1, 2, 1], random_state=0).fit(
            X,
            X,
            optimizer,
            epochs=2,
            metrics="gradient_norm",
            clip=fastopt.ClipByNorm(1.0) if optimizer == "adam" else None,
        )
        names |= {"epoch", *history.columns}
    return sorted(names | {name for name in dir(history) if not name.startswith("_")})


@pytest.mark.parametrize("name", names_of_rows())
def test_names_that_the_history_has_already(name):
    def metric(outputs, targets):
        return 0.0

    metric.__name__ = name
    with pytest.raises(ValueError, match=f"the name {name!r} of a function"):
        Metrics(metric)


def test_two_functions_of_one_name():
    with pytest.raises(ValueError, match="the name '<lambda>'"):
        Metrics([lambda y, t: 0.0, lambda y, t: 1.0])
    assert Metrics([METRICS["mse"], "mse"])(OUTPUTS, TARGETS).keys() == {"mse"}


@pytest.mark.parametrize("metrics", ["acc", ["mse", "acc"], [3], [None]])
def test_unknown_metrics(metrics):
    with pytest.raises(ValueError, match="metrics must be functions or of 'mse'"):
        Metrics(metrics)


@pytest.mark.parametrize("value", [None, "x", "1", 1j, np.ones(2), [[1.0], [2.0, 3.0]]], ids=repr)
def test_metrics_that_are_no_numbers(value):
    def own(outputs, targets):
        return value

    with pytest.raises(TypeError, match="the metric 'own' must return one real number, got"):
        Metrics(own)(OUTPUTS, TARGETS)


def test_no_metrics():
    assert not Metrics(None)
    assert Metrics(lambda y, t: np.ones(1))(OUTPUTS, TARGETS) == {"<lambda>": 1.0}


@pytest.mark.parametrize("value", [0.1, 1e100, -0.3])
def test_r2_of_constant_targets_whose_mean_is_rounded(value):
    targets = np.full((3, 1), value)
    assert METRICS["r2"](targets, targets) == 1
    assert METRICS["r2"](targets + [[0], [0], [abs(value)]], targets) == 0


def test_r2_of_one_sample_is_undefined():
    assert np.isnan(METRICS["r2"](np.ones((1, 2)), np.zeros((1, 2))))


def test_accuracy_of_minus_one_and_one_is_by_sign():
    net = fastopt.MLP([2, 5, 1], output_activation="tanh", random_state=0)
    X = RNG.normal(size=(60, 2))
    labels = np.where(X[:, 0] > 0, 1.0, -1.0)
    positive = labels > 0
    validation = (X[positive], labels[positive])
    history = net.fit(X, labels, epochs=3, metrics="accuracy", validation_data=validation)
    signs = np.sign(net.predict(X))
    assert history.accuracy[-1] == np.mean(signs == labels)
    # Where all labels are +1, too: the network remembers what it was trained on.
    expected = np.mean(signs[positive] == 1)
    assert history.val_accuracy[-1] == expected
    assert net.evaluate(*validation, metrics="accuracy")["accuracy"] == expected


def test_top_k_accuracy_with_ties_counts_by_chance():
    constant = np.ones((30, 10))
    classes = np.arange(30) % 10
    assert Metrics("top_k_accuracy")(constant, classes, 10)["top_k_accuracy"] == 0.5
    saturated = np.eye(10)[np.zeros(30, dtype=int)]  # all sure of class 0, nine others equal
    expected = np.mean(np.where(classes == 0, 1, 4 / 9))
    found = Metrics("top_k_accuracy")(saturated, classes, 10)["top_k_accuracy"]
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["mse", "rmse", "mae", "r2", "accuracy", "top_k_accuracy"])
def test_a_weight_of_two_is_a_sample_twice(name):
    v = np.arange(40) % 3
    outputs, targets = (SCORES, np.eye(7)[CLASSES]) if "acc" in name else (OUTPUTS, TARGETS)
    expected = METRICS[name](np.repeat(outputs, v, axis=0), np.repeat(targets, v, axis=0))
    assert METRICS[name](outputs, targets, v) == pytest.approx(expected, rel=1e-12)


def test_class_weights_do_not_reach_metrics():
    X, labels = RNG.normal(size=(30, 2)), (np.arange(30) % 2).astype(float)
    net = fastopt.MLP([2, 3, 1], output_activation="sigmoid", random_state=0)
    history = net.fit(
        X, labels, loss="binary_cross_entropy", class_weight={0: 9.0}, metrics="mae", epochs=2
    )
    assert history.mae[-1] == pytest.approx(np.mean(np.abs(net.predict(X) - labels)), rel=1e-12)
