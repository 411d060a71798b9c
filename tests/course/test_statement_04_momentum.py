import numpy as np
import pytest
import statement_04_momentum as example
from numpy.testing import assert_allclose


def test_ten_times_as_fast():
    plain, momentum = example.steps(0.0)[199], example.steps(0.9)[199]
    assert_allclose(plain, -example.RATE, rtol=1e-10)
    assert_allclose(momentum / plain, 10, rtol=1e-8)


@pytest.mark.parametrize("beta", [0.0, 0.9])
def test_the_step_grows_as_a_geometric_sum(beta):
    t = np.arange(1, 201)
    expected = -example.RATE * (1 - beta**t) / (1 - beta)
    assert_allclose(example.steps(beta)[:200], expected, rtol=1e-9)


def test_a_reversed_gradient_does_not_turn_it_at_once():
    assert example.turns_after(0.0) == 0
    # m_k = −10 η (2·0.9ᵏ − 1) g changes its sign where 0.9ᵏ = ½: between k = 6 and 7.
    assert example.turns_after(0.9) == 6
