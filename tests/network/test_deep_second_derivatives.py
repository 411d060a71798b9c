"""Second derivatives of networks with layer normalisation and shortcuts."""

import numpy as np
import pytest

import fastopt
from reference.deep import DeepMLP
from reference.numerical import central_difference_jacobian, complex_step_jacobian

# residual as MLP takes it, and the blocks (start, end) that it stands for with three hidden layers.
SHORTCUTS = {
    "none": ((3, 4, 5, 4, 2), False, ()),
    "each layer": ((3, 4, 4, 4, 2), True, ((1, 2), (2, 3))),
    "projections": ((2, 5, 4, 6, 3), "projection", ((0, 1), (1, 2), (2, 3))),
    "over two": ((2, 5, 4, 6, 3), fastopt.Residual(2, projection=True), ((0, 2), (2, 3))),
}


def make(shortcuts, normalization, output="identity", activation="tanh", seed=0):
    sizes, residual, blocks = SHORTCUTS[shortcuts]
    rng = np.random.default_rng(seed)
    net = fastopt.MLP(sizes, activation, output, normalization=normalization, residual=residual)
    net.parameters = 0.7 * rng.normal(size=net.n_parameters)
    X, T = rng.normal(size=(19, sizes[0])), rng.normal(size=(19, sizes[-1]))
    name = "layer" if normalization is not None else None
    return net, DeepMLP(sizes, activation, output, name, blocks), X, T


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


@pytest.mark.parametrize("shortcuts", SHORTCUTS)
@pytest.mark.parametrize("normalization", [None, "layer"])
@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax"])
def test_jacobian_products_and_hessian_equal_the_transcription(shortcuts, normalization, output):
    net, reference, X, T = make(shortcuts, normalization, output)
    w = net.parameters.copy()
    J = complex_step_jacobian(lambda v: reference.predict(v, X).ravel(), w)
    e = (reference.predict(w, X) - T).ravel()
    assert relative(net.jacobian(X), J) <= 1e-12
    value, jte, jtj = net.normal_equations(X, T)
    assert value == pytest.approx(0.5 * e @ e, rel=1e-12)
    assert relative(jte, J.T @ e) <= 1e-12
    assert relative(jtj, J.T @ J) <= 1e-12
    H = complex_step_jacobian(lambda v: reference.gradient(v, X, T, "mse", None, 0.1), w)
    assert relative(net.hessian(X, T, l2=0.1), H) <= 1e-11
    along = np.random.default_rng(3).normal(size=w.size)
    assert relative(net.hessian_vector_product(X, T, along, l2=0.1), H @ along) <= 1e-11


# At random points none is at its kink.
ACTIVATIONS = ("sigmoid", "softplus", "silu", "gelu", "elu", "selu", "relu", "leaky_relu")
LOSSES = {
    "mse": "sigmoid",
    "huber": "identity",
    "binary_cross_entropy": "sigmoid",
    "cross_entropy": "softmax",
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("normalization", [None, "layer"])
def test_jacobian_of_every_activation(normalization, activation):
    net, reference, X, _ = make("projections", normalization, activation=activation)
    J = complex_step_jacobian(lambda v: reference.predict(v, X).ravel(), net.parameters)
    assert relative(net.jacobian(X), J) <= 1e-12


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("normalization", [None, "layer"])
def test_hessian_of_every_activation_and_loss(normalization, activation, loss):
    net, reference, X, T = make("projections", normalization, LOSSES[loss], activation)
    if loss == "cross_entropy":
        T = T.argmax(axis=1)
    elif loss == "binary_cross_entropy":
        T = (T > 0).astype(float)
    w = net.parameters.copy()
    H = complex_step_jacobian(lambda v: reference.gradient(v, X, T, loss, None, 0.1), w)
    assert relative(net.hessian(X, T, loss=loss, l2=0.1), H) <= 1e-11
    along = np.random.default_rng(3).normal(size=w.size)
    product = net.hessian_vector_product(X, T, along, loss=loss, l2=0.1)
    assert relative(product, H @ along) <= 1e-11


@pytest.mark.parametrize(
    ("loss", "activation"), [("mse", "tanh"), ("mse", "gelu"), ("cross_entropy", "silu")]
)
@pytest.mark.parametrize("shortcuts", SHORTCUTS)
def test_normalisation_after_the_activation_against_differences(shortcuts, loss, activation):
    after = fastopt.LayerNormalization(position="after")
    net, _, X, T = make(
        shortcuts, after, "softmax" if loss == "cross_entropy" else "identity", activation
    )
    targets = T.argmax(axis=1) if loss == "cross_entropy" else T

    def at(w):
        other = net.copy()
        other.parameters = w
        return other

    w = net.parameters.copy()
    J = central_difference_jacobian(lambda v: at(v).predict(X).ravel(), w)
    H = central_difference_jacobian(lambda v: at(v).loss_and_gradient(X, targets, loss=loss)[1], w)
    assert relative(net.jacobian(X), J) <= 1e-7
    assert relative(net.normal_equations(X, T)[2], net.jacobian(X).T @ net.jacobian(X)) <= 1e-12
    assert relative(net.hessian(X, targets, loss=loss), H) <= 1e-6


@pytest.mark.parametrize("method", ["lm", "bfgs", "newton"])
def test_methods_train_them(method):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 3))
    y = np.sin(X.sum(axis=1))
    net = fastopt.MLP([3, 6, 6, 6, 1], normalization="layer", residual=2, random_state=0)
    start = net.evaluate(X, y)
    history = net.fit(X, y, method, epochs=100)
    assert history.loss[-1] < 0.2 * start
    assert net.evaluate(X, y) == pytest.approx(history.loss[-1], rel=1e-9)


@pytest.mark.parametrize("settings", [{"normalization": "batch"}, {"dropout": 0.2}])
def test_what_is_no_fixed_function_of_the_weights_is_refused_by_name(settings):
    net = fastopt.MLP([3, 4, 4, 1], **settings)
    X, y = np.ones((5, 3)), np.ones(5)
    name = next(iter(settings))
    with pytest.raises(ValueError, match=f"LevenbergMarquardt needs.*{name}"):
        net.fit(X, y, "lm")
    for call in (lambda: net.jacobian(X), lambda: net.hessian(X, y)):
        with pytest.raises(ValueError, match=name):
            call()
