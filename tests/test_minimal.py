"""Whether a build works at all: it tells what it is, and fits.

``python tests/test_minimal.py``, which needs NumPy only, is what each wheel has to pass.
"""

import numpy as np

import fastopt


def test_what_it_is():
    info = fastopt.build_info()
    print(*(f"{name}: {value}" for name, value in info.items()), sep="\n")
    assert info["variant"] in info["built_variants"]
    assert info["variant"] in info["supported_variants"]
    assert info["version"] == fastopt.__version__


def test_a_network_fits_a_curve():
    x = np.linspace(-1, 1, 50)[:, None]
    for dtype, optimizer, epochs in (("float32", fastopt.Adam(0.01), 300), ("float64", "lm", 30)):
        net = fastopt.MLP([1, 8, 1], dtype=dtype, random_state=0)
        history = net.fit(x, np.sin(3 * x), optimizer, epochs=epochs)
        assert history.loss[-1] < 0.1 * history.loss[0]
        assert net.predict(x).shape == (50, 1)


def test_a_function_is_minimised():
    def rosenbrock(x):
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    result = fastopt.minimize(rosenbrock, [-1.2, 1.0])
    np.testing.assert_allclose(result.x, 1, atol=1e-5)


if __name__ == "__main__":
    test_what_it_is()
    test_a_network_fits_a_curve()
    test_a_function_is_minimised()
    print("it works")
