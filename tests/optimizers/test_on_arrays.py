"""opt.step on the arrays of a caller: layouts, types, lists, state, errors."""

import copy
import pickle
import sys
import threading

import numpy as np
import pytest

import fastopt
from optimizer_cases import each_first_order

RNG = np.random.default_rng(0)
W, G = RNG.normal(size=(2, 6, 4))


def expected(steps=3, dtype=np.float64):
    w, opt = W.astype(dtype), fastopt.Adam(0.1)
    for k in range(steps):
        opt.step(w, (G * (k + 1)).astype(dtype))
    return w


def strided(x):
    big = np.zeros((2 * x.shape[0], 3 * x.shape[1]), x.dtype)
    big[::2, ::3] = x
    return big[::2, ::3]


LAYOUTS = {
    "C": np.array,
    "F": np.asfortranarray,
    "strided": strided,
    "reversed": lambda x: np.array(x[::-1, ::-1])[::-1, ::-1],
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "unaligned": lambda x: np.frombuffer(bytearray(b"\0" + x.tobytes()), x.dtype, offset=1).reshape(
        x.shape
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("of_grads", LAYOUTS)
@pytest.mark.parametrize("of_params", LAYOUTS)
def test_any_layout_gives_the_same_bits_in_place(of_params, of_grads, dtype):
    w = LAYOUTS[of_params](W.astype(dtype))
    opt = fastopt.Adam(0.1)
    for k in range(3):
        opt.step(w, LAYOUTS[of_grads]((G * (k + 1)).astype(dtype)))
    assert (w == expected(dtype=dtype)).all()


def test_layout_may_change_between_steps():
    w, opt = W.copy(), fastopt.Adam(0.1)
    for k, layout in enumerate(("F", "C", "strided")):
        w = LAYOUTS[layout](w)
        opt.step(w, G * (k + 1))
    assert (w == expected()).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int32, np.uint8, bool])
def test_gradients_of_any_real_type(dtype):
    g = (10 * np.abs(G)).astype(dtype)
    given, cast = W.copy(), W.copy()
    fastopt.SGD().step(given, g)
    fastopt.SGD().step(cast, g.astype(float))
    assert (given == cast).all()


def test_gradients_are_not_written_to():
    g = G.copy()
    g.flags.writeable = False
    w, opt = W.copy(), fastopt.Adam()
    opt.step(w, g)
    assert (g == G).all()


@each_first_order
def test_gradient_in_the_same_memory(case):
    """½ w² has the gradient w: params and grads may be one array, or overlap."""
    w, apart = W.copy(), W.copy()
    one, two = case.make(), case.make()
    for _ in range(3):
        one.step(w, w)
        two.step(apart, apart.copy())
    assert (w == apart).all()
    x = np.arange(1.0, 30.0)
    y = x.copy()
    case.make().step(x[:-1], x[1:])
    case.make().step(y[:-1], y[1:].copy())
    assert (x == y).all()


@each_first_order
def test_list_equals_one_vector(case):
    parts = [W.copy(), G.T.copy(), np.array(0.5)]
    one, many = case.make(), case.make()
    whole = np.concatenate([p.ravel() for p in parts])
    for _ in range(3):
        many.step(parts, [np.cos(p) for p in parts])
        one.step(whole, np.cos(whole))
    np.testing.assert_allclose(np.concatenate([p.ravel() for p in parts]), whole, rtol=1e-15)


def test_a_network_can_be_trained_by_hand():
    """Views into one vector, as a network has them."""
    flat = RNG.normal(size=20)
    before = flat.copy()
    views = [flat[:12].reshape(3, 4), flat[12:15], flat[15:]]
    fastopt.SGD(0.5).step(views, [v.copy() for v in views])
    np.testing.assert_allclose(flat, before / 2)


# --- state -----------------------------------------------------------------------------------


@each_first_order
@pytest.mark.parametrize("loaded_into", ["new", "used"])
def test_state_goes_on_to_the_bit(case, loaded_into):
    w = [W.copy(), G.copy()]
    opt = case.make()
    for _ in range(3):
        opt.step(w, [np.sin(x) for x in w])
    state, there = pickle.loads(pickle.dumps(opt.state_dict())), [x.copy() for x in w]
    other = case.make()
    if loaded_into == "used":
        other.step([W.copy(), G.copy()], [G, W])
    other.load_state_dict(state)
    for _ in range(3):
        opt.step(w, [np.sin(x) for x in w])
        other.step(there, [np.sin(x) for x in there])
    assert all((a == b).all() for a, b in zip(w, there, strict=True))
    assert other.state_dict()["iteration"] == 6


def test_state_dict_is_a_copy_that_can_be_saved(tmp_path):
    w, opt = W.copy(), fastopt.Adam()
    assert opt.state_dict() == {"rule": "adam", "iteration": 0}
    opt.step(w, G)
    state = opt.state_dict()
    np.savez(tmp_path / "state.npz", **state)
    with np.load(tmp_path / "state.npz") as saved:
        restored = {k: v[()] if v.ndim == 0 else v for k, v in saved.items()}
    there = w.copy()
    opt.step(w, G)
    assert state["iteration"] == 1
    again = fastopt.Adam()
    again.load_state_dict(restored)
    again.step(there, G)
    assert (there == w).all()


def test_state_of_another_rule_or_size_is_refused_and_nothing_changes():
    w, opt = W.copy(), fastopt.Adam()
    opt.step(w, G)
    state = opt.state_dict()
    with pytest.raises(ValueError, match="'adam'"):
        fastopt.SGD().load_state_dict(state)
    other = fastopt.Adam()
    other.step(np.ones(5), np.ones(5))
    before = other.state_dict()
    with pytest.raises(ValueError, match="5"):
        other.load_state_dict(state)
    after = other.state_dict()
    assert all(np.array_equal(before[k], after[k]) for k in before)
    waiting = fastopt.Adam()
    waiting.load_state_dict(state)
    with pytest.raises(ValueError, match="rule_state_0"):
        waiting.step(np.ones(5), np.ones(5))


@pytest.mark.parametrize(
    ("entry", "error", "match"),
    [
        ({"iteration": 1.5}, TypeError, r"state\['iteration'\] must be an integer"),
        ({"iteration": "a"}, TypeError, r"state\['iteration'\]"),
        ({"iteration": None}, TypeError, r"state\['iteration'\]"),
        ({"iteration": -1}, ValueError, r"state\['iteration'\]"),
        ({"rule_iteration": -1}, ValueError, r"state\['rule_iteration'\]"),
        ({"rule_state_0": "a"}, TypeError, r"state\['rule_state_0'\]"),
        ({3: 3}, TypeError, "names in a state"),
        ({"rule": None}, ValueError, "belongs to the rule None"),
        (None, TypeError, "state must be a dict"),
    ],
)
@pytest.mark.parametrize("used", [True, False])
def test_state_of_wrong_types_is_refused_at_once(entry, error, match, used):
    opt, other, w = fastopt.Adam(), fastopt.Adam(), W.copy()
    opt.step(w, G)
    if used:
        other.step(w, G)
    with pytest.raises(error, match=match):
        other.load_state_dict(None if entry is None else {**opt.state_dict(), **entry})


def test_state_takes_no_part_in_repr_equality_copies_and_pickles():
    opt, w = fastopt.Adam(0.1), W.copy()
    text = repr(opt)
    opt.step(w, G)
    assert repr(opt) == text
    assert opt == fastopt.Adam(0.1)
    for other in (copy.copy(opt), copy.deepcopy(opt), opt.clone(), pickle.loads(pickle.dumps(opt))):
        assert other == opt
        assert other.state_dict()["iteration"] == 0
    assert opt.state_dict()["iteration"] == 1


def test_reset_starts_anew():
    opt = fastopt.Adam(0.1)
    opt.step(np.ones(7), np.ones(7))
    opt.reset()
    w = W.copy()
    for k in range(3):
        opt.step(w, G * (k + 1))
    assert (w == expected()).all()


def test_settings_may_change_between_steps():
    """The state stays; the new setting counts from the next step on."""
    w, opt = np.zeros(1), fastopt.SGD(1.0, momentum=0.5)
    opt.step(w, np.ones(1))  # m = -1
    opt.momentum = 0.25
    opt.step(w, np.ones(1))  # m = -1.25
    assert w == -2.25
    opt.weight_decay = 0.5
    opt.learning_rate = 0.5
    opt.step(w, np.zeros(1))  # m = -0.3125, shrinks by a quarter
    assert w == -2.25 * 0.75 - 0.3125


# --- schedules -------------------------------------------------------------------------------


def test_schedule_counts_iterations():
    schedule = fastopt.PowerSchedule(0.5, c1=2)
    w, opt = np.zeros(1), fastopt.SGD(schedule)
    for i in range(4):
        before = w.copy()
        opt.step(w, np.ones(1))
        np.testing.assert_allclose(before - w, schedule(i), rtol=1e-15)


def test_schedule_of_epochs_needs_the_epoch():
    opt, w = fastopt.SGD(fastopt.PiecewiseConstant([2], [1.0, 0.5])), np.zeros(1)
    with pytest.raises(ValueError, match=r"step\(params, grads, epoch=\.\.\.\)"):
        opt.step(w, np.ones(1))
    opt.step(w, np.ones(1), epoch=1)
    assert w == -1
    opt.step(w, np.ones(1), epoch=2)
    assert w == -1.5


def test_adaptive_rule_needs_the_loss():
    with pytest.raises(ValueError, match="decide"):
        fastopt.SGD(fastopt.AdaptiveLearningRate()).step(np.zeros(1), np.ones(1))


# --- errors ----------------------------------------------------------------------------------

WRONG = [
    ([1.0, 2.0], np.ones(2), TypeError, "params must be a NumPy array or a list of them, got 1.0"),
    (1.0, np.ones(2), TypeError, "NumPy array or a list of them, got 1.0"),
    (np.ones(2, int), np.ones(2), TypeError, "params must be float32 or float64.*int64"),
    (np.ones(2, complex), np.ones(2), TypeError, "params must be float32 or float64.*complex"),
    (np.ones(2, np.float16), np.ones(2), TypeError, "float16"),
    ([np.ones(2), np.ones(2, np.float32)], [np.ones(2)] * 2, TypeError, "all alike"),
    (np.ones(2), np.ones(3), ValueError, r"grads must have shape \(2,\).*got \(3,\)"),
    (np.ones((2, 1)), np.ones(2), ValueError, r"grads must have shape \(2, 1\)"),
    ([np.ones(2), np.ones(3)], [np.ones(2), np.ones(2)], ValueError, r"grads\[1\]"),
    ([np.ones(2)], [np.ones(2)] * 2, ValueError, "a list of 1 arrays"),
    ([np.ones(2)], np.ones(2), ValueError, "a list of 1 arrays"),
    ([], [], ValueError, "at least one array"),
    (np.ones(2), np.ones(2, complex), TypeError, "grads must hold real numbers"),
    (np.ones(2), np.array(["a", "b"]), TypeError, "grads must hold real numbers"),
    (np.ones(2), np.array([1, None]), TypeError, "grads must hold real numbers"),
]


@pytest.mark.parametrize(("params", "grads", "error", "match"), WRONG)
def test_wrong_arrays(params, grads, error, match):
    with pytest.raises(error, match=match):
        fastopt.Adam().step(params, grads)


def test_an_error_leaves_the_state_as_it_was():
    opt, w = fastopt.Adam(0.1), W.copy()
    opt.step(w, G)
    with pytest.raises(ValueError, match="as params had at the first step"):
        opt.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="grads"):
        opt.step(w, G.T)
    opt.step(w, 2 * G)
    opt.step(w, 3 * G)
    assert (w == expected()).all()


# The squares of 2e19 overflow in float32, those of 1.4e154 in float64.
TOO_STEEP = [("float32", 2e19), ("float64", 1.4e154)]
WITH_SQUARES = {
    "adagrad": fastopt.AdaGrad,
    "rmsprop": fastopt.RMSprop,
    "adam": fastopt.Adam,
    "nadam": fastopt.Nadam,
}


@pytest.mark.parametrize("name", WITH_SQUARES)
@pytest.mark.parametrize(("dtype", "steep"), TOO_STEEP)
@pytest.mark.parametrize("size", [3, 200_000])
def test_squares_that_would_overflow_are_refused_before_anything_changes(name, dtype, steep, size):
    opt, twin = WITH_SQUARES[name](), WITH_SQUARES[name]()
    w = [np.ones(size, dtype), np.ones(2, dtype)]
    there = [x.copy() for x in w]
    g = [np.full(size, 0.5, dtype), np.ones(2, dtype)]
    opt.step(w, g)
    twin.step(there, g)
    steep_g = [x.copy() for x in g]
    steep_g[0][-1] = -steep
    where = rf"grads\[0\].flat\[{size - 1}\]"
    with pytest.raises(FloatingPointError, match=f"{where}.*{name}.*{dtype}"):
        opt.step(w, steep_g)
    opt.step(w, g)
    twin.step(there, g)
    assert all((a == b).all() for a, b in zip(w, there, strict=True))
    # What comes to just below that is a step like any other.
    steep_g[0][-1] = -0.9 * steep / 1.1
    opt.step(w, steep_g)
    assert w[0][-1] > there[0][-1]


@pytest.mark.parametrize(("dtype", "steep"), TOO_STEEP)
def test_a_sum_of_squares_that_overflows_is_found_in_that_step(dtype, steep):
    opt, w = fastopt.AdaGrad(), np.ones(3, dtype)
    g = np.array([1.0, 0.6 * steep, 1.0], dtype)  # three such squares are more than there is
    opt.step(w, g)
    opt.step(w, g)
    with pytest.raises(FloatingPointError, match=f"adagrad: squares of gradients.*step 3.*{dtype}"):
        opt.step(w, g)
    opt.reset()
    opt.step(w, g)


@pytest.mark.parametrize(("dtype", "steep"), [("float32", 3e38), ("float64", 1.7e308)])
@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_that_overflows_is_found_in_that_step(dtype, steep, nesterov):
    opt = fastopt.SGD(0.9, momentum=0.9, nesterov=nesterov)
    w, g = np.zeros(3, dtype), np.full(3, steep, dtype)

    def steps():
        for _ in range(3):
            opt.step(w, g)

    with pytest.raises(FloatingPointError, match=r"sgd: momentum \(rule_state_0\)"):
        steps()


@each_first_order
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_gradients_that_are_not_finite_are_refused_unless_asked_for(case, bad):
    opt, w = case.make(), W.copy()
    g = G.copy()
    g[5, 3] = bad
    with pytest.raises(ValueError, match=r"grads.flat\[23\] is .*check_finite=False"):
        opt.step(w, g)
    assert (w == W).all()
    assert opt.state_dict()["iteration"] == 0
    opt.step(w, g, check_finite=False)
    # The sign of an infinite one is a sign.
    of_signs = case.optimizer in (fastopt.Lion, fastopt.Rprop)
    assert np.isfinite(w[5, 3]) == (of_signs and np.isinf(bad))
    assert np.isfinite(w[:5]).all()


def test_the_check_changes_no_bits():
    for size in (5, 300_000):
        g = np.random.default_rng(0).normal(size=size)
        one, two = np.ones(size), np.ones(size)
        first, second = fastopt.Adam(), fastopt.Adam()
        for _ in range(3):
            first.step(one, g)
            second.step(two, g, check_finite=False)
        assert (one == two).all()


class Tensor:
    """As of another library: to print one would fetch all of its numbers."""

    def __repr__(self):
        raise AssertionError("was printed")

    __str__ = __repr__


def test_foreign_tensors_are_refused_by_type():
    for given in (Tensor(), [Tensor(), Tensor()]):
        with pytest.raises(TypeError, match=r"params must be .*an object of type .*Tensor"):
            fastopt.Adam().step(given, [np.ones(2)] * 2)
    with pytest.raises(TypeError, match=r"grads must hold real numbers.*type .*Tensor"):
        fastopt.Adam().step(np.ones(2), Tensor())


def test_minimize_does_not_freeze_where_squares_overflow():
    result = fastopt.minimize(
        lambda x: 1e200 * float(abs(x).sum()),
        np.ones(2),
        method="adam",
        jac=lambda x: 1e200 * np.sign(x),
        options={"maxiter": 50},
    )
    assert not result.success
    assert result.nit < 50


def test_read_only_params():
    w = W.copy()
    w.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        fastopt.Adam().step(w, G)
    assert (w == W).all()


def test_two_threads_on_one_optimiser_never_mix():
    """Each call either works or says that the optimiser is busy."""
    n = 2_000_000
    w, g, opt = np.zeros(n), np.ones(n), fastopt.SGD(1.0, momentum=0.5)
    done, refused = [], []

    def train():
        for _ in range(10):
            try:
                opt.step(w, g)
                done.append(1)
            except RuntimeError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=train) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert opt.state_dict()["iteration"] == len(done)
    assert all("another thread" in text for text in refused)
    assert (w == w[0]).all()


def test_nothing_is_leaked():
    w, g, opt = np.ones(3), np.ones(3), fastopt.Adam()
    opt.step(w, g)
    counts = sys.getrefcount(w), sys.getrefcount(g)
    for _ in range(10):
        opt.step(w, g)
        opt.step(w, g[::-1])
    assert (sys.getrefcount(w), sys.getrefcount(g)) == counts
