"""These methods are not only for networks: the same classes minimise any function."""

import numpy as np
import pytest

import fastopt

RATES = {
    "sgd": 0.01,
    "momentum": 0.002,
    "nesterov": 0.002,
    "adagrad": 1.0,
    "rmsprop": 0.01,
    "adam": 0.1,
    "nadam": 0.1,
}
MINIMA = np.array([[3, 2], [-2.805118, 3.131312], [-3.779310, -3.283186], [3.584428, -1.848126]])


@pytest.mark.parametrize(
    "method",
    [*RATES, "steepest_descent", "newton", "newton_cg", "bfgs", "dfp", "lbfgs", "cg", "scg", "oss"],
)
def test_every_method_minimises_a_function(method):
    """Himmelblau's, with four minima of value zero."""

    def fun(x):
        return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2

    options = {"learning_rate": RATES[method], "maxiter": 5000} if method in RATES else {}
    result = fastopt.minimize(fun, [1.0, 1.0], method=method, jac="3-point", options=options)
    # RMSprop swings about the minimum at about its learning rate.
    tolerance = 0.05 if method == "rmsprop" else 1e-3
    assert np.linalg.norm(MINIMA - result.x, axis=1).min() < tolerance


def test_the_same_object_trains_a_network_and_minimises_a_function():
    optimizer = fastopt.Adam(learning_rate=0.05)
    result = fastopt.minimize(lambda x: (x - 3) @ (x - 3), [0.0], method=optimizer)
    assert result.x == pytest.approx(3, abs=1e-3)
    net = fastopt.MLP([1, 4, 1], random_state=0)
    X = np.linspace(-1, 1, 20)[:, None]
    history = net.fit(X, 3 * X, optimizer=optimizer, epochs=50, random_state=0)
    assert history.loss[-1] < history.loss[0]
    assert optimizer == fastopt.Adam(learning_rate=0.05)
