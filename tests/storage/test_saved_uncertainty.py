"""Intervals after loading: the covariance of the weights in the file of a network."""

import numpy as np
import pytest

import fastopt
from fastopt.storage import safetensors

RNG = np.random.default_rng(3)
X = RNG.uniform(-1, 1, (60, 2))
Y = np.column_stack([np.sin(3 * X[:, 0]), X[:, 0] * X[:, 1]]) + 0.1 * RNG.normal(size=(60, 2))
NEW = RNG.uniform(-1, 1, (7, 2))


def trained(optimizer="lm", q=2, l2=0.0, **settings):
    net = fastopt.MLP([2, 4, q], random_state=0, **settings)
    net.fit(X, Y[:, :q], optimizer, epochs=40, l2=l2)
    return net


def saved(net, tmp_path):
    net.save(tmp_path / "net.safetensors")
    return fastopt.load(tmp_path / "net.safetensors")


@pytest.mark.parametrize("kind", ["prediction", "confidence"])
@pytest.mark.parametrize(
    ("optimizer", "q", "l2", "settings"),
    [
        ("lm", 2, 0.0, {}),
        ("lm", 1, 1e-3, {"scale_inputs": "standard", "scale_targets": "standard"}),
        ("bayesian_regularization", 1, 0.0, {}),
    ],
)
def test_intervals_after_loading_are_those_from_before(tmp_path, optimizer, q, l2, settings, kind):
    pytest.importorskip("scipy")
    net = trained(optimizer, q, l2, **settings)
    before = net.predict(NEW, interval=0.9, kind=kind)
    again = saved(net, tmp_path)
    for ours, theirs in zip(before, again.predict(NEW, interval=0.9, kind=kind), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # From the file of the loaded network too.
    third = saved(again, tmp_path)
    np.testing.assert_array_equal(third.predict(NEW, interval=0.9, kind=kind)[2], before[2])


def test_single_precision_and_weights_that_are_not_determined(tmp_path):
    net = fastopt.MLP([2, 3, 1], activation="relu", random_state=0, dtype="float32")
    net.fit(X, Y[:, 0], fastopt.Adam(0.01), epochs=5)
    net.coefs_[0][:, 0] = 0
    net.intercepts_[0][0] = -1  # a unit that is never felt
    known = net.uncertainty(X, Y[:, :1])
    assert np.isinf(known.standard_errors).any()
    again = saved(net, tmp_path)._estimated
    for name in ("standard_errors", "covariance", "noise", "degrees_of_freedom"):
        np.testing.assert_array_equal(getattr(known, name), getattr(again, name))
    assert known.effective_parameters == again.effective_parameters


def test_frozen_weights_have_no_errors_after_loading_either(tmp_path):
    net = fastopt.MLP([2, 4, 1], random_state=0)
    net.trainable = ["W2", "b2"]
    net.fit(X, Y[:, 0], "lm", epochs=5)
    known = net.uncertainty()
    again = saved(net, tmp_path)._estimated
    assert (again.standard_errors[:12] == 0).all()
    np.testing.assert_array_equal(known.covariance, again.covariance)


def test_the_penalty_is_in_the_file_and_uncertainty_takes_it_again(tmp_path):
    net = trained(q=1, l2=1e-2)
    again = saved(net, tmp_path)
    expected = net.uncertainty().standard_errors
    found = again.uncertainty(X, Y[:, 0]).standard_errors
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    without = again.uncertainty(X, Y[:, 0], l2=0.0).standard_errors
    assert not np.allclose(without, expected, rtol=1e-3)


def test_without_it_the_error_tells_the_cure_and_other_weights_take_none_along(tmp_path):
    pytest.importorskip("scipy")
    net = trained()
    with pytest.raises(ValueError, match="before the network is saved"):
        saved(net, tmp_path).predict(NEW, interval=0.9)
    net.uncertainty()
    net.coefs_[0][:] += 0.1
    assert saved(net, tmp_path)._estimated is None


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("size", lambda a: np.zeros_like(a)),
        ("root", lambda a: a[:-1]),
        ("root", lambda a: np.full_like(a, np.nan)),
        ("null", lambda a: np.zeros((len(a), 2))),
        ("noise", lambda a: -a - 1),
        ("degrees_of_freedom", lambda a: a[:1]),
        ("undetermined", lambda _: np.array([10**6])),
    ],
)
def test_damage_is_refused_by_its_field(tmp_path, name, change):
    net = trained()
    net.uncertainty()
    path = tmp_path / "net.safetensors"
    net.save(path)
    arrays, document = safetensors.decode(path.read_bytes())
    arrays[f"uncertainty.{name}"] = change(arrays[f"uncertainty.{name}"])
    document.pop("digest", None)
    path.write_bytes(b"".join(map(bytes, safetensors.encode(arrays, document))))
    with pytest.raises(fastopt.FormatError) as error:
        fastopt.load(path)
    assert error.value.field == f"uncertainty.{name}"
