"""Training on data in parts: what it equals, whoever computes."""

import os
import pickle
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastopt

RANDOM = np.random.default_rng(5)
X = RANDOM.uniform(-1, 1, (437, 3))
Y = np.sin(2 * X[:, :1]) * X[:, 1:2] + 0.1 * RANDOM.normal(size=(437, 1))
WEIGHTS = RANDOM.uniform(0, 3, 437) * (RANDOM.uniform(size=437) > 0.1)
LABELS = (X[:, 0] > 0).astype(int) + (X[:, 1] > X[:, 2])

METHODS = {
    "lm": fastopt.LevenbergMarquardt(),
    "lm, Marquardt": fastopt.LevenbergMarquardt(scaling="diagonal", damping_rule="marquardt"),
    "bayesian": fastopt.BayesianRegularization(),
    "bayesian, groups": fastopt.BayesianRegularization(prior="groups"),
    "bfgs": fastopt.BFGS(),
    "dfp": fastopt.DFP(),
    "lbfgs": fastopt.LBFGS(),
    "cg": fastopt.ConjugateGradient(),
    "scg": fastopt.ScaledConjugateGradient(),
    "scg, differences": fastopt.ScaledConjugateGradient(sigma=1e-5),
    "oss": fastopt.OneStepSecant(),
    "newton": fastopt.Newton(),
    "steepest_descent": fastopt.SteepestDescent(),
}


def network(outputs=1, **settings):
    return fastopt.MLP([3, 6, outputs], random_state=1, **settings)


def in_parts(*arrays, rows=61, **settings):
    return fastopt.Parts.from_arrays(*arrays, rows=rows, **settings)


def columns(history, without=("seconds",)):
    return {n: history[n] for n in history.columns if n not in without}


@pytest.mark.parametrize("name", METHODS)
def test_frozen_and_tied_arrays_as_of_data_in_memory(name):
    l2 = 0.0 if "bayes" in name else 1e-3
    whole, parts = (fastopt.MLP([3, 4, 4, 4, 1], random_state=1, dtype="float64") for _ in range(2))
    for net in (whole, parts):
        net.tied = [["W2", "W3"]]
        net.trainable = ["W1", "W2", "W3", "b3", "W4"]
    frozen = [parts.intercepts_[layer].tobytes() for layer in (0, 1, 3)]
    a = whole.fit(X, Y, METHODS[name], epochs=3, l2=l2)
    b = parts.fit(in_parts(X, Y), optimizer=METHODS[name], epochs=3, l2=l2)
    assert np.allclose(a.loss, b.loss, rtol=1e-8, atol=0)
    assert np.allclose(a["gradient_norm"], b["gradient_norm"], rtol=1e-4, atol=0)
    assert [parts.intercepts_[layer].tobytes() for layer in (0, 1, 3)] == frozen
    assert parts.coefs_[1].tobytes() == parts.coefs_[2].tobytes()
    assert a.loss[-1] < a.loss[0]


def test_l1_as_of_data_in_memory():
    whole, parts = network(dtype="float64"), network(dtype="float64")
    a = whole.fit(X, Y, fastopt.LBFGS(), epochs=6, l1=0.01)
    b = parts.fit(in_parts(X, Y), optimizer=fastopt.LBFGS(), epochs=6, l1=0.01)
    assert np.allclose(a.loss, b.loss, rtol=1e-8, atol=0)
    assert np.array_equal(whole.parameters == 0, parts.parameters == 0)
    # The run goes on where it ended.
    parts.fit(in_parts(X, Y), optimizer=fastopt.LBFGS(), epochs=9, l1=0.01, initial_epoch=b)
    whole.fit(X, Y, fastopt.LBFGS(), epochs=9, l1=0.01, initial_epoch=a)
    assert np.allclose(whole.parameters, parts.parameters, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", METHODS)
def test_equals_the_data_in_memory(name):
    whole, parts = network(), network()
    a = whole.fit(X, Y, METHODS[name], epochs=4, l2=0.0 if "bayes" in name else 1e-3)
    b = parts.fit(
        in_parts(X, Y), optimizer=METHODS[name], epochs=4, l2=0.0 if "bayes" in name else 1e-3
    )
    assert len(a) == len(b) == 4
    assert np.allclose(a.loss, b.loss, rtol=1e-9, atol=0)
    assert np.allclose(a["gradient_norm"], b["gradient_norm"], rtol=1e-5, atol=0)
    # Differences of gradients multiply what rounding makes of these.
    tolerance = 1e-4 if "differences" in name else 1e-7
    assert np.allclose(whole.parameters, parts.parameters, rtol=tolerance, atol=tolerance)
    assert a["n_value"] == b["n_value"]
    if "bayes" in name:
        assert np.allclose(a["evidence"], b["evidence"], rtol=1e-8)
        assert np.allclose(a["beta"], b["beta"], rtol=1e-8)


@pytest.mark.parametrize("name", ["lm", "bayesian", "bfgs", "scg", "newton"])
@pytest.mark.parametrize("weights", [WEIGHTS, np.tile(WEIGHTS[:, None], 2) * [1.0, 0.3]])
def test_weights_of_samples_and_of_targets(name, weights):
    y = np.hstack([Y, X[:, :1] * X[:, 2:]])
    whole, parts = network(2), network(2)
    a = whole.fit(X, y, METHODS[name], epochs=3, sample_weight=weights)
    b = parts.fit(in_parts(X, y, weights), optimizer=METHODS[name], epochs=3)
    assert np.allclose(a.loss, b.loss, rtol=1e-9, atol=0)
    assert np.allclose(whole.parameters, parts.parameters, rtol=1e-7, atol=1e-7)
    if name == "bayesian":
        assert np.allclose(a["evidence"], b["evidence"], rtol=1e-8)


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_scaling_is_learned_over_all_parts(kind, weights):
    scaled = {"scale_inputs": kind, "scale_targets": kind}
    whole, parts = network(**scaled), network(**scaled)
    far, y = X * [1e3, 1, 1e-4] + [0, 50, 0], 1e4 * Y[:, 0] + 3e4
    a = whole.fit(far, y, "lm", epochs=3, sample_weight=weights)
    arrays = (far, y) if weights is None else (far, y, weights)
    b = parts.fit(in_parts(*arrays), optimizer="lm", epochs=3)
    for one, other in (
        (whole.input_scaling_, parts.input_scaling_),
        (whole.target_scaling_, parts.target_scaling_),
    ):
        assert np.allclose(one.offset, other.offset, rtol=1e-12, atol=1e-12)
        assert np.allclose(one.scale, other.scale, rtol=1e-12, atol=0)
    assert np.allclose(a.loss, b.loss, rtol=1e-9)
    assert parts.predict(far).shape == y.shape
    assert np.allclose(whole.predict(far), parts.predict(far), rtol=1e-7)


@pytest.mark.parametrize("loss", ["mae", "huber", "cross_entropy", "binary_cross_entropy"])
def test_losses(loss):
    classes = loss == "cross_entropy"
    y = LABELS if classes else (Y > 0).astype(float) if "binary" in loss else Y
    outputs = 3 if classes else 1
    whole, parts = network(outputs), network(outputs)
    a = whole.fit(X, y, "bfgs", loss, epochs=5)
    b = parts.fit(in_parts(X, y), optimizer="bfgs", loss=loss, epochs=5)
    assert np.allclose(a.loss, b.loss, rtol=1e-9)
    assert np.allclose(whole.predict(X), parts.predict(X), rtol=1e-6, atol=1e-7)


def halves(y_true, y_pred):
    error = y_pred - y_true
    return 0.5 * float(np.mean(error**2)), error / error.size


def test_a_loss_of_the_users_own_and_missing_targets():
    y = np.hstack([Y, Y**2])
    y[::7, 0] = np.nan
    for loss in ("mse", halves):
        whole, parts = network(2), network(2)
        given = {"loss": loss, "epochs": 3}
        if loss == "mse":
            given["missing_targets"] = "ignore"
            target = y
        else:
            target = np.nan_to_num(y)
        a = whole.fit(X, target, "lbfgs", **given)
        b = parts.fit(in_parts(X, target), optimizer="lbfgs", **given)
        assert np.allclose(a.loss, b.loss, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lm", "lbfgs"])
def test_the_same_bits_whoever_computes(name):
    joblib = pytest.importorskip("joblib")

    def run(**settings):
        net = network(scale_inputs="standard")
        with in_parts(X, Y, rows=23, **settings) as parts:
            history = net.fit(
                parts, optimizer=METHODS[name], epochs=5, validation_data=in_parts(X[:90], Y[:90])
            )
        return net.parameters.tobytes(), columns(history)

    expected = run()
    for workers in (1, 2, 5):
        assert run(executor="threads", workers=workers) == expected
    assert run(executor="processes", workers=2) == expected
    with ThreadPoolExecutor(3) as pool:
        assert run(executor=pool) == expected
    for settings in ({"n_jobs": 2, "backend": "threading"}, {"n_jobs": 2, "backend": "loky"}):
        assert run(executor=joblib.Parallel(**settings)) == expected


def test_threads_of_the_library_do_not_change_bits():
    found = set()
    before = fastopt.get_num_threads()
    try:
        for threads in (1, 3):
            fastopt.set_num_threads(threads)
            net = network()
            net.fit(in_parts(X, Y), optimizer="lm", epochs=4)
            found.add(net.parameters.tobytes())
    finally:
        fastopt.set_num_threads(before)
    assert len(found) == 1


def test_validation_and_early_stopping():
    held = X[:80], Y[:80]
    for validation in (held, in_parts(*held, rows=17)):
        whole, parts = network(), network()
        early = fastopt.EarlyStopping(patience=2)
        a = whole.fit(X[80:], Y[80:], "bfgs", epochs=60, validation_data=held, callbacks=early)
        b = parts.fit(
            in_parts(X[80:], Y[80:]),
            optimizer="bfgs",
            epochs=60,
            validation_data=validation,
            callbacks=fastopt.EarlyStopping(patience=2),
        )
        assert np.allclose(a["val_loss"][:5], b["val_loss"][:5], rtol=1e-7)
        assert b.stop_reason == "early_stopping"


def test_validation_in_parts_of_training_in_memory():
    a = network().fit(X, Y, "lm", epochs=3, validation_data=(X[:50], Y[:50]))
    b = network().fit(X, Y, "lm", epochs=3, validation_data=in_parts(X[:50], Y[:50], rows=9))
    assert np.allclose(a["val_loss"], b["val_loss"], rtol=1e-12)


@pytest.mark.parametrize("name", ["lm", "bayesian", "lbfgs", "scg"])
def test_goes_on_to_the_same_bits(name, tmp_path):
    whole = network()
    once = whole.fit(in_parts(X, Y), optimizer=METHODS[name], epochs=8)
    net = network()
    first = net.fit(in_parts(X, Y), optimizer=METHODS[name], epochs=3)
    again = net.fit(in_parts(X, Y), optimizer=METHODS[name], epochs=8, initial_epoch=first)
    assert net.parameters.tobytes() == whole.parameters.tobytes()
    assert columns(again) == columns(once)
    path = tmp_path / "net.safetensors"
    network().fit(
        in_parts(X, Y),
        optimizer=METHODS[name],
        epochs=3,
        callbacks=fastopt.ModelCheckpoint(path),
    )
    net = network()
    net.fit(in_parts(X, Y), optimizer=METHODS[name], epochs=8, resume_from=path)
    assert net.parameters.tobytes() == whole.parameters.tobytes()
    other = in_parts(X, Y + 1e-9)
    with pytest.raises(ValueError, match=r"the run in .* had y = "):
        network().fit(other, optimizer=METHODS[name], epochs=8, resume_from=path)


@pytest.mark.parametrize("executor", [None, "threads"])
def test_ctrl_c_leaves_a_run_that_goes_on(executor):
    whole = network()
    whole.fit(in_parts(X, Y), optimizer="lm", epochs=6)
    net, calls = network(), []

    def load(at):
        def load():
            calls.append(at)
            if len(calls) == 30:
                os.kill(os.getpid(), signal.SIGINT)
                threading.Event().wait(0.3)  # where it is another thread that reads
            return X[at], Y[at]

        return load

    parts = fastopt.Parts([load(slice(i, i + 61)) for i in range(0, len(X), 61)], executor=executor)
    with pytest.raises(KeyboardInterrupt):
        net.fit(parts, optimizer="lm", epochs=6)
    assert net.history_.stop_reason == "interrupted"
    net.fit(parts, optimizer="lm", epochs=6, initial_epoch=net.history_)
    assert net.parameters.tobytes() == whole.parameters.tobytes()


@pytest.mark.parametrize("executor", [None, "threads"])
def test_an_exception_names_its_part(executor):
    def load(at):
        return lambda: (X[at], Y[at] if at.start != 122 else np.full((61, 1), np.nan))

    parts = fastopt.Parts([load(slice(i, i + 61)) for i in range(0, len(X), 61)], executor=executor)
    with pytest.raises(fastopt.PartError, match=r"part 2, .*ValueError: y .*nan") as caught:
        network().fit(parts, optimizer="lm")
    assert caught.value.part == 2
    assert isinstance(caught.value.__cause__, ValueError)
    copied = pickle.loads(pickle.dumps(caught.value))
    assert str(copied) == str(caught.value)
    assert copied.part == 2


@pytest.mark.slow
def test_an_exception_of_a_process_names_its_part():
    y = Y.copy()
    y[130] = np.inf
    with (
        in_parts(X, y, executor="processes", workers=2) as parts,
        pytest.raises(fastopt.PartError, match=r"part 2, rows 122 to 183 of .*ValueError: y"),
    ):
        network().fit(parts, optimizer="lm")


def test_is_refused_before_work_starts():
    parts = in_parts(X, Y)
    net = network()
    with pytest.raises(ValueError, match=r"Adam takes many small steps.*parts\.batches"):
        net.fit(parts)
    with pytest.raises(ValueError, match="y belongs to the parts"):
        net.fit(parts, Y, "lm")
    with pytest.raises(ValueError, match="sample_weight belongs to the parts"):
        net.fit(parts, optimizer="lm", sample_weight=WEIGHTS)
    with pytest.raises(ValueError, match=r"validation_split=0\.2 draws rows"):
        net.fit(parts, optimizer="lm", validation_split=0.2)
    with pytest.raises(ValueError, match=r"'halves' is a function of your own.*in a callback"):
        net.fit(parts, optimizer="lm", metrics=["mae", halves])
    with pytest.raises(ValueError, match=r"layer_gradient_norms.*gradient_norms\(X, y\)"):
        net.fit(parts, optimizer="lm", metrics="layer_gradient_norms")
    with pytest.raises(ValueError, match=r"separable=True.*in parts"):
        net.fit(parts, optimizer=fastopt.LevenbergMarquardt(separable=True))
    with pytest.raises(TypeError, match="y must hold real numbers"):
        net.fit(X)
    with pytest.raises(ValueError, match="double precision"):
        net.astype("float32").fit(parts, optimizer="lm")
    assert not hasattr(net, "history_")
    with pytest.raises(TypeError, match=r"Parts are taken by fit.*for X, y in parts"):
        net.predict(parts)
    with pytest.raises(ValueError, match="'halves' is a function of your own"):
        net.fit(X, Y, "lm", metrics=[halves], validation_data=parts)
    deep = network(normalization="batch")
    with pytest.raises(ValueError, match="without batch normalisation"):
        deep.fit(X, Y, epochs=1, validation_data=parts)


def test_callables_tuples_and_restarts():
    pieces = [slice(i, i + 61) for i in range(0, len(X), 61)]
    expected = network()
    expected.fit(in_parts(X, Y), optimizer="lm", epochs=3)
    for parts in (
        fastopt.Parts([(X[at], Y[at]) for at in pieces]),
        fastopt.Parts([lambda at=at: (X[at], Y[at]) for at in pieces]),
        fastopt.Parts([lambda at=at: (X[at], Y[at]) for at in pieces], keep=True),
    ):
        net = network()
        net.fit(parts, optimizer="lm", epochs=3)
        assert net.parameters.tobytes() == expected.parameters.tobytes()
    whole, other = network(), network()
    a = whole.fit(X, Y, "lm", epochs=6, restarts=3)
    b = other.fit(in_parts(X, Y), optimizer="lm", epochs=6, restarts=3)
    assert np.allclose(a.loss, b.loss, rtol=1e-6)


@pytest.mark.parametrize(
    "optimizer", [fastopt.LevenbergMarquardt(damping=1e-8), "lm", "bayesian_regularization"]
)
def test_jtj_is_computed_where_a_step_is_kept_alone(optimizer):
    parts, asked = in_parts(X, Y), Counter()
    total = parts._total

    def counted(function, what, *arguments):
        asked[what] += 1
        return total(function, what, *arguments)

    parts._total = counted
    history = network().fit(parts, optimizer=optimizer, epochs=20)
    assert asked["normal_equations"] <= len(history) + 1  # at the start, and after each epoch
    assert asked["squares"] >= len(history)
    if isinstance(optimizer, fastopt.LevenbergMarquardt):  # too little damping: steps are refused
        assert asked["squares"] > len(history) + 1


def test_keep_reads_once():
    read = []

    def load(at):
        return lambda: (read.append(at.start), (X[at], Y[at]))[1]

    pieces = [slice(i, i + 61) for i in range(0, len(X), 61)]
    network().fit(fastopt.Parts(map(load, pieces), keep=True), optimizer="lm", epochs=3)
    assert len(read) == len(pieces)
    network().fit(fastopt.Parts(map(load, pieces)), optimizer="lm", epochs=3)
    assert len(read) > 4 * len(pieces)


def test_progress_lines(capsys):
    network().fit(in_parts(X, Y), optimizer="lm", epochs=2, verbose=1)
    shown = capsys.readouterr()
    assert "loss" in shown.out + shown.err


def test_validation_in_parts_of_a_network_in_single_precision():
    net = network(dtype="float32")
    history = net.fit(X, Y, epochs=2, validation_data=in_parts(X[:100], Y[:100]))
    again = network(dtype="float32").fit(X, Y, epochs=2, validation_data=(X[:100], Y[:100]))
    assert np.allclose(history["val_loss"], again["val_loss"], rtol=1e-5)


REGRESSION = ["mse", "rmse", "mae", "r2"]


@pytest.mark.parametrize("scale_targets", [None, "standard"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_metrics_are_those_of_all_rows(scale_targets, weights):
    held = [a[:90] for a in (X, Y) + (() if weights is None else (weights,))]
    whole, other = network(scale_targets=scale_targets), network(scale_targets=scale_targets)
    a = whole.fit(
        *(X, Y, "lm"), epochs=3, metrics=REGRESSION, sample_weight=weights, validation_data=held
    )
    arrays = (X, Y) if weights is None else (X, Y, weights)
    b = other.fit(
        in_parts(*arrays),
        optimizer="lm",
        epochs=3,
        metrics=REGRESSION,
        validation_data=in_parts(*held, rows=17),
    )
    for name in REGRESSION:
        np.testing.assert_allclose(b[name], a[name], rtol=1e-6)
        np.testing.assert_allclose(b[f"val_{name}"], a[f"val_{name}"], rtol=1e-6)
    in_memory = whole.evaluate(X, Y, metrics=REGRESSION, sample_weight=weights)
    found = whole.evaluate(in_parts(*arrays), metrics=REGRESSION)
    assert found.keys() == in_memory.keys()
    for name, value in in_memory.items():
        assert np.isclose(found[name], value, rtol=1e-10)
    assert np.isclose(whole.evaluate(in_parts(*arrays)), in_memory["loss"], rtol=1e-10)


def test_r2_of_many_outputs_with_weights_and_of_constant_targets():
    y = np.column_stack([Y, 2 * Y[:, 0] - X[:, 0], np.ones(len(Y))])
    weights = np.random.default_rng(5).uniform(0, 2, y.shape)
    weights[weights < 0.4] = 0
    net = network(3)
    for v in (None, weights[:, 0] + 0.1, weights):
        arrays = (X, y) if v is None else (X, y, v)
        a = net.evaluate(X, y, "mse", REGRESSION, v)
        b = net.evaluate(in_parts(*arrays), loss="mse", metrics=REGRESSION)
        assert np.allclose([*a.values()], [*b.values()], rtol=1e-10)


@pytest.mark.parametrize("kind", ["numbers", "signs", "labels"])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 1: 0.5}])
def test_classes_their_weights_and_accuracy(kind, class_weight):
    numbers = np.digitize(X[:, 0] + 0.3 * X[:, 1], [-0.4, 0.7])
    y, outputs, loss = numbers, 3, "cross_entropy"
    metrics = ["accuracy", "top_k_accuracy"]
    if kind != "numbers":
        y, outputs, metrics = (numbers > 1).astype(float), 1, ["accuracy"]
        loss = "binary_cross_entropy" if kind == "labels" else "mse"
    if kind == "signs":
        y = 2 * y - 1
        class_weight = {-1: 3.0, 1: 0.5} if isinstance(class_weight, dict) else class_weight
    options = {"loss": loss, "epochs": 6, "metrics": metrics, "class_weight": class_weight}
    whole, other = network(outputs), network(outputs)
    order = np.argsort(y, kind="stable")  # parts of one class alone
    held = X[:70], y[:70]
    a = whole.fit(X[order], y[order], "bfgs", validation_data=held, **options)
    parts = in_parts(X[order], y[order])
    b = other.fit(parts, optimizer="bfgs", validation_data=in_parts(*held, rows=9), **options)
    assert np.allclose(a.loss, b.loss, rtol=1e-6)
    for name in metrics:
        assert np.allclose(a[name], b[name], atol=1e-12)
        assert np.allclose(a[f"val_{name}"], b[f"val_{name}"], atol=1e-12)
    found = whole.evaluate(parts, metrics=metrics)
    assert np.allclose([*found.values()], [*whole.evaluate(X, y, metrics=metrics).values()])


def test_weights_of_classes_by_levenberg_marquardt_and_a_class_that_is_none():
    y = np.where(X[:, 0] > 0.5, 1.0, -1.0)
    whole, other = network(), network()
    a = whole.fit(X, y, "lm", epochs=5, class_weight="balanced")
    b = other.fit(in_parts(X, y), optimizer="lm", epochs=5, class_weight="balanced")
    assert np.allclose(a.loss, b.loss, rtol=1e-6)
    with pytest.raises(ValueError, match=r"class_weight names 7, which is no class of y"):
        other.fit(in_parts(X, y), optimizer="lm", class_weight={7: 1.0})
    with pytest.raises(fastopt.PartError, match="class_weight needs classes in y"):
        other.fit(in_parts(X, Y), optimizer="lm", class_weight="balanced")
