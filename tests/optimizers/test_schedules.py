"""Schedules against their formulas."""

import pickle

import numpy as np
import pytest

import fastopt
import golden
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
    (
        fastopt.ExponentialDecay(0.5, 40, 0.3, staircase=True),
        lambda i, e: reference.exponential_staircase(i, 0.5, 40, 0.3),
    ),
    (fastopt.StepDecay(0.5, 7, 0.3), lambda i, e: reference.step_decay(e, 0.5, 7, 0.3)),
    (
        fastopt.CosineRestarts(0.5, 20, final=0.1, shrink=0.5),
        lambda i, e: reference.cosine_restarts(i, 0.5, 20, 0.1, 1.0, 0.5),
    ),
    (
        fastopt.CosineRestarts(0.5, 7, growth=2, shrink=0.9),
        lambda i, e: reference.cosine_restarts(i, 0.5, 7, 0.0, 2, 0.9),
    ),
    (
        fastopt.CosineRestarts(0.5, 12, final=0.1, growth=1.7),
        lambda i, e: reference.cosine_restarts(i, 0.5, 12, 0.1, 1.7),
    ),
    (fastopt.OneCycle(0.5, 150), lambda i, e: reference.one_cycle(i, 0.5, 150)),
    (
        fastopt.OneCycle(0.5, 160, rise=0.41, final_divisor=10, shape="linear"),
        lambda i, e: reference.one_cycle(i, 0.5, 160, 0.41, 25, 10, "linear"),
    ),
    (
        fastopt.CyclicSchedule(0.1, 0.5, 9),
        lambda i, e: reference.cyclic(i, 0.1, 0.5, 9, 9, lambda k, i: 1),
    ),
    (
        fastopt.CyclicSchedule(0.1, 0.5, 9, 14, "halving"),
        lambda i, e: reference.cyclic(i, 0.1, 0.5, 9, 14, lambda k, i: 0.5**k),
    ),
    (
        fastopt.CyclicSchedule(0.1, 0.5, 9, 4, "exponential", 0.97),
        lambda i, e: reference.cyclic(i, 0.1, 0.5, 9, 4, lambda k, i: 0.97**i),
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
        # Where half a cosine ends, 1 + cos cancels to a rounding of the largest rate.
        expected = [formula(i, epoch) for i in iterations]
        np.testing.assert_allclose(rates, expected, rtol=1e-14, atol=1e-16)
        for i, rate in zip(iterations, expected, strict=True):
            assert schedule(i, epoch) == pytest.approx(rate, rel=1e-14, abs=1e-16)


@pytest.mark.parametrize(("schedule", "formula"), CASES, ids=IDS)
def test_repr_equality_and_pickle(schedule, formula):
    assert eval(repr(schedule), vars(fastopt)) == schedule
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert schedule.clone() == schedule
    assert [schedule == other for other, _ in CASES].count(True) == 1


GOLDEN, RATES = golden.load("schedules")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: f"{c['framework']}_{c['name']}")
def test_rates_of_the_frameworks(case):
    schedule = getattr(fastopt, case["fastopt"])(**case["fastopt_settings"])
    expected = RATES[f"{case['framework']}_{case['name']}"]
    rates = [schedule(i) for i in range(len(expected))]
    np.testing.assert_allclose(rates, expected, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("growth", [1.1, 1.5, 2, 3, 10])
def test_periods_begin_where_their_sum_ends(growth):
    """Also where rounding would put the last iteration of a period into the next one."""
    schedule = fastopt.CosineRestarts(0.5, 5, growth=growth)
    for k in range(1, 7):
        start = 5 * sum(growth**j for j in range(k))
        first = int(np.ceil(start - 1e-9))
        assert schedule(first) > 0.3 > schedule(first - 1)


@pytest.mark.parametrize("schedule", [s for s, _ in CASES], ids=IDS)
def test_every_schedule_trains_records_and_goes_on(schedule):
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = X[:, 0] * X[:, 1]

    def train(epochs, **more):
        net = more.pop("net", None) or fastopt.MLP([2, 4, 1], random_state=0)
        history = net.fit(X, y, fastopt.SGD(schedule), epochs=epochs, batch_size=10, **more)
        return net, history

    whole, expected = train(8)
    ends = [schedule(3 * epoch + 2, epoch) for epoch in range(8)]
    np.testing.assert_allclose(expected.learning_rate, ends, rtol=1e-15)
    net, first = train(5)
    net, history = train(8, net=net, initial_epoch=first)
    assert np.array_equal(net.parameters, whole.parameters)
    assert history.learning_rate == expected.learning_rate


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
        (lambda: fastopt.StepDecay(0.1, 0), "every must be an integer"),
        (lambda: fastopt.StepDecay(0.1, 5, 1.5), r"factor must be a number in \(0, 1\]"),
        (lambda: fastopt.CosineRestarts(0.1, 0.5), "steps must"),
        (lambda: fastopt.CosineRestarts(0.1, 5, growth=0.5), "growth must"),
        (lambda: fastopt.CosineRestarts(0.1, 5, shrink=0), "shrink must"),
        (lambda: fastopt.OneCycle(0.1, 1), "steps must"),
        (lambda: fastopt.OneCycle(0.1, 3), r"rise \* steps must be above 1.*rise=0.3, steps=3"),
        (lambda: fastopt.OneCycle(0.1, 10, rise=1), "rise must"),
        (lambda: fastopt.OneCycle(0.1, 10, start_divisor=0.5), "start_divisor must"),
        (lambda: fastopt.OneCycle(0.1, 10, shape="cos"), "shape must be .*did you mean 'cosine'"),
        (lambda: fastopt.CyclicSchedule(0.5, 0.1), r"low must be below high, got low=0.5"),
        (lambda: fastopt.CyclicSchedule(0.1, 0.5, mode="up"), "mode must be"),
        (lambda: fastopt.CyclicSchedule(0.1, 0.5, steps_down=0), "steps_down must"),
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
