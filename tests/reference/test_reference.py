"""The references prove themselves: derivatives by complex step, rules and updates by hand."""

import math

import numpy as np
import pytest

from . import rules, schedules, solvers
from .activations import ACTIVATIONS, output, output_pullback, softmax
from .losses import FUSED_OUTPUT, loss_and_delta
from .network import MLP
from .numerical import COMPLEX_STEP, central_difference_jacobian, complex_step_jacobian

Z = np.array([-30.0, -3.1, -1.0, -0.4, -1e-3, 1e-3, 0.2, 0.9, 2.7, 30.0])


# --- activations -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_derivatives(name):
    value, first, second = ACTIVATIONS[name](Z + 1j * COMPLEX_STEP)
    np.testing.assert_allclose(value.imag / COMPLEX_STEP, first.real, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(first.imag / COMPLEX_STEP, second.real, rtol=1e-13, atol=1e-15)
    for complex_part, real_part in zip((value, first, second), ACTIVATIONS[name](Z), strict=True):
        np.testing.assert_allclose(complex_part.real, real_part, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("identity", lambda z: z),
        ("sigmoid", lambda z: 1 / (1 + math.exp(-z))),
        ("tanh", lambda z: 1 - 2 / (math.exp(2 * z) + 1)),
        ("relu", lambda z: max(z, 0)),
        ("leaky_relu", lambda z: max(z, 0.01 * z)),
        ("elu", lambda z: z if z > 0 else math.exp(z) - 1),
        (
            "selu",
            lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * math.expm1(z)),
        ),
        ("gelu", lambda z: 0.5 * z * (1 + math.erf(z / math.sqrt(2)))),
        ("silu", lambda z: z / (1 + math.exp(-z))),
        ("softplus", lambda z: math.log(1 + math.exp(z))),
    ],
)
def test_activation_values(name, formula):
    np.testing.assert_allclose(
        ACTIVATIONS[name](Z)[0], [formula(z) for z in Z], rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_stay_finite_far_out(name):
    for part in ACTIVATIONS[name](np.array([-1e4, 1e4])):
        assert np.isfinite(part).all()


def test_softmax():
    z = np.array([[1000.0, 1000.0, -1000.0], [0.1, -0.3, 2.0]])
    np.testing.assert_allclose(softmax(z)[0], [0.5, 0.5, 0.0])
    np.testing.assert_allclose(softmax(z)[1], np.exp(z[1]) / np.exp(z[1]).sum(), rtol=1e-15)


@pytest.mark.parametrize("name", [*ACTIVATIONS, "softmax"])
def test_output_pullback_is_the_transposed_jacobian(name):
    rng = np.random.default_rng(0)
    z, dy = rng.normal(size=(2, 3, 4))
    jacobian = complex_step_jacobian(lambda v: output(name, v), z)
    expected = np.tensordot(dy, jacobian, axes=2).reshape(z.shape)
    np.testing.assert_allclose(output_pullback(name, z, dy), expected, rtol=1e-12, atol=1e-15)


# --- losses ----------------------------------------------------------------------------------

PAIRS = [
    *((loss, out) for loss in ("mse", "mae", "huber") for out in [*ACTIVATIONS, "softmax"]),
    *((loss, out) for loss, fused in FUSED_OUTPUT.items() for out in ("identity", fused)),
]


def targets(loss, shape, rng):
    if loss == "cross_entropy":
        return rng.integers(0, shape[1], size=shape[0])
    if loss == "binary_cross_entropy":
        return rng.integers(0, 2, size=shape).astype(float)
    return 2 * rng.normal(size=shape)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "out"), PAIRS)
def test_loss_derivatives(loss, out, weighted):
    rng = np.random.default_rng(1)
    z = 2 * rng.normal(size=(5, 3))
    T = targets(loss, z.shape, rng)
    weight = rng.uniform(0, 3, size=5) if weighted else None
    _, delta = loss_and_delta(loss, out, z, T, weight)
    expected = complex_step_jacobian(lambda v: loss_and_delta(loss, out, v, T, weight)[0], z)
    np.testing.assert_allclose(delta, expected.reshape(z.shape), rtol=1e-12, atol=1e-16)


def test_loss_values_by_hand():
    Y = np.array([[1.0, 2.0], [0.0, -3.0]])
    T = np.array([[0.5, 2.0], [2.0, 1.0]])
    assert loss_and_delta("mse", "identity", Y, T)[0] == (0.25 + 0 + 4 + 16) / 4
    assert loss_and_delta("mae", "identity", Y, T)[0] == (0.5 + 0 + 2 + 4) / 4
    assert loss_and_delta("huber", "identity", Y, T)[0] == (0.125 + 0 + 1.5 + 3.5) / 4
    weight = np.array([1.0, 3.0])
    assert loss_and_delta("mse", "identity", Y, T, weight)[0] == (0.25 + 3 * 20) / 8


def test_cross_entropies_by_hand():
    z = np.array([[0.3, -1.2, 2.0], [0.1, 0.2, -0.4]])
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    value, _ = loss_and_delta("cross_entropy", "softmax", z, np.array([2, 0]))
    assert value == pytest.approx(-(math.log(p[0, 2]) + math.log(p[1, 0])) / 2, rel=1e-14)
    one_hot = np.array([[0.0, 0, 1], [1, 0, 0]])
    assert loss_and_delta("cross_entropy", "identity", z, one_hot)[0] == value

    s = 1 / (1 + np.exp(-z))
    by_hand = -(one_hot * np.log(s) + (1 - one_hot) * np.log(1 - s)).mean()
    value, _ = loss_and_delta("binary_cross_entropy", "sigmoid", z, one_hot)
    assert value == pytest.approx(by_hand, rel=1e-14)


def test_cross_entropies_of_huge_logits():
    z = np.array([[1e4, -1e4]])
    assert loss_and_delta("cross_entropy", "softmax", z, np.array([1]))[0] == 2e4
    assert loss_and_delta("binary_cross_entropy", "sigmoid", z, np.array([[0.0, 0.0]]))[0] == 5e3


def test_fused_losses_refuse_other_outputs():
    with pytest.raises(ValueError, match="cannot follow"):
        loss_and_delta("cross_entropy", "tanh", np.zeros((1, 2)), np.array([0]))


# --- network ---------------------------------------------------------------------------------


def small_problem(loss="mse", out="identity", activation=("tanh", "gelu")):
    rng = np.random.default_rng(2)
    net = MLP((3, 5, 4, 2), activation, out)
    X = rng.normal(size=(6, 3))
    return net, rng.normal(size=net.n_parameters), X, targets(loss, (6, 2), rng)


def test_layout():
    net = MLP((2, 3, 1))
    assert net.n_parameters == 2 * 3 + 3 + 3 + 1
    (W1, b1), (W2, b2) = net.unpack(np.arange(13.0))
    np.testing.assert_array_equal(W1, [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(b1, [6, 7, 8])
    np.testing.assert_array_equal(W2, [[9], [10], [11]])
    np.testing.assert_array_equal(b2, [12])
    np.testing.assert_array_equal(np.flatnonzero(net.weight_mask() == 0), [6, 7, 8, 12])


def test_forward_by_hand():
    net, w, X, _ = small_problem()
    (W1, b1), (W2, b2), (W3, b3) = net.unpack(w)
    a2 = ACTIVATIONS["gelu"](np.tanh(X @ W1 + b1) @ W2 + b2)[0]
    np.testing.assert_array_equal(net.predict(w, X), a2 @ W3 + b3)


@pytest.mark.parametrize(("loss", "out"), [("mse", "tanh"), ("mae", "identity"), *PAIRS[-4:]])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient(activation, loss, out):
    net, w, X, T = small_problem(loss, out, activation)
    settings = {"loss": loss, "sample_weight": np.arange(1.0, 7.0), "l2": 0.1}
    expected = complex_step_jacobian(lambda v: net.loss(v, X, T, **settings), w)
    gradient = net.gradient(w, X, T, **settings)
    assert np.linalg.norm(gradient - expected) <= 1e-13 * np.linalg.norm(expected)


def test_l2_is_on_weights_only():
    net, w, X, T = small_problem()
    extra = net.loss(w, X, T, l2=0.3) - net.loss(w, X, T)
    assert extra == pytest.approx(0.15 * (net.weight_mask() * w * w).sum(), rel=1e-12)


@pytest.mark.parametrize("out", ["identity", "sigmoid", "softmax"])
def test_jacobian(out):
    net, w, X, _ = small_problem(out=out)
    expected = complex_step_jacobian(lambda v: net.predict(v, X).ravel(), w)
    np.testing.assert_allclose(net.jacobian(w, X), expected, rtol=1e-12, atol=1e-15)


def test_normal_equations_belong_to_the_gradient():
    net, w, X, T = small_problem()
    half_sum, JTe, JTJ = net.normal_equations(w, X, T)
    assert half_sum == pytest.approx(net.loss(w, X, T) * T.size / 2, rel=1e-14)
    np.testing.assert_allclose(JTe, net.gradient(w, X, T) * T.size / 2, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(JTJ, JTJ.T, rtol=1e-14)


@pytest.mark.parametrize(("loss", "out"), [("mse", "sigmoid"), ("huber", "identity"), *PAIRS[-4:]])
def test_hessian(loss, out):
    net, w, X, T = small_problem(loss, out, "silu")
    H = net.hessian(w, X, T, loss, l2=0.1)
    np.testing.assert_allclose(H, H.T, rtol=1e-11, atol=1e-14)
    differences = central_difference_jacobian(lambda v: net.gradient(v, X, T, loss, l2=0.1), w)
    np.testing.assert_allclose(H, differences, atol=1e-8)


# --- rules -----------------------------------------------------------------------------------

w0 = np.array([1.0, -2.0])
g1 = np.array([3.0, -0.5])
g2 = np.array([1.0, 4.0])


def test_two_steps_of_momentum_by_hand():
    rule = rules.SGD(momentum=0.5)
    w1 = rule.step(w0, g1, 0.1)
    np.testing.assert_allclose(w1, w0 - 0.1 * g1)
    np.testing.assert_allclose(rule.step(w1, g2, 0.2), w1 + 0.5 * (w1 - w0) - 0.2 * g2)


def test_momentum_is_ten_times_as_fast_on_a_slope():
    rule, w = rules.SGD(momentum=0.9), np.zeros(2)
    for _ in range(500):
        previous, w = w, rule.step(w, g1, 0.1)
    np.testing.assert_allclose(w - previous, -10 * 0.1 * g1, rtol=1e-12)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_both_forms_of_nesterov_agree(weight_decay):
    A = np.array([[3.0, 1.0], [1.0, 2.0]])
    shifted = rules.SGD(momentum=0.9, nesterov=True, weight_decay=weight_decay)
    look_ahead = rules.NesterovLookAhead(0.9, weight_decay)
    theta, w = w0, w0
    for i in range(30):
        learning_rate = 0.05 / (1 + i)
        theta = shifted.step(theta, A @ theta, learning_rate)
        w = look_ahead.step(w, lambda v: A @ v, learning_rate)
        np.testing.assert_allclose(shifted.finalize(theta), w, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("position", ["inside", "outside"])
def test_adagrad_and_rmsprop_by_hand(position):
    def root(s):
        return np.sqrt(s + 0.1) if position == "inside" else np.sqrt(s) + 0.1

    rule = rules.AdaGrad(epsilon=0.1, initial_accumulator=0.2, epsilon_position=position)
    w1 = rule.step(w0, g1, 0.5)
    np.testing.assert_allclose(w1, w0 - 0.5 * g1 / root(0.2 + g1**2))
    expected = w1 - 0.5 * g2 / root(0.2 + g1**2 + g2**2)
    np.testing.assert_allclose(rule.step(w1, g2, 0.5), expected)

    rule = rules.RMSprop(rho=0.8, epsilon=0.1, epsilon_position=position)
    w1 = rule.step(w0, g1, 0.5)
    np.testing.assert_allclose(w1, w0 - 0.5 * g1 / root(0.2 * g1**2))
    expected = w1 - 0.5 * g2 / root(0.16 * g1**2 + 0.2 * g2**2)
    np.testing.assert_allclose(rule.step(w1, g2, 0.5), expected)


def test_first_step_of_adam():
    # With t = 1 the corrected moments are g and g⊗g.
    ratio = {
        "outside": g1 / (np.abs(g1) + 0.1),
        "inside": g1 / np.sqrt(g1**2 + 0.1),
        "uncorrected": g1 / (np.abs(g1) + 0.1 / math.sqrt(1 - 0.999)),
    }
    for position, expected in ratio.items():
        rule = rules.Adam(epsilon=0.1, epsilon_position=position)
        np.testing.assert_allclose(rule.step(w0, g1, 0.5), w0 - 0.5 * expected, rtol=1e-12)


def test_second_step_of_adam_by_hand():
    rule = rules.Adam(beta_1=0.5, beta_2=0.75, epsilon=0.0)
    w1 = rule.step(w0, g1, 0.1)
    mean = (0.25 * g1 + 0.5 * g2) / 0.75
    square = (0.1875 * g1**2 + 0.25 * g2**2) / 0.4375
    np.testing.assert_allclose(rule.step(w1, g2, 0.1), w1 - 0.1 * mean / np.sqrt(square))


def test_two_steps_of_nadam_by_hand():
    rule = rules.Nadam(beta_1=0.5, beta_2=0.75, epsilon=0.0, momentum_decay=1.0)
    mu1, mu2, mu3 = (0.5 * (1 - 0.5 * 0.96**t) for t in (1, 2, 3))
    w1 = rule.step(w0, g1, 0.1)
    mean = mu2 * 0.5 * g1 / (1 - mu1 * mu2) + (1 - mu1) * g1 / (1 - mu1)
    np.testing.assert_allclose(w1, w0 - 0.1 * mean / np.abs(g1))
    m = 0.25 * g1 + 0.5 * g2
    mean = mu3 * m / (1 - mu1 * mu2 * mu3) + (1 - mu2) * g2 / (1 - mu1 * mu2)
    square = (0.1875 * g1**2 + 0.25 * g2**2) / 0.4375
    np.testing.assert_allclose(rule.step(w1, g2, 0.1), w1 - 0.1 * mean / np.sqrt(square))


@pytest.mark.parametrize("rule", rules.RULES.values())
def test_decoupled_weight_decay(rule):
    plain = rule().step(w0, g1, 0.1)
    decayed = rule(weight_decay=0.2, decayed=np.array([1.0, 0.0])).step(w0, g1, 0.1)
    np.testing.assert_allclose(plain - decayed, [0.1 * 0.2 * w0[0], 0.0], atol=1e-15)


# --- schedules -------------------------------------------------------------------------------


def test_schedules_by_hand():
    assert schedules.power(0, 0.1, 20) == 0.1
    assert schedules.power(20, 0.1, 20) == 0.05
    assert schedules.power(20, 0.1, 20, 2) == 0.025
    stairs = [schedules.piecewise_constant(k, (5, 20), (0.1, 0.01, 0.001)) for k in range(25)]
    assert stairs == [0.1] * 5 + [0.01] * 15 + [0.001] * 5
    assert schedules.exponential_decay(30, 0.2, 10, 0.5) == pytest.approx(0.025)
    assert schedules.cosine_decay(0, 0.2, 10, 0.1) == 0.2
    assert schedules.cosine_decay(5, 0.2, 10, 0.1) == pytest.approx(0.15)
    assert [schedules.cosine_decay(i, 0.2, 10, 0.1) for i in (10, 11)] == [0.1, 0.1]
    rise = [schedules.warm_up(i, lambda i: 0.4, 4) for i in range(6)]
    np.testing.assert_allclose(rise, [0.1, 0.2, 0.3, 0.4, 0.4, 0.4])


def test_adaptive_learning_rate_by_hand():
    assert schedules.adaptive(0.1, 1.0, 0.9) == (1.05 * 0.1, True)
    assert schedules.adaptive(0.1, 1.0, 1.03) == (0.1, True)
    assert schedules.adaptive(0.1, 1.0, 1.05) == (0.7 * 0.1, False)
    assert schedules.adaptive(0.1, 1.0, 1.01, max_increase=1.0, undo=False) == (0.7 * 0.1, True)


# --- solvers ---------------------------------------------------------------------------------


def spd(n, seed):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    return Q @ np.diag(np.geomspace(1, 100, n)) @ Q.T, rng.normal(size=n)


def test_newton_step_solves_a_quadratic():
    H, x = spd(5, 3)
    np.testing.assert_allclose(x + solvers.newton_step(H, H @ x), 0, atol=1e-13)


@pytest.mark.parametrize("update", [solvers.bfgs_update, solvers.dfp_update])
def test_variable_metric_ends_on_a_quadratic_after_n_steps(update):
    H, x = spd(5, 4)
    V, g = np.eye(5), H @ x
    for _ in range(5):
        p = -V @ g
        s = solvers.quadratic_exact_step(H, g, p) * p
        V, x, g = update(V, s, H @ s), x + s, g + H @ s
        np.testing.assert_allclose(V @ (H @ s), s, rtol=1e-9, atol=1e-12)  # secant equation
        assert np.linalg.eigvalsh((V + V.T) / 2).min() > 0
    assert np.linalg.norm(x) <= 1e-9
    np.testing.assert_allclose(V, np.linalg.inv(H), atol=1e-8)


def test_lbfgs_direction_obeys_the_newest_secant_equation():
    rng = np.random.default_rng(5)
    H, _ = spd(4, 5)
    pairs = [(s, H @ s) for s in rng.normal(size=(3, 4))]
    s, r = pairs[-1]
    np.testing.assert_allclose(solvers.lbfgs_direction(r, pairs), -s, rtol=1e-10)
    g = rng.normal(size=4)
    np.testing.assert_array_equal(solvers.lbfgs_direction(g, []), -g)


def test_levenberg_marquardt_turns_from_descent_to_gauss_newton():
    rng = np.random.default_rng(6)
    J, e = rng.normal(size=(8, 3)), rng.normal(size=8)
    g = J.T @ e
    np.testing.assert_allclose(solvers.levenberg_marquardt_step(J, e, 1e9), -g / 1e9, rtol=1e-7)
    gauss_newton = np.linalg.lstsq(J, -e, rcond=None)[0]
    p = solvers.levenberg_marquardt_step(J, e, 0.0)
    np.testing.assert_allclose(p, gauss_newton, rtol=1e-12)
    assert solvers.gain_ratio(J, e, e + J @ p, p) == pytest.approx(1.0, rel=1e-12)
    scaling = np.diag(J.T @ J)
    scaled = solvers.levenberg_marquardt_step(J, e, 1e9, scaling)
    np.testing.assert_allclose(scaled, -g / (1e9 * scaling), rtol=1e-7)


def test_nielsen_damping_by_hand():
    assert solvers.nielsen_damping(3.0, 2.0, 1.0) == (1.0, 2.0)
    assert solvers.nielsen_damping(3.0, 8.0, 0.5) == (3.0, 2.0)
    assert solvers.nielsen_damping(3.0, 2.0, -0.1) == (6.0, 4.0)
