"""MATLAB's traingd, traingdm, traingda and traingdx: on networks and on functions."""

import numpy as np
import pytest

import fastopt
from fastopt.optimizers import resolve
from reference import schedules
from reference.network import MLP as ReferenceMLP

RNG = np.random.default_rng(1)
X = RNG.normal(size=(40, 2))
Y = np.sin(2 * X[:, :1]) * X[:, 1:]
NAMES = {
    "traingd": {"momentum": 0.0, "adaptive": False},
    "traingdm": {"momentum": 0.9, "adaptive": False},
    "traingda": {"momentum": 0.0, "adaptive": True},
    "traingdx": {"momentum": 0.9, "adaptive": True},
}


def make_net():
    return fastopt.MLP([2, 5, 1], activation="tanh", random_state=3)


def by_hand(loss, gradient, w, steps, rate, momentum, adaptive):
    """(weights, losses, rates, how many steps were undone)."""
    m, E, losses, rates, undone = 0.0, loss(w), [], [], 0
    for _ in range(steps):
        new_m = momentum * m - (1 - momentum) * rate * gradient(w)
        new_E = loss(w + new_m)
        rates.append(rate)
        kept = True
        if adaptive:
            rate, kept = schedules.adaptive(rate, E, new_E)
        if kept:
            w, m, E = w + new_m, new_m, new_E
        else:
            m, undone = 0.0, undone + 1
        losses.append(E)
    return w, losses, rates, undone


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rate", [0.01, 3.0])
def test_on_a_network(name, rate):
    if rate == 3.0 and not NAMES[name]["adaptive"]:
        rate = 0.3
    ref, net = ReferenceMLP((2, 5, 1), "tanh"), make_net()
    w, losses, rates, undone = by_hand(
        *(lambda w: ref.loss(w, X, Y), lambda w: ref.gradient(w, X, Y)),
        *(net.parameters.copy(), 60, rate),
        **NAMES[name],
    )
    history = net.fit(X, Y, resolve(name, learning_rate=rate), epochs=60)
    np.testing.assert_allclose(net.parameters, w, rtol=1e-9)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-9)
    np.testing.assert_allclose(history.learning_rate, rates, rtol=1e-13)
    assert undone >= 1 or rate != 3.0


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_on_to_the_same_bits(name):
    whole, net = make_net(), make_net()
    optimizer = resolve(name, learning_rate=1.0 if NAMES[name]["adaptive"] else 0.1)
    expected = whole.fit(X, Y, optimizer, epochs=30)
    first = net.fit(X, Y, optimizer, epochs=13)
    history = net.fit(X, Y, optimizer, epochs=30, initial_epoch=first)
    assert np.array_equal(net.parameters, whole.parameters)
    assert history.learning_rate == expected.learning_rate


def test_names_and_settings():
    for name, settings in NAMES.items():
        assert resolve(name) == fastopt.GradientDescentAdaptive(**settings)
        assert resolve(name.upper(), learning_rate=0.5).learning_rate == 0.5
    assert resolve("GradientDescentAdaptive") == resolve("traingda")
    with pytest.raises(TypeError, match="learning_rate must be a number"):
        fastopt.GradientDescentAdaptive(fastopt.CosineDecay(0.1, 10))
    with pytest.raises(ValueError, match="works on the full batch"):
        make_net().fit(X, Y, "traingd", batch_size=8)


def test_step_does_not_see_the_loss():
    with pytest.raises(ValueError, match=r"GradientDescentAdaptive\(adaptive=True\) follows"):
        fastopt.GradientDescentAdaptive().step(np.ones(2), np.ones(2))


def bowl(x):
    return (np.array([1.0, 30.0]) * x**2).sum()


def slope(x):
    return np.array([2.0, 60.0]) * x


@pytest.mark.parametrize("name", NAMES)
def test_on_a_function(name):
    rate = 1.0 if NAMES[name]["adaptive"] else 0.03
    x, losses, rates, undone = by_hand(bowl, slope, np.array([3.0, -2.0]), 40, rate, **NAMES[name])
    assert undone >= 3 or not NAMES[name]["adaptive"]
    result = fastopt.minimize(
        *(bowl, [3.0, -2.0]),
        jac=slope,
        method=name,
        options={"learning_rate": rate, "maxiter": 40, "gtol": 0},
    )
    np.testing.assert_allclose(result.x, x, rtol=1e-10)
    np.testing.assert_allclose(result.history.loss, losses, rtol=1e-10)
    np.testing.assert_allclose(result.history.learning_rate, rates, rtol=1e-13)
    assert result.nit == 40
    np.testing.assert_allclose(result.jac, slope(result.x), rtol=1e-12)


def test_a_first_step_to_where_nothing_is_finite_is_undone():
    def wall(x):
        return np.inf if abs(x[0]) > 10 else x[0] ** 2

    result = fastopt.minimize(
        wall, [3.0], jac=lambda x: 2 * x, method="traingda", options={"learning_rate": 50.0}
    )
    assert result.success
    assert abs(result.x[0]) < 1e-3
    assert result.history.loss[0] == 9.0


def test_schedules_that_follow_the_loss_serve_every_rule():
    for rule in (fastopt.SGD, fastopt.Adam):
        optimizer = rule(fastopt.AdaptiveLearningRate(0.1))
        result = fastopt.minimize(bowl, [3.0, -2.0], jac=slope, method=optimizer)
        assert bowl(result.x) < 1e-6
