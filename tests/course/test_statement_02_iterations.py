import pytest
import statement_02_iterations as example


@pytest.mark.parametrize(
    ("batch_size", "expected"),
    [(None, 1), (100, 200), (1, 20_000), (30, 667)],  # 667: the last batch holds 20
)
def test_iterations_of_an_epoch(batch_size, expected):
    assert example.iterations(batch_size) == [expected]


def test_every_epoch_has_as_many():
    assert example.iterations(100, epochs=3) == [200, 200, 200]


def test_more_iterations_come_further_in_an_epoch():
    batch, mini, sgd = (example.curve(size).mse[-1] for size in example.BATCHES.values())
    assert sgd < mini < batch
