"""Checkpoints: what goes on from a file ends with the bits of what was never interrupted."""

import os
import signal

import numpy as np
import pytest

import fastopt
from line_search_cases import FULL_BATCH
from torture.kills import run_kills
from training_cases import X, Y, bits, make_net

RULES = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "nadam"]
SETTINGS = {"validation_split": 0.2, "random_state": 3, "metrics": ["r2"]}


def same_rows(history, expected):
    """Whether all columns but the time agree to the bit."""
    assert list(history) == list(expected)
    for name in set(expected) - {"seconds"}:
        np.testing.assert_array_equal(history[name], expected[name], err_msg=name)
    assert history.stop_reason == expected.stop_reason


@pytest.mark.parametrize(
    ("optimizer", "dtype"),
    [
        *((name, dtype) for name in RULES for dtype in ("float64", "float32")),
        *((name, "float64") for name in FULL_BATCH),  # which need double precision
    ],
)
def test_going_on_from_a_file_gives_the_same_bits(optimizer, dtype, tmp_path):
    whole = make_net(dtype=dtype)
    expected = whole.fit(X, Y, optimizer, epochs=9, **SETTINGS)
    path = tmp_path / "run"
    make_net(dtype=dtype).fit(
        X, Y, optimizer, epochs=4, callbacks=fastopt.ModelCheckpoint(path), **SETTINGS
    )
    net = fastopt.MLP([3, 8, 1], dtype=dtype, random_state=99)  # its own weights do not matter
    settings = {**SETTINGS, "random_state": 77}  # and neither does another seed
    history = net.fit(X, Y, optimizer, epochs=9, resume_from=path, **settings)
    same_rows(history, expected)
    assert bits(net) == bits(whole)


@pytest.mark.parametrize(
    "rate",
    [
        fastopt.PowerSchedule(0.1, c1=3),
        fastopt.WarmUp(fastopt.CosineDecay(0.1, 40), 5),
        fastopt.AdaptiveLearningRate(20.0),
    ],
)
@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_schedules_statistics_masks_and_callbacks_go_on(rate, kind, tmp_path):
    def make():
        return fastopt.MLP([3, 8, 1], normalization=kind, dropout=0.2, random_state=0)

    def run(net, epochs, **settings):
        callbacks = [
            fastopt.EarlyStopping("val_loss", patience=20),
            fastopt.ModelCheckpoint(tmp_path / "run", every=3),
        ]
        optimizer = fastopt.SGD(rate, momentum=0.9)
        settings |= {**SETTINGS, "l2": 1e-3, "clip": fastopt.ClipByGlobalNorm(1.0)}
        return net.fit(X, Y, optimizer, epochs=epochs, callbacks=callbacks, **settings)

    whole, net = make(), make()
    expected = run(whole, 14)
    run(make(), 7)
    history = run(net, 14, resume_from=tmp_path / "run")
    same_rows(history, expected)
    assert bits(net) == bits(whole)
    assert net.statistics.tobytes() == whole.statistics.tobytes()


def test_a_run_that_was_decided_to_stop_makes_no_further_epoch(tmp_path):
    """The file of its last epoch is from before the best weights were restored."""

    def run(net, **settings):
        early = fastopt.EarlyStopping("val_loss", patience=3)
        callbacks = [early, fastopt.ModelCheckpoint(tmp_path / "run")]
        settings |= {**SETTINGS, "epochs": 400}
        return net.fit(X, Y, fastopt.Adam(0.05), callbacks=callbacks, **settings)

    whole, net = make_net(), make_net()
    expected = run(whole)
    assert expected.stop_reason == "early_stopping"
    history = run(net, resume_from=tmp_path / "run")
    same_rows(history, expected)
    assert bits(net) == bits(whole)


def test_the_same_numbers_in_another_layout_are_the_same_data(tmp_path):
    path, whole, net = tmp_path / "run", make_net(), make_net()
    checkpoint = fastopt.ModelCheckpoint(path, every=2)
    integers = np.round(10 * X)
    whole.fit(integers, Y, epochs=6, batch_size=16, validation_split=0.2)
    make_net().fit(integers, Y, epochs=3, batch_size=16, validation_split=0.2, callbacks=checkpoint)
    other = np.asfortranarray(integers.astype(np.int16))
    net.fit(other, Y, epochs=6, batch_size=16, validation_split=0.2, resume_from=path)
    assert bits(net) == bits(whole)


@pytest.mark.parametrize("method", ["adam", "lm"])
def test_scalings_and_missing_targets_go_on(method, tmp_path):
    """Learned once, of the training rows, they are not learned anew."""
    path, gaps = tmp_path / "run", 1e3 * np.hstack([Y, Y**2])
    gaps[::7, 1] = np.nan
    nets = [
        fastopt.MLP([3, 6, 2], random_state=k, scale_inputs="standard", scale_targets="minmax")
        for k in (0, 0, 1)
    ]
    settings = {"validation_split": 0.2, "missing_targets": "ignore", "batch_size": "auto"}
    expected = nets[0].fit(X, gaps, method, epochs=8, **settings)
    nets[1].fit(X, gaps, method, epochs=5, callbacks=fastopt.ModelCheckpoint(path), **settings)
    history = nets[2].fit(X, gaps, method, epochs=8, resume_from=path, random_state=0, **settings)
    same_rows(history, expected)
    assert bits(nets[2]) == bits(nets[0])
    np.testing.assert_array_equal(nets[2].predict(X), nets[0].predict(X))


def epochs_of(folder):
    return sorted(len(fastopt.load(path).history_) - 1 for path in folder.iterdir())


def test_every_and_keep(tmp_path):
    checkpoint = fastopt.ModelCheckpoint(tmp_path / "{epoch:03d}", every=3)
    make_net().fit(X, Y, epochs=10, callbacks=checkpoint)
    assert sorted(os.listdir(tmp_path)) == ["002", "005", "008", "009"]
    assert epochs_of(tmp_path) == [2, 5, 8, 9]
    for path in tmp_path.iterdir():
        path.unlink()
    net, checkpoint = make_net(), fastopt.ModelCheckpoint(tmp_path / "{epoch}", keep=2)
    net.fit(X, Y, epochs=6, callbacks=checkpoint)
    assert epochs_of(tmp_path) == [4, 5]
    # What it has written goes on with the run.
    checkpoint = fastopt.ModelCheckpoint(tmp_path / "{epoch}", keep=2)
    net.fit(X, Y, epochs=8, callbacks=checkpoint, resume_from=tmp_path / "5")
    assert epochs_of(tmp_path) == [6, 7]


def test_the_best_epochs_alone(tmp_path):
    checkpoint = fastopt.ModelCheckpoint(tmp_path / "{epoch}", monitor="val_loss")
    settings = {**SETTINGS, "epochs": 60, "callbacks": checkpoint}
    history = make_net().fit(X, Y, fastopt.Adam(0.1), **settings)
    values = history.val_loss
    best = [k for k, value in enumerate(values) if value < min(values[:k], default=np.inf)]
    assert 1 < len(best) < 60
    assert epochs_of(tmp_path) == best
    net = fastopt.load(tmp_path / str(best[-1]))
    assert net.history_.val_loss[-1] == min(values)


def test_a_checkpoint_changes_nothing(tmp_path):
    for optimizer in ("adam", "sgd", "lm"):
        nets = [make_net(), make_net()]
        checkpoint = fastopt.ModelCheckpoint(tmp_path / "run")
        histories = [
            net.fit(X, Y, optimizer, epochs=5, batch_size=None if optimizer != "lm" else "auto",
                    callbacks=callbacks)
            for net, callbacks in zip(nets, [(), checkpoint], strict=True)
        ]  # fmt: skip
        assert histories[0].loss == histories[1].loss
        assert bits(nets[0]) == bits(nets[1])


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"path": 3}, TypeError, "path must be the path"),
        ({"path": "{loss}"}, ValueError, "path may hold '{epoch}'"),
        ({"path": "{epoch"}, ValueError, "path may hold '{epoch}'"),
        ({"path": "a", "every": 0}, ValueError, "every"),
        ({"path": "a", "keep": 0}, ValueError, "keep"),
        ({"path": "a", "monitor": 2}, TypeError, "monitor"),
    ],
)
def test_settings_are_checked(settings, error, match):
    with pytest.raises(error, match=match):
        fastopt.ModelCheckpoint(**settings)


def test_what_cannot_be_written_is_told_before_the_run(tmp_path):
    with pytest.raises(ValueError, match="keep=3 files need"):
        make_net().fit(X, Y, callbacks=fastopt.ModelCheckpoint(tmp_path / "run", keep=3))
    with pytest.raises(ValueError, match="val_loss"):
        make_net().fit(X, Y, callbacks=fastopt.ModelCheckpoint("run", monitor="val_loss"))


def test_what_cannot_be_resumed_is_refused_and_nothing_changed(tmp_path):
    path, net = tmp_path / "run", make_net()
    net.fit(X, Y, "adam", epochs=3, callbacks=fastopt.ModelCheckpoint(path))
    other = make_net()
    before = bits(other)
    for settings, match in (
        ({"optimizer": "sgd"}, r"had optimizer = Adam\(.*\), and this one has SGD\("),
        ({"optimizer": fastopt.Adam(0.1)}, "optimizer = Adam"),
        ({"loss": "mae"}, "had loss = mse, and this one has mae"),
        ({"l2": 0.1}, "had l2 = 0.0"),
        ({"batch_size": 7}, "had batch_size = 32, and this one has 7"),
        ({"shuffle": False}, "had shuffle = True"),
        ({"clip": fastopt.ClipByNorm(1.0)}, "had clip = None"),
        ({"X": X[::-1]}, r"had X = shape \(60, 3\), checksum"),
        ({"X": X[:50], "y": Y[:50]}, r"had X = shape \(60, 3\).* has shape \(50, 3\)"),
        ({"y": 1 + Y}, r"had y = shape \(60, 1\)"),
        ({"sample_weight": np.arange(1, 61)}, "had sample_weight = None"),
        ({"validation_data": (X, Y)}, "had validation data = None"),
        ({"initial_epoch": 1}, "initial_epoch or resume_from, not both"),
        ({"epochs": 2}, "at most epochs=2, got 3"),
    ):
        given = {"X": X, "y": Y, "optimizer": "adam", "resume_from": path, **settings}
        with pytest.raises(ValueError, match=match):
            other.fit(**given)
        assert bits(other) == before
        assert not hasattr(other, "history_")
    wide = fastopt.MLP([3, 9, 1])
    with pytest.raises(ValueError, match=r"layer_sizes=\[3, 8, 1\], and this one \[3, 9, 1\]"):
        wide.fit(X, Y, resume_from=path)
    scaled = fastopt.MLP([3, 8, 1], scale_inputs="standard")
    with pytest.raises(ValueError, match="scale_inputs=None, and this one 'standard'"):
        scaled.fit(X, Y, resume_from=path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(fastopt.FormatError):
        other.fit(X, Y, resume_from=path)
    net.save(path)
    with pytest.raises(ValueError, match="a network and no run"):
        other.fit(X, Y, resume_from=path)
    with pytest.raises(FileNotFoundError):
        other.fit(X, Y, resume_from=tmp_path / "nowhere")


def test_a_full_disk_ends_the_run_with_its_state(tmp_path):
    """The run is broken off by the error, and can go on: nothing is lost but the file."""
    net, whole = make_net(), make_net()
    checkpoint = fastopt.ModelCheckpoint(tmp_path / "folder" / "run")
    with pytest.raises(FileNotFoundError, match="folder"):
        net.fit(X, Y, epochs=5, random_state=1, callbacks=checkpoint)
    assert len(net.history_) == 1
    (tmp_path / "folder").mkdir()
    settings = {"epochs": 5, "callbacks": checkpoint, "initial_epoch": net.history_}
    history = net.fit(X, Y, **settings)
    assert history.loss == whole.fit(X, Y, epochs=5, random_state=1).loss
    assert bits(net) == bits(whole)


# --- killed -----------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("method", ["adam", "lm"])
def test_killed_at_random_moments(method):
    """5 times: there never is a file that cannot be read, and the end has always the same bits."""
    run_kills(method, seed=0)
