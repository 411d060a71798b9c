"""Each rule against its NumPy transcription, and against the paths of PyTorch and Keras."""

import numpy as np
import pytest

import fastopt
import golden
from optimizer_cases import each_first_order

RTOL = {np.float64: 1e-13, np.float32: 2e-6}


def gradients(steps, size, seed=0):
    """Of very different sizes from element to element, some of them zero now and then."""
    rng = np.random.default_rng(seed)
    g = rng.normal(size=(steps, size)) * 10.0 ** rng.uniform(-8, 2, size=size)
    g[:, ::7] *= rng.uniform(size=(steps, len(g[0, ::7]))) < 0.3
    return g


@each_first_order
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_each_step_is_that_of_the_transcription(case, dtype):
    opt, reference = case.make(), case.make_reference()
    w = np.random.default_rng(1).normal(size=101).astype(dtype)
    for i, g in enumerate(gradients(30, len(w)).astype(dtype)):
        rate = 0.01 / (1 + i)
        opt.learning_rate = rate
        # The transcription keeps its own state in double; w is the same for both in each step.
        before = w.astype(float)
        expected = reference.step(before, g.astype(float), rate)
        opt.step(w, g)
        scale = np.abs(before) + np.abs(expected - before)
        assert (np.abs(w - expected) <= RTOL[dtype] * scale).all(), f"step {i}"


OPTIMIZERS, PATHS = golden.load("optimizers")


@pytest.mark.parametrize("case", OPTIMIZERS, ids=lambda c: f"{c['framework']}_{c['name']}")
def test_paths_of_the_frameworks(case):
    settings = dict(case["fastopt_settings"])
    rate = settings.pop("learning_rate")
    opt = getattr(fastopt, case["fastopt"])(rate, **settings)
    w = PATHS["start"].copy()
    path = np.empty((len(PATHS["gradients"]), len(w)))
    for i, g in enumerate(PATHS["gradients"]):
        opt.learning_rate = rate * case["learning_rate_factor"] ** i
        opt.step(w, g)
        path[i] = w
    expected = PATHS[f"{case['framework']}_{case['name']}"]
    error = np.abs(path - expected) / np.maximum.accumulate(np.abs(expected))
    assert error.max() <= 1e-12


@each_first_order
def test_long_vectors_are_cut_into_pieces_without_a_trace(case):
    n = 300_000
    rng = np.random.default_rng(2)
    start, g = rng.normal(size=n), rng.normal(size=(2, n))
    whole, parts = start.copy(), start.copy()
    opt, by_parts = case.make(), case.make()
    for k in range(2):
        opt.step(whole, g[k])
        by_parts.step(np.split(parts, 300), np.split(g[k], 300))
    assert (whole == parts).all()


def test_threads_change_nothing():
    rng = np.random.default_rng(3)
    start, g = rng.normal(size=400_000).astype(np.float32), rng.normal(size=400_000)
    results = []
    threads = fastopt._core.threads()
    try:
        for count in (1, 2, 4):
            fastopt._core.set_threads(count)
            w, opt = start.copy(), fastopt.Adam(weight_decay=0.1)
            for _ in range(3):
                opt.step(w, g)
            results.append(w)
    finally:
        fastopt._core.set_threads(threads)
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


def test_momentum_at_a_constant_gradient_is_ten_times_as_fast():
    w = np.zeros(1)
    opt = fastopt.SGD(0.01, momentum=0.9)
    for _ in range(400):
        before = w.copy()
        opt.step(w, np.ones(1))
    np.testing.assert_allclose(w - before, -0.1, rtol=1e-10)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_nesterov_takes_the_gradient_ahead_and_hands_back_w(weight_decay):
    """Against the form of 1983, with the gradient at w + β m: finalize gives its w."""
    from reference.rules import NesterovLookAhead

    scale = np.array([1.0, 10.0])

    def gradient(x):
        return scale * x

    reference = NesterovLookAhead(0.9, weight_decay)
    opt = fastopt.SGD(0.02, momentum=0.9, nesterov=True, weight_decay=weight_decay)
    w, params = np.array([3.0, -2.0]), np.array([3.0, -2.0])
    for _ in range(20):
        w = reference.step(w, gradient, 0.02)
        opt.step(params, gradient(params))
        np.testing.assert_allclose(opt.finalize(params.copy()), w, rtol=1e-13)
    assert opt.finalize(params) is params
    np.testing.assert_allclose(params, w, rtol=1e-13)


def test_finalize_leaves_params_of_other_rules_alone():
    w, opt = np.ones(3), fastopt.Adam()
    opt.step(w, w)
    before = w.copy()
    opt.finalize(w)
    assert (w == before).all()
