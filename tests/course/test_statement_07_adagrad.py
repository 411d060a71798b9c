import statement_07_adagrad as example
from numpy.testing import assert_allclose


def test_the_steep_coordinate_is_slowed_first():
    flat, steep = example.effective_rates().T
    assert_allclose(flat[0] / steep[0], 100, rtol=1e-4)
    assert (flat > 50 * steep).all()


def test_good_on_linear_regression():
    adagrad = example.linear_regression("adagrad", 0.1)
    sgd = example.linear_regression("sgd", 0.1)
    assert adagrad[-1] < 1e-4
    assert adagrad[-1] < sgd[-1]


def test_stops_too_early_on_a_network_and_rmsprop_does_not():
    adagrad, rmsprop = (example.network(rule) for rule in ("adagrad", "rmsprop"))
    # Its steps have died down, far from what the other one reaches at the same rate.
    assert adagrad.step_norm[-1] < 0.1 * adagrad.step_norm[0]
    assert adagrad.loss[-1] > 0.95 * adagrad.loss[-1000]
    assert rmsprop.loss[-1] < adagrad.loss[-1] / 5
