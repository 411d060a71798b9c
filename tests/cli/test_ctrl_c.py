"""Ctrl-C saves what there is; a run that is resumed ends with the bits of one that was not."""

import json
import os
import signal
import threading
import time

import numpy as np
import pytest

import fastopt


def wait_for_rows(path, run, rows=20):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and run.poll() is None:
        if path.exists() and path.read_text().count("\n") >= rows:
            return
        time.sleep(0.02)
    raise AssertionError(run.communicate())


@pytest.mark.parametrize("optimizer", ["adam", "lm"])
def test_a_run_goes_on_to_the_same_bits(table, call, process, folder, optimizer):
    options = ["data.csv", "-t", "price", "--optimizer", optimizer, "--hidden", "24,24"]
    options += ["--patience", 0, "--log", "run.jsonl"]
    run = process("train", *options, "--epochs", 10**6)
    wait_for_rows(folder / "run.jsonl", run)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "Traceback" not in err
    assert "interrupted after" in err
    assert "--resume goes on from model.checkpoint.safetensors" in err
    interrupted = fastopt.load("model.safetensors")
    epochs = len(interrupted.history_)
    assert call("evaluate", "model.safetensors", "data.csv")[0] == 0
    assert interrupted.history_.stop_reason == "interrupted"
    code, _, err = call("train", *options, "--epochs", epochs + 7, "--resume")
    assert code == 0, err
    resumed = fastopt.load("model.safetensors")
    assert call("train", *options[:-2], "--epochs", epochs + 7, "-o", "whole.st")[0] == 0
    whole = fastopt.load("whole.st")
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)
    assert resumed.history_.loss == whole.history_.loss
    assert (folder / "run.jsonl").read_text().count("\n") == epochs + 7


def test_a_run_goes_on_after_a_crash(table, call, monkeypatch):
    """The file that the checkpoint wrote on the way, as if nothing else were left."""
    from fastopt.cli import watching

    class Crash(BaseException):
        pass

    def crash(self, epoch, logs):
        if epoch == 30:
            raise Crash

    options = ("train", "data.csv", "-t", "price", "--epochs", 50, "-q")
    with monkeypatch.context() as patch:
        patch.setattr(watching, "_SECONDS_OF_A_CHECKPOINT", 0)
        patch.setattr(watching.RichProgress, "on_epoch_end", crash)
        with pytest.raises(Crash):
            call(*options)
    assert len(fastopt.load("model.checkpoint.safetensors").history_) == 30
    assert call(*options, "--resume")[0] == 0
    assert call(*options, "-o", "whole.st")[0] == 0
    resumed, whole = fastopt.load("model.safetensors"), fastopt.load("whole.st")
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)
    assert resumed.history_.loss == whole.history_.loss


def test_a_finished_run_takes_more_epochs(table, call):
    options = ("train", "data.csv", "-t", "price", "--epochs")
    call(*options, 5)
    call(*options, 9, "--resume")
    call(*options, 9, "-o", "whole.st")
    one, other = fastopt.load("model.safetensors"), fastopt.load("whole.st")
    np.testing.assert_array_equal(one.parameters, other.parameters)


def test_another_table_is_no_run_that_goes_on(table, call):
    call("train", "data.csv", "-t", "price", "--epochs", 2)
    table.price *= 2
    table.to_csv("data.csv", index=False)
    code, _, err = call("train", "data.csv", "-t", "price", "--epochs", 4, "--resume")
    assert code == 2
    assert err.startswith("fastopt: resume_from: the run in 'model.checkpoint.safetensors' had")


def test_the_best_weights_are_those_that_ctrl_c_leaves(table, call, monkeypatch):
    """EarlyStopping gives them back where a run ends by itself; here it is broken off."""

    def pressed(self, epoch, logs):
        if epoch == 30:
            raise KeyboardInterrupt

    from fastopt.cli.watching import RichProgress

    monkeypatch.setattr(RichProgress, "on_epoch_end", pressed)
    # A rate at which the loss jumps up and down.
    options = ("--learning-rate", 0.3, "--epochs", 50, "-q")
    assert call("train", "data.csv", "-t", "price", *options)[0] == 1
    net = fastopt.load("model.safetensors")
    best = min(net.history_.val_loss)
    out = call("evaluate", "model.safetensors", "data.csv", "--part", "validation", "--json")[1]
    scale = net.target_scaling_.scale[0]
    np.testing.assert_allclose(json.loads(out)["loss"] / scale**2, best, rtol=1e-9)


def end_at(monkeypatch, pressed):
    """Have the training broken off in an epoch; return all networks that began, as they do."""
    from fastopt.cli.watching import RichProgress

    begun = []

    def begin(self, logs=None, original=RichProgress.on_train_begin):
        original(self, logs)
        begun.append(self.network)

    def watch(self, epoch, logs, original=RichProgress.on_epoch_end):
        original(self, epoch, logs)
        if pressed(begun, epoch):
            raise KeyboardInterrupt

    monkeypatch.setattr(RichProgress, "on_train_begin", begin)
    monkeypatch.setattr(RichProgress, "on_epoch_end", watch)
    return begun


@pytest.mark.parametrize("threads", [1, 3])
def test_ctrl_c_among_several_starts_keeps_the_best_that_has_ended(
    table, call, monkeypatch, set_threads, threads
):
    set_threads(threads)
    begun = end_at(monkeypatch, lambda begun, epoch: len(begun) >= 5 and epoch == 3)
    options = ("--restarts", 9, "--epochs", 8, "-q")
    assert call("train", "data.csv", "-t", "price", *options)[0] == 1
    net = fastopt.load("model.safetensors")
    ended = [net for net in begun if net.history_.stop_reason == "epochs"]
    assert 5 - threads <= len(ended) < len(begun)
    best = min(ended, key=lambda net: min(net.history_.val_loss))
    np.testing.assert_array_equal(net.parameters, best.parameters)
    assert len(net.history_) == 8
    assert "table" in net.metadata


def test_ctrl_c_before_a_start_has_ended_keeps_the_best_weights_of_all(
    table, call, monkeypatch, set_threads
):
    """Of three that run at once, the others standing still, the one that has the best epoch."""
    set_threads(3)
    together = threading.Barrier(3, timeout=60)

    def pressed(begun, epoch):
        if epoch >= 30:
            together.wait()
        return epoch == 30

    begun = end_at(monkeypatch, pressed)
    options = ("--restarts", 3, "--learning-rate", 0.3, "--epochs", 50, "-q")
    assert call("train", "data.csv", "-t", "price", *options)[0] == 1
    net = fastopt.load("model.safetensors")
    best = min(min(net.history_.val_loss) for net in begun)
    out = call("evaluate", "model.safetensors", "data.csv", "--part", "validation", "--json")[1]
    scale = net.target_scaling_.scale[0]
    np.testing.assert_allclose(json.loads(out)["loss"] / scale**2, best, rtol=1e-9)


def test_before_the_first_epoch_nothing_is_saved(table, call, monkeypatch):
    from fastopt.cli.watching import RichProgress

    def pressed(self, logs=None):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    monkeypatch.setattr(RichProgress, "on_train_begin", pressed)
    code, _, err = call("train", "data.csv", "-t", "price")
    assert (code, err) == (1, "fastopt: interrupted before the first epoch: nothing is saved\n")
