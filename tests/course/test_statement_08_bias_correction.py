import numpy as np
import pytest
import statement_08_bias_correction as example
from numpy.testing import assert_allclose


def test_kept_estimates_are_too_small_at_first():
    m, s = example.estimates()
    assert_allclose([m[0], s[0]], [0.1, 0.001], rtol=1e-12)
    assert m[9] < 0.66
    assert s[9] < 0.01


def test_correction_enlarges_them_to_the_truth():
    for kept, factor in zip(example.estimates(), example.corrections(), strict=True):
        assert factor[0] > 9
        assert (np.diff(factor[:100]) < 0).all()
        assert_allclose(kept * factor, 1, rtol=1e-9)


@pytest.mark.parametrize("rule", example.RULES)
def test_where_adaptive_rules_falter(rule):
    training, new, positive = example.accuracy(rule)
    assert training == 1
    assert 0.3 < positive < 0.7
    assert new == (1 if rule == "momentum" else positive)
