import pytest
import statement_13_symmetry as example

from fastopt.optimizers import registry

# What each of them does to one neuron it does to all; the others solve linear systems.
ALIKE = registry.keys() - {"newton", "bfgs", "dfp", "lm", "bayesian_regularization"}


@pytest.mark.parametrize("optimizer", sorted(ALIKE))
def test_neurons_that_start_alike_stay_alike_without_dropout(optimizer):
    apart = example.spread(optimizer=optimizer)
    assert len(apart) > 20
    assert apart.max() <= 1e-12


@pytest.mark.parametrize("optimizer", ["newton", "bfgs", "dfp"])
def test_rounding_parts_them_little_until_the_verdict_on_a_saddle_leads_away(optimizer):
    apart = example.spread(optimizer=optimizer)
    # They come to the saddle, with a gradient of next to nothing, after a dozen epochs or more.
    assert apart[:10].max() <= 1e-6
    assert apart[-1] > 1e-2


def test_levenberg_marquardt_amplifies_the_rounding_until_they_part():
    apart = example.spread(optimizer="lm")
    assert apart[1] < 1e-9
    assert apart[-1] > 1e-1


def test_dropout_parts_them():
    apart = example.spread(0.2)
    assert apart[0] == 0
    assert apart[-1] > 1e-2
