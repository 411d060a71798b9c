"""iRprop⁺: against the algorithm as it is printed, in step(), fit and minimize."""

import numpy as np
import pytest

import fastopt
from reference.network import MLP as ReferenceMLP
from reference.rules import RpropPlus

PLUS = fastopt.Rprop(0.1, variant="plus")


def valley(x):
    """Steep across, so that signs change and E grows now and then."""
    return 50 * (x[0] - x[1] ** 2) ** 2 + (x**2).sum()


def slope(x):
    a = 100 * (x[0] - x[1] ** 2)
    return np.array([a, -2 * x[1] * a]) + 2 * x


def by_the_paper(loss, gradient, w, steps, rate=0.1):
    rule, path, grown = RpropPlus(), [], 0
    for _ in range(steps):
        rule.loss = loss(w)
        grown += rule.t > 0 and rule.loss > rule.last_loss
        w = rule.step(w, gradient(w), rate)
        path.append(w)
    return np.array(path), grown


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_step(dtype):
    x0 = np.array([-1.2, 1.3])
    expected, grown = by_the_paper(valley, slope, x0, 60)
    assert grown >= 3
    opt, w = PLUS.clone(), x0.astype(dtype)
    for row in expected if dtype == np.float64 else expected[:12]:
        opt.step(w, slope(w), loss=valley(w))
        rtol = 1e-12 if dtype == np.float64 else 1e-5
        np.testing.assert_allclose(w, row, rtol=rtol, atol=rtol)


def test_the_state_goes_on():
    w = np.array([-1.2, 1.3])
    opt = PLUS.clone()
    for _ in range(20):
        opt.step(w, slope(w), loss=valley(w))
    other, there = PLUS.clone(), w.copy()
    other.load_state_dict(opt.state_dict())
    for _ in range(20):
        before = valley(w)
        opt.step(w, slope(w), loss=before)
        other.step(there, slope(there), loss=valley(there))
    assert np.array_equal(w, there)
    state = opt.state_dict()
    assert state["rule_memory_0"] == before
    with pytest.raises(ValueError, match="rule_memory_0"):
        other.load_state_dict({**state, "rule_memory_0": float("nan")})


def test_the_loss_has_to_be_told():
    w = np.ones(2)
    with pytest.raises(ValueError, match=r"compares losses: .* step\(params, grads, loss=...\)"):
        PLUS.clone().step(w, w)
    with pytest.raises(ValueError, match="loss must be"):
        PLUS.clone().step(w, w, loss=float("nan"))
    assert (w == 1).all()
    one, two = fastopt.Rprop(0.1), np.ones(2)
    one.step(two, two, loss=3.0)  # which iRprop⁻ has no use for
    assert (two == 0.9).all()


def test_fit_and_resume():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 2))
    y = np.sin(2 * X[:, :1]) * X[:, 1:]
    ref = ReferenceMLP((2, 5, 1), "tanh")

    def make():
        return fastopt.MLP([2, 5, 1], activation="tanh", random_state=3)

    net = make()
    w = net.parameters.copy()
    expected, grown = by_the_paper(
        lambda w: ref.loss(w, X, y), lambda w: ref.gradient(w, X, y), w, 40
    )
    assert grown >= 2
    net.fit(X, y, PLUS, epochs=40)
    np.testing.assert_allclose(net.parameters, expected[-1], rtol=1e-9)

    other = make()
    first = other.fit(X, y, PLUS, epochs=17)
    other.fit(X, y, PLUS, epochs=40, initial_epoch=first)
    assert np.array_equal(other.parameters, net.parameters)


def test_minimize():
    x0 = np.array([-1.2, 1.3])
    expected, _ = by_the_paper(valley, slope, x0, 25)
    result = fastopt.minimize(
        valley, x0, method=PLUS, jac=slope, options={"maxiter": 25, "gtol": 0}, record_path=True
    )
    np.testing.assert_allclose(result.path[1:], expected, rtol=1e-12)
    fine = PLUS.clone(step_min=1e-12)
    assert fastopt.minimize(valley, x0, method=fine, jac=slope).success
