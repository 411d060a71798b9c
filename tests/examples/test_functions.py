import numpy as np
import pytest

example = pytest.importorskip("functions", exc_type=ImportError)


@pytest.mark.parametrize("which", range(len(example.FUNCTIONS)))
@pytest.mark.parametrize("method", example.METHODS)
def test_every_path_leads_down_to_a_minimum(method, which):
    _, _, start, minima, (left, right, bottom, top) = list(example.FUNCTIONS.values())[which]
    result = example.solve(method, which)
    np.testing.assert_array_equal(result.path[0], start)
    np.testing.assert_array_equal(result.path[-1], result.x)
    assert len(result.path) == result.nit + 1
    nearest = min(np.linalg.norm(result.x - minimum) for minimum in minima)
    slow = method in example.FIRST_ORDER or method == "steepest_descent"
    assert nearest < (0.2 if slow else 1e-4)
    assert ((left, bottom) <= result.x).all()  # where the picture shows it
    assert (result.x <= (right, top)).all()


@pytest.mark.parametrize("name", example.FUNCTIONS)
def test_gradients(name):
    fun, jac, *_ = example.FUNCTIONS[name]
    for x in ([0.3, -0.7], [-1.1, 1.9]):
        step = np.array([v + 1e-30j for v in x])
        expected = [fun([step[0], x[1]]).imag / 1e-30, fun([x[0], step[1]]).imag / 1e-30]
        np.testing.assert_allclose(jac(np.array(x)), expected, rtol=1e-12)


def test_pictures_and_tables(tmp_path, capsys):
    example.main(tmp_path / "new")
    pictures = {path.name for path in (tmp_path / "new").glob("*.png")}
    drawn = {f"functions_{method}.png" for method in (*example.METHODS, "all")}
    assert drawn < pictures  # and that of the fits
    assert all((tmp_path / "new" / name).stat().st_size > 10_000 for name in pictures)
    shown = capsys.readouterr().out
    assert all(method in shown for method in example.METHODS)


def test_the_same_calls_give_what_scipy_gives():
    optimize = pytest.importorskip("scipy.optimize")
    for (label, there), (_, here) in zip(
        example.calls(optimize), example.calls(example.fastopt), strict=True
    ):
        theirs, ours = there(), here()
        if isinstance(theirs, tuple):
            np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-4, err_msg=label)
            np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-3, err_msg=label)
        else:
            assert ours.success, label
            np.testing.assert_allclose(ours.x, theirs.x, rtol=1e-3, atol=1e-3, err_msg=label)
