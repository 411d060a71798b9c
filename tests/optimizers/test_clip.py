"""Gradient clipping on arrays."""

import numpy as np
import pytest

import fastopt

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def arrays(dtype=np.float64):
    rng = np.random.default_rng(0)
    shapes = (50, 3), (3,), (300, 200), ()
    return [np.asarray(rng.normal(size=s) * 10.0**k, dtype) for k, s in enumerate(shapes)]


def assert_close(got, expected, dtype):
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=1e-14 if dtype == np.float64 else 1e-6)


@DTYPES
def test_by_value(dtype):
    grads = arrays(dtype)
    expected = [np.clip(g, -1.5, 1.5) for g in grads]
    assert fastopt.ClipByValue(1.5)(grads) is True
    assert_close(grads, expected, dtype)
    assert fastopt.ClipByValue(1.5)(grads) is False


@DTYPES
def test_by_norm_of_each_array(dtype):
    grads = arrays(dtype)
    norms = [np.linalg.norm(g.astype(float)) for g in grads]
    expected = [g * min(1, 20 / n) for g, n in zip(grads, norms, strict=True)]
    assert min(norms) < 20 < max(norms)
    assert fastopt.ClipByNorm(20.0)(grads) is True
    assert_close(grads, expected, dtype)
    assert fastopt.ClipByNorm(20.1)(grads) is False


@DTYPES
def test_by_global_norm(dtype):
    grads = arrays(dtype)
    norm = np.linalg.norm(np.concatenate([g.ravel().astype(float) for g in grads]))
    expected = [g / norm for g in grads]
    assert fastopt.ClipByGlobalNorm(1.0)(grads) is True
    assert_close(grads, expected, dtype)
    assert fastopt.ClipByGlobalNorm(1.01)(grads) is False


@pytest.mark.parametrize("cls", [fastopt.ClipByValue, fastopt.ClipByNorm, fastopt.ClipByGlobalNorm])
@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2]])
def test_layouts_in_place(cls, layout):
    g = 3 * np.random.default_rng(0).normal(size=(7, 5))
    expected, given = g.copy(), layout(g)
    assert cls(0.5)(expected)
    assert cls(0.5)(given)
    np.testing.assert_allclose(given, expected, rtol=1e-15)


@pytest.mark.parametrize("cls", [fastopt.ClipByNorm, fastopt.ClipByGlobalNorm])
@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e30), (np.float64, 1e300)])
def test_norms_whose_squares_overflow(cls, dtype, size):
    g = np.array([3, 4], dtype) * dtype(size)
    assert cls(1.0)(g)
    np.testing.assert_allclose(g, [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("cls", [fastopt.ClipByNorm, fastopt.ClipByGlobalNorm])
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_gradient_that_is_not_finite_is_left_alone(cls, bad):
    g = np.array([bad, 5.0])
    assert cls(1.0)(g) is False
    np.testing.assert_array_equal(g, [bad, 5.0])


def test_errors():
    with pytest.raises(ValueError, match=r"limit must be a number in \(0, inf\), got -1"):
        fastopt.ClipByNorm(-1)
    with pytest.raises(TypeError, match="limit"):
        fastopt.ClipByNorm()
    clip = fastopt.ClipByValue(1)
    with pytest.raises(TypeError, match="grads must be float32 or float64"):
        clip(np.ones(3, int))
    with pytest.raises(TypeError, match="grads must be a NumPy array"):
        clip([1.0])
    g = np.ones(3)
    g.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        clip(g)


def test_repr_and_equality():
    assert repr(fastopt.ClipByNorm(2)) == "ClipByNorm(limit=2.0)"
    assert fastopt.ClipByNorm(2) == fastopt.ClipByNorm(2.0)
    assert fastopt.ClipByNorm(2) != fastopt.ClipByGlobalNorm(2)
