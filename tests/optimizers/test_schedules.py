"""Schedules against their formulas."""

import pickle

import numpy as np
import pytest

import fastopt
from reference import schedules as reference

WARM = fastopt.WarmUp(fastopt.CosineDecay(0.1, 100, final=0.01), 20)
# Each schedule with its formula of (iteration, epoch).
CASES = [
    (fastopt.PowerSchedule(0.5, 30), lambda i, e: reference.power(i, 0.5, 30)),
    (fastopt.PowerSchedule(0.5, 30, 0.5), lambda i, e: reference.power(i, 0.5, 30, 0.5)),
    (
        fastopt.ExponentialDecay(0.5, 40, 0.3),
        lambda i, e: reference.exponential_decay(i, 0.5, 40, 0.3),
    ),
    (fastopt.CosineDecay(0.5, 100), lambda i, e: reference.cosine_decay(i, 0.5, 100)),
    (fastopt.CosineDecay(0.5, 100, 0.1), lambda i, e: reference.cosine_decay(i, 0.5, 100, 0.1)),
    (
        fastopt.PiecewiseConstant([5, 20], [0.1, 0.01, 0.001]),
        lambda i, e: reference.piecewise_constant(e, [5, 20], [0.1, 0.01, 0.001]),
    ),
    (fastopt.WarmUp(0.5, 30), lambda i, e: reference.warm_up(i, lambda _: 0.5, 30)),
    (
        WARM,
        lambda i, e: reference.warm_up(i, lambda i: reference.cosine_decay(i, 0.1, 100, 0.01), 20),
    ),
    (
        fastopt.WarmUp(fastopt.PiecewiseConstant([5], [0.1, 0.01]), 30),
        lambda i, e: reference.warm_up(
            i, lambda _: reference.piecewise_constant(e, [5], [0.1, 0.01]), 30
        ),
    ),
]
IDS = [repr(schedule) for schedule, _ in CASES]


@pytest.mark.parametrize(("schedule", "formula"), CASES, ids=IDS)
def test_one_rate_for_each_iteration_of_an_epoch(schedule, formula):
    per_epoch = 7
    for epoch in range(25):
        rates = schedule.rates(epoch * per_epoch, per_epoch, epoch)
        assert rates.shape == (per_epoch,)
        assert rates.dtype == np.float64
        iterations = range(epoch * per_epoch, (epoch + 1) * per_epoch)
        np.testing.assert_allclose(rates, [formula(i, epoch) for i in iterations], rtol=1e-14)
        for i in iterations:
            assert schedule(i, epoch) == pytest.approx(formula(i, epoch), rel=1e-14)


@pytest.mark.parametrize(("schedule", "formula"), CASES, ids=IDS)
def test_repr_equality_and_pickle(schedule, formula):
    assert eval(repr(schedule), vars(fastopt)) == schedule
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert schedule.clone() == schedule
    assert [schedule == other for other, _ in CASES].count(True) == 1


def test_a_piecewise_constant_is_called_with_the_epoch_alone():
    schedule = fastopt.PiecewiseConstant([5, 20], [0.1, 0.01, 0.001])
    expected = [0.1] * 5 + [0.01] * 15 + [0.001] * 5
    assert [schedule(epoch) for epoch in range(25)] == expected
    with pytest.raises(ValueError, match="counts epochs"):
        schedule.rates(0, 3)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: fastopt.PowerSchedule(0.0, 1), r"initial must be a number in \(0, inf\), got 0.0"),
        (lambda: fastopt.PowerSchedule(0.1, 0), "c1 must"),
        (lambda: fastopt.PowerSchedule(0.1, 1, -1), "c2 must"),
        (lambda: fastopt.ExponentialDecay(0.1, 0, 0.5), "decay_steps must"),
        (lambda: fastopt.ExponentialDecay(0.1, 1, 1.5), r"decay_rate must be a number in \(0, 1\]"),
        (lambda: fastopt.CosineDecay(0.1, 10, -0.1), "final must"),
        (lambda: fastopt.PiecewiseConstant([3, 3], [1, 2, 3]), "boundaries must increase"),
        (lambda: fastopt.PiecewiseConstant([0], [1, 2]), r"boundaries\[0\] must"),
        (lambda: fastopt.PiecewiseConstant([3], [1]), "one number more"),
        (lambda: fastopt.PiecewiseConstant([3], [1, -2]), r"values\[1\] must"),
        (lambda: fastopt.WarmUp(0.1, 0), "steps must be an integer"),
        (lambda: fastopt.WarmUp(-0.1, 1), "schedule must"),
        (lambda: fastopt.AdaptiveLearningRate(decrease=1), "decrease must"),
        (lambda: fastopt.AdaptiveLearningRate(increase=0.9), "increase must"),
        (lambda: fastopt.AdaptiveLearningRate(max_increase=0.9), "max_increase must"),
    ],
)
def test_refused_values(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_warm_up_takes_only_what_is_known_ahead():
    with pytest.raises(TypeError, match="schedule must"):
        fastopt.WarmUp(fastopt.AdaptiveLearningRate(), 10)


@pytest.mark.parametrize(
    "settings", [{}, {"max_increase": 1.0, "undo": False}, {"increase": 1.2, "decrease": 0.5}]
)
def test_adaptive_rule(settings):
    rule = fastopt.AdaptiveLearningRate(**settings)
    rng = np.random.default_rng(0)
    decisions = set()
    for loss, factor in zip(rng.uniform(0, 2, 300), rng.uniform(0.9, 1.1, 300), strict=True):
        got = rule.decide(0.3, loss, factor * loss)
        assert got == reference.adaptive(0.3, loss, factor * loss, **settings)
        decisions.add(got)
    assert len(decisions) == (2 if settings.get("max_increase") == 1.0 else 3)
    assert rule.decide(0.3, 1.0, 1.0) == (0.3, True)


def test_adaptive_rule_treats_what_is_not_finite_as_growth():
    rule = fastopt.AdaptiveLearningRate()
    for loss in (float("nan"), float("inf")):
        assert rule.decide(1.0, 2.0, loss) == (0.7, False)


def test_adaptive_rule_of_a_negative_loss():
    rule = fastopt.AdaptiveLearningRate()
    assert rule.decide(1.0, -1.0, -1.01) == (1.05, True)
    assert rule.decide(1.0, -1.0, -0.99) == (1.0, True)
    assert rule.decide(1.0, -1.0, -0.9) == (0.7, False)
