"""The NumPy references reproduce the golden values of PyTorch and Keras."""

import numpy as np
import pytest

from reference.network import MLP
from reference.rules import RULES

from . import load

# --- update rules ----------------------------------------------------------------------------

OPTIMIZERS, TRAJECTORIES = load("optimizers")


def run(case, **changes):
    """The path of the weights, (100, 7), by the plain NumPy rule."""
    settings = {**case["fastopt_settings"], **changes}
    learning_rate = settings.pop("learning_rate")
    rule, w, path = RULES[case["fastopt"]](**settings), TRAJECTORIES["start"], []
    for i, g in enumerate(TRAJECTORIES["gradients"]):
        w = rule.step(w, g, learning_rate * case["learning_rate_factor"] ** i)
        path.append(w)
    return np.array(path)


def golden(case):
    return TRAJECTORIES[f"{case['framework']}_{case['name']}"]


def relative_error(path, expected):
    """Largest error of an element, relative to the largest value that it has had so far."""
    return (np.abs(path - expected) / np.maximum.accumulate(np.abs(expected))).max()


def case_id(case):
    return f"{case['framework']}_{case['name']}"


@pytest.mark.parametrize("case", OPTIMIZERS, ids=case_id)
def test_rule_follows_the_framework(case):
    assert relative_error(run(case), golden(case)) <= 1e-12


PLACED = [case for case in OPTIMIZERS if "epsilon_position" in case["fastopt_settings"]]


@pytest.mark.parametrize("case", PLACED, ids=case_id)
def test_trajectories_tell_the_positions_of_epsilon_apart(case):
    ours = case["fastopt_settings"]["epsilon_position"]
    other = "inside" if ours == "outside" else "outside"
    assert relative_error(run(case, epsilon_position=other), golden(case)) >= 1e-7


# --- networks --------------------------------------------------------------------------------

NETWORKS, NETWORK_ARRAYS = load("networks")


@pytest.mark.parametrize("case", NETWORKS, ids=lambda case: case["name"])
def test_network_agrees_with_pytorch(case):
    def of_network(key):
        return NETWORK_ARRAYS[f"{case['network']}/{key}"]

    def expected(key):
        return NETWORK_ARRAYS[f"{case['name']}/{key}"]

    net = MLP(tuple(case["layer_sizes"]), case["activation"], case["output_activation"])
    w, X, T = of_network("weights"), of_network("X"), of_network(case["targets"])
    settings = {
        "loss": case["loss"],
        "l2": case["l2"],
        "sample_weight": of_network("sample_weight") if case["sample_weight"] else None,
    }
    np.testing.assert_allclose(net.predict(w, X), expected("outputs"), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(net.loss(w, X, T, **settings), expected("loss"), rtol=1e-13)
    gradient = net.gradient(w, X, T, **settings)
    error = np.linalg.norm(gradient - expected("gradient"))
    assert error <= 1e-13 * np.linalg.norm(expected("gradient"))
