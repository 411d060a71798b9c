"""The NumPy reference of deep networks reproduces the golden values of PyTorch and Keras."""

import numpy as np
import pytest

from reference.deep import DeepMLP, normalize, running_statistics
from reference.rules import RULES

from . import load

CASES, ARRAYS = load("deep")
GRADIENTS = [case for case in CASES if case["kind"] == "gradient"]
TRAININGS = [case for case in CASES if case["kind"] == "training"]


def arrays_of(name):
    return {key.split("/")[1]: a for key, a in ARRAYS.items() if key.split("/")[0] == name}


def network(case):
    return DeepMLP(
        tuple(case["layer_sizes"]),
        case["activation"],
        case["output_activation"],
        case["normalization"],
        tuple(map(tuple, case["blocks"])),
    )


def relative_error(value, expected):
    return np.linalg.norm(value - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("case", GRADIENTS, ids=lambda case: case["name"])
def test_gradient(case):
    net, golden = network(case), arrays_of(case["name"])
    w, X, T = golden["weights"], golden["X"], golden["T"]
    dropout = net.drawn_dropout(case["dropout"], len(X), case["seed"], case["iteration"])
    settings = {"loss": case["loss"], "l2": case["l2"], "dropout": dropout}
    assert relative_error(net.predict(w, X, dropout), golden["outputs"]) <= 1e-13
    assert relative_error(net.loss(w, X, T, **settings), golden["loss"]) <= 1e-13
    assert relative_error(net.gradient(w, X, T, **settings), golden["gradient"]) <= 1e-13


@pytest.mark.parametrize("case", TRAININGS, ids=lambda case: case["name"])
def test_training(case):
    net, golden = network(case), arrays_of(case["start"]) | arrays_of(case["name"])
    fastopt_settings = dict(case["fastopt_settings"])
    learning_rate = fastopt_settings.pop("learning_rate")
    rule = RULES[case["fastopt"]](**fastopt_settings, decayed=net.weight_mask())
    w, X, T = golden["weights"], golden["X"], golden["T"]
    settings = {"loss": case["loss"], "l2": case["l2"]}
    drawn = [net.drawn_dropout(case["dropout"], len(X), case["seed"], i) for i in range(101)]
    losses, inputs = [], []
    held = w  # with Nesterov's momentum the look-ahead point
    for step in range(1, 101):
        inputs.append(net.normalizer_inputs(held, X, drawn[step - 1]))
        gradient = net.gradient(held, X, T, **settings, dropout=drawn[step - 1])
        held = rule.step(held, gradient, learning_rate)
        w = rule.finalize(held)
        losses.append(net.loss(w, X, T, **settings, dropout=drawn[step]))
        if step in (1, 10, 100):
            assert relative_error(w, golden[f"weights_{step}"]) <= 1e-13
    np.testing.assert_allclose(losses, golden["losses"], rtol=1e-13)

    if case["normalization"] == "batch":
        statistics = [running_statistics(z, unbiased=True) for z in zip(*inputs, strict=True)]
        for layer, (mean, variance) in enumerate(statistics, start=1):
            assert relative_error(mean, golden[f"running_mean_{layer}"]) <= 1e-13
            assert relative_error(variance, golden[f"running_variance_{layer}"]) <= 1e-13
        outputs = net.predict(w, X, running=statistics)
        assert relative_error(outputs, golden["inference_outputs"]) <= 1e-13


def test_batch_statistics():
    golden = arrays_of("batch statistics")
    batches = [golden[f"batch_{i}"] for i in range(4)]
    for i, batch in enumerate(batches):
        normalized = golden["gamma"] * normalize(batch, 0, 1e-3)[0] + golden["beta"]
        np.testing.assert_allclose(normalized, golden[f"normalized_{i}"], rtol=1e-12, atol=1e-13)

    mean, variance = running_statistics(batches)
    np.testing.assert_allclose(mean, golden["keras_mean"], rtol=1e-12)
    np.testing.assert_allclose(variance, golden["keras_variance"], rtol=1e-12)
    inference = golden["gamma"] * (batches[0] - mean) / np.sqrt(variance + 1e-3) + golden["beta"]
    np.testing.assert_allclose(inference, golden["keras_inference"], rtol=1e-12)

    mean, variance = running_statistics(batches, unbiased=True)
    np.testing.assert_allclose(mean, golden["torch_mean"], rtol=1e-12)
    np.testing.assert_allclose(variance, golden["torch_variance"], rtol=1e-12)
