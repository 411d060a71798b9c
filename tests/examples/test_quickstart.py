import pytest

quickstart = pytest.importorskip("quickstart", exc_type=ImportError)


@pytest.fixture(scope="module")
def results():
    return quickstart.train()


def by_name(results, data, method):
    (result,) = [r for r in results if (r.data, r.method) == (data, method)]
    return result


def test_digits(results):
    digits = by_name(results, "digits", "Adam")
    assert len(digits.scores) == 5
    assert digits.score >= 0.97


@pytest.mark.parametrize("method", ["Adam", "Levenberg-Marquardt"])
def test_regression(results, method):
    # The standard deviation of the target is 77; a linear model leaves 53 here.
    assert by_name(results, "diabetes", method).score < 58
    # The noise of the sine is 0.05.
    assert by_name(results, "sine", method).score < 0.06


def test_levenberg_marquardt_needs_fewer_epochs(results):
    adam, lm = (by_name(results, "sine", m).histories[0] for m in ("Adam", "Levenberg-Marquardt"))
    assert len(lm) < len(adam)
    assert lm.loss[-1] < adam.loss[-1]


def test_table_and_picture(results, tmp_path, capsys):
    quickstart.show(results)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(results)
    assert all(reason in lines[0] for reason in ("loss", "epochs", "seconds", "stopped by"))
    quickstart.draw(results, tmp_path / "new" / "quickstart.png")
    assert (tmp_path / "new" / "quickstart.png").stat().st_size > 10_000
