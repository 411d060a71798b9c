import numpy as np
import pytest

import fastopt

example = pytest.importorskip("vanishing_gradient", exc_type=ImportError)
PLAIN = "sigmoid, Glorot"
# Fewer epochs than in the picture.
EPOCHS = 15


@pytest.mark.parametrize("name", example.NETWORKS)
def test_the_plain_gradient_vanishes_and_that_of_the_remedies_does_not(name):
    norms = example.gradient_norms(name)
    ratio = norms[0] / norms[-1]
    assert ratio < 1e-6 if name == PLAIN else 0.05 <= ratio <= 20


@pytest.mark.parametrize("name", example.NETWORKS)
def test_the_plain_network_stays_at_chance_and_the_remedies_learn(name):
    accuracy = example.train(name, EPOCHS).accuracy[-1]
    assert accuracy <= 0.12 if name == PLAIN else accuracy >= 0.8


def test_without_clipping_the_loss_explodes():
    _, losses, error = example.explode(None)
    assert isinstance(error, fastopt.DivergenceError)
    assert len(losses) < 10
    assert losses[-1] > 1e20 * losses[0]


def test_with_clipping_the_same_network_learns():
    net, losses, error = example.explode(example.CLIPS["clipped to norm 1"])
    assert error is None
    assert len(losses) == 1 + example.UPDATES
    assert losses[0] == example.explode(None)[1][0]
    assert max(losses) == losses[0]
    assert net.history_.clipped[0] == 1
    score = net.evaluate(*example.digits(), loss="cross_entropy", metrics=["accuracy"])
    assert score["accuracy"] >= 0.9


def test_the_explosion_is_drawn(capsys):
    panel = example.plt.figure().subplots()
    try:
        example.draw_explosion(panel)
        assert panel.get_yscale() == "log"
        exploding, learning = (line.get_ydata() for line in panel.lines)
        low, high = panel.get_ylim()
        assert exploding[-1] > high
        assert low < np.min(learning) < np.max(learning) < high
        assert "then DivergenceError" in panel.texts[0].get_text()
        assert "training diverged in epoch" in capsys.readouterr().out
    finally:
        example.plt.close(panel.figure)
