import pytest
import statement_13_symmetry as example

from fastopt.optimizers import registry

# What each of them does to one neuron it does to all; the others solve linear systems.
ALIKE = registry.keys() - {"newton", "bfgs", "dfp", "lm"}


@pytest.mark.parametrize("optimizer", sorted(ALIKE))
def test_neurons_that_start_alike_stay_alike_without_dropout(optimizer):
    apart = example.spread(optimizer=optimizer)
    assert len(apart) > 20
    assert apart.max() <= 1e-12


@pytest.mark.parametrize("optimizer", ["newton", "bfgs", "dfp"])
def test_rounding_parts_them_little_in_linear_systems(optimizer):
    # 2e-9, 3e-14 and 1e-10 were seen.
    assert example.spread(optimizer=optimizer).max() <= 1e-6


def test_levenberg_marquardt_amplifies_the_rounding_until_they_part():
    apart = example.spread(optimizer="lm")
    assert apart[1] < 1e-9
    assert apart[-1] > 1e-1


def test_dropout_parts_them():
    apart = example.spread(0.2)
    assert apart[0] == 0
    assert apart[-1] > 1e-2
