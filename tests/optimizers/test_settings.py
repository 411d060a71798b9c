"""Hyperparameters: defaults, checks, repr, equality, copies, and the names of optimisers."""

import copy
import pickle

import numpy as np
import pytest

import fastopt
from fastopt.optimizers import FirstOrder, Optimizer, registry, resolve
from optimizer_cases import FIRST_ORDER, each_first_order

DEFAULTS = {
    fastopt.SGD: {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
    fastopt.AdaGrad: {
        "learning_rate": 0.01,
        "initial_accumulator": 0.0,
        "epsilon": 1e-7,
        "epsilon_position": "inside",
    },
    fastopt.RMSprop: {
        "learning_rate": 1e-3,
        "rho": 0.9,
        "epsilon": 1e-7,
        "epsilon_position": "inside",
        "centered": False,
    },
    fastopt.Adam: {
        "learning_rate": 1e-3,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "epsilon_position": "outside",
        "amsgrad": False,
    },
    fastopt.AdaMax: {
        "learning_rate": 2e-3,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "epsilon_position": "outside",
    },
    fastopt.Adadelta: {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6},
    fastopt.RAdam: {
        "learning_rate": 1e-3,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "epsilon_position": "uncorrected",
    },
    fastopt.Lion: {"learning_rate": 1e-4, "beta_1": 0.9, "beta_2": 0.99},
    fastopt.Rprop: {
        "learning_rate": 0.07,
        "increase": 1.2,
        "decrease": 0.5,
        "step_min": 1e-6,
        "step_max": 50.0,
        "variant": "minus",
    },
    fastopt.GradientDescentAdaptive: {
        "learning_rate": 0.01,
        "momentum": 0.0,
        "increase": 1.05,
        "decrease": 0.7,
        "max_increase": 1.04,
        "adaptive": True,
    },
    fastopt.Nadam: {
        "learning_rate": 1e-3,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "epsilon_position": "outside",
        "momentum_decay": 0.004,
    },
}


@pytest.mark.parametrize("cls", DEFAULTS, ids=lambda c: c.__name__)
def test_defaults(cls):
    assert cls().get_params() == {**DEFAULTS[cls], "weight_decay": 0.0}


def test_every_rule_is_in_the_tables():
    named = {type(make()) for make in registry.values()}
    tested = {case.optimizer for case in FIRST_ORDER}
    assert {cls for cls in named if issubclass(cls, FirstOrder)} == tested == set(DEFAULTS)


@each_first_order
def test_repr_equality_and_copies(case):
    opt = case.make(learning_rate=0.25)
    assert eval(repr(opt), vars(fastopt)) == opt
    for other in (
        copy.copy(opt),
        copy.deepcopy(opt),
        pickle.loads(pickle.dumps(opt)),
        opt.clone(),
        type(opt)(**opt.get_params()),
    ):
        assert other is not opt
        assert other == opt
        assert repr(other) == repr(opt)
    assert opt.clone(learning_rate=0.5) != opt
    assert opt.clone(learning_rate=0.5).clone(learning_rate=0.25) == opt


def test_rules_of_different_kinds_are_not_equal():
    assert fastopt.Adam() != fastopt.Nadam()
    assert fastopt.AdaGrad(1e-3) != fastopt.RMSprop(1e-3)


@each_first_order
def test_refused_values_name_setting_value_and_range(case):
    for name, values in case.refused.items():
        for value in values:
            with pytest.raises(ValueError, match=rf"^{name} must be .*got {value!r}$"):
                case.make(**{name: value})
            opt = case.make()
            before = opt.get_params()
            with pytest.raises(ValueError, match=rf"^{name} must be "):
                setattr(opt, name, value)
            assert opt.get_params() == before
    for value in ("0.1", None, True, 1j, [0.1], np.array([0.1, 0.2])):
        with pytest.raises(TypeError, match=r"^learning_rate must be a number"):
            case.make(learning_rate=value)
        with pytest.raises(TypeError, match=r"^weight_decay must be a number"):
            case.make(weight_decay=value)


def test_numpy_numbers_and_integers_are_numbers():
    opt = fastopt.Adam(np.float32(0.5), beta_1=0, weight_decay=np.int64(1))
    assert [type(opt.get_params()[n]) for n in ("learning_rate", "beta_1", "weight_decay")] == [
        float
    ] * 3


def test_unknown_settings_are_never_ignored():
    with pytest.raises(TypeError, match="lr"):
        fastopt.Adam(lr=0.1)
    opt = fastopt.Adam()
    with pytest.raises(AttributeError, match=r"Adam has no setting 'lr'; it has learning_rate, "):
        opt.lr = 0.1


def test_flags_are_bools():
    with pytest.raises(TypeError, match=r"nesterov must be True or False, got 1"):
        fastopt.SGD(nesterov=1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", fastopt.SGD()),
        ("momentum", fastopt.SGD(momentum=0.9)),
        ("nesterov", fastopt.SGD(momentum=0.9, nesterov=True)),
        ("adagrad", fastopt.AdaGrad()),
        ("rmsprop", fastopt.RMSprop()),
        ("adam", fastopt.Adam()),
        ("nadam", fastopt.Nadam()),
    ],
)
def test_names(name, expected):
    assert resolve(name) == expected
    assert resolve(name, learning_rate=0.5) == expected.clone(learning_rate=0.5)
    assert resolve(expected) is expected


def test_unknown_names():
    with pytest.raises(ValueError, match=r"'sgd', 'momentum'.*got 'adamx'"):
        resolve("adamx")
    with pytest.raises(TypeError, match=r"write Adam\(\)"):
        resolve(fastopt.Adam)
    with pytest.raises(TypeError, match="got 3"):
        resolve(3)


def test_an_optimiser_without_a_kind():
    class Own(Optimizer):
        pass

    with pytest.raises(TypeError, match="Own must declare its kind, one of 'first_order'"):
        fastopt.MLP([2, 1]).fit([[1, 2]], [3], Own())


@each_first_order
def test_kind(case):
    assert isinstance(case.make(), Optimizer)
    assert case.optimizer.kind == "first_order"
    of_full_batches = (fastopt.Rprop, fastopt.GradientDescentAdaptive)
    assert case.optimizer.full_batch is (case.optimizer in of_full_batches)


@pytest.mark.parametrize(
    "settings",
    [
        fastopt.Adam(fastopt.CosineDecay(1e-3, 100)),
        fastopt.SGD(fastopt.PiecewiseConstant([1, 2], [0.1, 0.2, 0.3]), momentum=0.9),
        fastopt.LevenbergMarquardt(),
        fastopt.BatchNormalization(0.9),
        fastopt.EarlyStopping(patience=3),
    ],
    ids=lambda settings: type(settings).__name__,
)
def test_estimators_of_scikit_learn_can_hold_them(settings):
    base = pytest.importorskip("sklearn.base")

    class Estimator(base.BaseEstimator):
        def __init__(self, part=None):
            self.part = part

    copied = base.clone(Estimator(settings))
    assert copied.part == settings
    assert copied.part is not settings
    assert set(settings.get_params()) == {
        name.removeprefix("part__") for name in copied.get_params() if name.startswith("part__")
    }
