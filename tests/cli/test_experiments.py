"""Experiments in files, overridden by options."""

import inspect

import pytest

import fastopt
from fastopt.cli.building import CALLBACKS, CLIPS, OPTIMIZERS, SCHEDULES
from fastopt.cli.experiment import DEFAULTS, KEYS, Experiment
from fastopt.cli.template import template

EXPERIMENT = """
[data]
path = "data.csv"
target = "price"
ignore = ["kind"]
validation = 0.25
test = 0.1

[network]
hidden = [8, 8]
activation = ["relu", "tanh"]
normalization = { name = "batch", momentum = 0.9 }
dropout = 0.1
initializer = { name = "Uniform", low = -0.2, high = 0.2 }

[optimizer]
name = "sgd"
momentum = 0.8
[optimizer.learning_rate]
name = "WarmUp"
steps = 10
schedule = { name = "CosineDecay", initial = 0.01, steps = 100 }

[training]
epochs = 5
seed = 3
clip = { name = "ClipByGlobalNorm", limit = 1.0 }
metrics = ["r2"]

[stopping]
seconds = 100

[[callbacks]]
name = "EarlyStopping"
patience = 3

[[callbacks]]
name = "CSVLogger"
filename = "rows.csv"

[output]
model = "out.safetensors"
"""


def test_all_of_a_training_stands_in_a_file(table, call, folder):
    below = folder / "below"
    below.mkdir()
    (folder / "data.csv").rename(below / "data.csv")
    (below / "e.toml").write_text(EXPERIMENT)
    assert call("train", "below/e.toml")[0] == 0
    net = fastopt.load(below / "out.safetensors")  # paths start from the file's folder
    assert net.layer_sizes == (5, 8, 8, 1)
    assert net.activation == ("relu", "tanh")
    assert net.normalization == fastopt.BatchNormalization(momentum=0.9)
    assert "r2" in net.history_
    assert "clipped" in net.history_
    # The same in Python.
    split = fastopt.split(200, 0.65, 0.25, 0.1, random_state=3)
    from fastopt.cli.data.preprocessing import Preprocessing

    made = Preprocessing.of(net)
    X, y = made.X(table), made.y(table)
    same = fastopt.MLP(
        [5, 8, 8, 1],
        ["relu", "tanh"],
        normalization=fastopt.BatchNormalization(momentum=0.9),
        dropout=0.1,
        initializer=fastopt.initializers.Uniform(-0.2, 0.2),
        scale_inputs="standard",
        scale_targets="standard",
        random_state=3,
    )
    schedule = fastopt.WarmUp(fastopt.CosineDecay(0.01, 100), 10)
    history = same.fit(
        X[split.train],
        y[split.train],
        fastopt.SGD(schedule, momentum=0.8),
        epochs=5,
        validation_data=(X[split.validation], y[split.validation]),
        clip=fastopt.ClipByGlobalNorm(1.0),
        callbacks=fastopt.EarlyStopping(patience=3),
        random_state=3,
    )
    assert history.val_loss == net.history_.val_loss
    assert (same.parameters == net.parameters).all()


def test_the_command_line_overrides(table, call, folder):
    (folder / "e.toml").write_text(EXPERIMENT)
    options = ("--hidden", 4, "--set", "network.activation=relu", "--set", "training.l2=0.01")
    options += ("--optimizer", "adam", "--learning-rate", 0.02, "--epochs", 2, "-o", "m.st")
    assert call("train", "e.toml", *options, "--set", "network.initializer=he_normal")[0] == 0
    net = fastopt.load("m.st")
    assert net.layer_sizes == (5, 4, 1)
    assert net.activation == "relu"
    assert net.history_.learning_rate == [0.02, 0.02]  # the schedule was the other method's
    assert not (folder / "out.safetensors").exists()


def test_settings_within_settings():
    experiment = Experiment()
    experiment.set("optimizer.beta_1=0.8")
    experiment.set("optimizer.learning_rate.name=CosineDecay")
    experiment.set("optimizer.learning_rate.initial=0.1")
    assert experiment["optimizer"] == {
        "name": "adam",
        "beta_1": 0.8,
        "learning_rate": {"name": "CosineDecay", "initial": 0.1},
    }
    experiment.set("optimizer.name=lm")
    assert experiment["optimizer"] == {"name": "lm"}


def test_what_init_writes_is_trained_by(table, call, folder):
    code, out, _ = call("init", "--data", "data.csv", "--target", "price")
    assert (code, out) == (0, "wrote experiment.toml: fastopt train experiment.toml\n")
    assert call("train", "experiment.toml", "--epochs", 2)[0] == 0
    by_file = fastopt.load("model.safetensors")
    assert call("train", "data.csv", "-t", "price", "--epochs", 2, "-o", "m.st")[0] == 0
    assert (by_file.parameters == fastopt.load("m.st").parameters).all()


def test_each_key_stands_in_what_init_writes():
    text = template("a b.csv", ["x", "y"])
    assert 'target = ["x", "y"]' in text
    for section, keys in KEYS.items():
        assert f"[{section}]" in text or f"[[{section}]]" in text
        for key in keys or ():
            assert f"{key} = " in text, key
    experiment = Experiment()
    tomllib = pytest.importorskip("tomllib")
    for section, values in tomllib.loads(text).items():
        experiment.update(section, values)
        for key, value in values.items():
            if section != "data" or key not in ("path", "target"):
                of_mlp = inspect.signature(fastopt.MLP).parameters.get(key)
                default = DEFAULTS[section].get(key, getattr(of_mlp, "default", None))
                assert value == default, (section, key)


def test_everything_of_fit_and_mlp_has_its_place():
    own = {"hidden", "patience", "seed"}
    given = {key for keys in KEYS.values() for key in keys or ()} - own
    fit = set(inspect.signature(fastopt.MLP.fit).parameters)
    elsewhere = {
        *("net", "self", "X", "y", "rng", "random_state", "verbose"),  # seed, quiet
        *("validation_data", "validation_split", "missing_targets"),  # of the table
        *("optimizer", "callbacks", "stopping", "initial_epoch", "resume_from"),
        "sample_weight",
    }
    assert fit - elsewhere <= given
    assert set(inspect.signature(fastopt.MLP).parameters) - {
        *("layer_sizes", "random_state", "rng")
    } <= set(KEYS["network"])


def test_what_can_be_named():
    assert {"adam", "lm", "bfgs", "SGD", "LevenbergMarquardt"} <= set(OPTIMIZERS)
    assert {"CosineDecay", "WarmUp", "AdaptiveLearningRate", "PiecewiseConstant"} <= set(SCHEDULES)
    assert set(CLIPS) == {"ClipByValue", "ClipByNorm", "ClipByGlobalNorm"}
    assert {"EarlyStopping", "ReduceLROnPlateau", "CSVLogger", "ModelCheckpoint"} <= set(CALLBACKS)
