import numpy as np
import pytest
import statement_12_memory as example

import fastopt


def test_the_hessians_of_known_networks():
    assert example.entries("VGG16") == 19_142_809_981_711_936
    assert example.entries("MobileNetV2") == 12_524_407_752_256
    for name, n in example.NETWORKS.items():
        for method in ("newton", "lm", "bfgs", "dfp"):
            assert fastopt.memory_needed(method, n) >= 8 * example.entries(name)
        assert fastopt.memory_needed("adam", n) <= 8 * 8 * n  # a few vectors, however large n is


@pytest.mark.parametrize("method", ["newton", "lm", "bfgs", "dfp"])
def test_a_network_too_large_is_refused_with_the_figures(method):
    message = example.refusal(method)
    n = 360_001
    assert f"{n:,}" in message
    assert f"{fastopt.memory_needed(method, n, example.WIDTH):,}" in message
    assert "available" in message
    assert "LBFGS" in message


def test_derivatives_too_large_are_refused_as_well():
    net = fastopt.MLP([10, example.WIDTH, 1])
    X, y = np.zeros((2, 10)), np.zeros(2)
    for call in (lambda: net.hessian(X, y), lambda: net.normal_equations(X, y)):
        with pytest.raises(MemoryError, match="360,001 parameters needs 1,036,805,760,008 bytes"):
            call()
    assert net.jacobian(X).shape == (2, 360_001)
