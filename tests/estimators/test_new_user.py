"""What a new user does, against the installed package alone: a frame, a search, a file, a crash."""

import os
import subprocess
import sys
import time

import pytest

SEARCH = """
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import fastopt

frame = load_diabetes(as_frame=True).frame
X, y = frame.drop(columns="target"), frame["target"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
net = fastopt.MLPRegressor(
    hidden_layer_sizes=(4,), activation="tanh", alpha=5.0, max_iter=500, random_state=0
)
search = GridSearchCV(
    Pipeline([("scale", StandardScaler().set_output(transform="pandas")), ("net", net)]),
    {"net__optimizer": ["lm", "bfgs", "lbfgs", fastopt.Adam(0.01), fastopt.SGD(0.05)]},
    cv=3,
)
search.fit(X_train, y_train)
assert np.isfinite(search.cv_results_["mean_test_score"]).all(), search.cv_results_
assert search.score(X_test, y_test) > 0.2, search.score(X_test, y_test)

scale, best = search.best_estimator_
assert list(best.feature_names_in_) == list(X.columns)
best.network_.save("net.safetensors")
np.save("inputs.npy", scale.transform(X_test).to_numpy())
np.save("expected.npy", search.predict(X_test))
print(fastopt.__file__)
"""

LOAD = """
import sys

import numpy as np

import fastopt

net = fastopt.load("net.safetensors")
np.testing.assert_array_equal(net.predict(np.load("inputs.npy")), np.load("expected.npy"))
assert "sklearn" not in sys.modules
"""

TRAIN = """
import sys
from pathlib import Path

import numpy as np

import fastopt

path = Path(sys.argv[1])
rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (400, 2))
y = np.sin(np.pi * X[:, 0]) * X[:, 1]
net = fastopt.MLP([2, 20, 1], random_state=0)
history = net.fit(
    X,
    y,
    epochs=1000,
    validation_split=0.2,
    callbacks=[fastopt.ModelCheckpoint(path), fastopt.EarlyStopping(patience=1000)],
    resume_from=path if path.exists() else None,
)
print(len(history), history.stop_reason, net.parameters.tobytes().hex())
"""
EPOCHS = 1000  # of TRAIN


def start(folder, *command):
    own = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder, *command):
    process = start(folder, *command)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


@pytest.fixture
def folder(tmp_path):
    for name, text in {"search.py": SEARCH, "load.py": LOAD, "train.py": TRAIN}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.slow
def test_a_frame_a_search_and_a_file_for_another_process(folder):
    pytest.importorskip("pandas")
    run(folder, "search.py")
    run(folder, "load.py")


@pytest.mark.slow
def test_killed_and_started_again(folder):
    """The same script, again: it goes on, and ends as one that nobody killed."""
    expected = run(folder, "train.py", "whole")
    process = start(folder, "train.py", "run")
    while not (folder / "run").exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.001)
    process.kill()
    process.communicate()
    probe = "import fastopt; print(len(fastopt.load('run').history_))"
    assert 0 < int(run(folder, "-c", probe)) < EPOCHS
    assert run(folder, "train.py", "run") == expected
    assert expected.startswith(f"{EPOCHS} epochs ")
    assert not list(folder.glob(".*"))  # what the killed process was writing is taken away
