import statement_13_symmetry as example


def test_neurons_that_start_alike_stay_alike_without_dropout():
    apart = example.spread(0.0)
    assert len(apart) == 1 + example.EPOCHS
    assert apart.max() <= 1e-12


def test_dropout_parts_them():
    apart = example.spread(0.2)
    assert apart[0] == 0
    assert apart[-1] > 1e-2
