"""States from outside: a damaged one is refused by the name of the field, or gives a valid run."""

import copy
import random
from pathlib import Path

import numpy as np
import pytest

import fastopt
from line_search_cases import FULL_BATCH
from process import run_process

HERE = Path(__file__).parent
X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.sin(X[:, 0]) + X[:, 1] ** 2

METHODS = {
    **{name: name for name in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop")},
    **{name: name for name in ("adam", "nadam", *FULL_BATCH)},
    "small memory": fastopt.LBFGS(memory=3),
}


def run_of(method, dtype="float64"):
    net = fastopt.MLP([3, 4, 1], dtype=dtype, random_state=0)
    return net, net.fit(X, Y, METHODS[method], epochs=4)


RULES = {
    "adagrad": fastopt.AdaGrad,
    "rmsprop": fastopt.RMSprop,
    "adam": fastopt.Adam,
    "nadam": fastopt.Nadam,
}


@pytest.mark.parametrize("method", METHODS)
def test_undamaged_state_goes_on_to_the_same_bits(method):
    net, history = run_of(method)
    net.fit(X, Y, METHODS[method], epochs=7, initial_epoch=history)
    whole = fastopt.MLP([3, 4, 1], random_state=0)
    whole.fit(X, Y, METHODS[method], epochs=7)
    assert np.array_equal(net.parameters, whole.parameters)


@pytest.mark.parametrize(
    ("method", "field", "value"),
    [
        ("lbfgs", "pairs", 11),
        ("lbfgs", "pairs", -1),
        ("lbfgs", "pairs", 2**62),
        ("lbfgs", "pairs", 1.5),
        ("lbfgs", "pairs", None),
        ("lbfgs", "pairs_s", np.zeros(5)),
        ("lbfgs", "pairs_r", "all"),
        ("bfgs", "status", 77),
        ("bfgs", "status", -1),
        ("bfgs", "V", np.full(21 * 22 // 2, np.nan)),
        ("bfgs", "V", np.zeros(3)),
        ("bfgs", "g", np.full(21, np.inf)),
        ("bfgs", "started", 2),
        ("dfp", "updates", -3),
        ("newton", "positive_definite", 5),
        ("lm", "damping", -1.0),
        ("lm", "damping", float("nan")),
        ("lm", "iterations", 2**60),
        ("adam", "iteration", -1),
        ("adam", "rule_state_0", np.zeros(21, np.float32)),
        ("adam", "rule_state_1", np.full(21, -1.0)),
        ("nadam", "rule_memory_0", float("inf")),
        ("adagrad", "rule_state_0", np.full(21, np.nan)),
        ("sgd", "epoch", 2**62),
    ],
)
def test_field_is_named_before_anything_is_used(method, field, value):
    net, history = run_of(method)
    if isinstance(value, np.ndarray) and value.size == 21 * 22 // 2:
        value = np.full_like(history.solver_state["solver"][field], value[0])
    before, rows = net.parameters.copy(), len(history)
    history.solver_state["solver"][field] = value
    with pytest.raises(ValueError, match=field):
        net.fit(X, Y, METHODS[method], epochs=7, initial_epoch=history)
    assert np.array_equal(net.parameters, before)
    assert len(history) == rows


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epoch", -1),
        ("epoch", 2.0),
        ("epoch", 100),
        ("epoch", None),
        ("seed", -1),
        ("seed", "a"),
        ("learning_rate", float("nan")),
        ("learning_rate", "fast"),
        ("rule", 3),
        ("solver", None),
        ("ended", 1),
        ("optimizer", None),
        ("given_rate", 2),
        ("skipped_updates", -1),
        ("stop", 3),
        ("report", {"loss": 1.0}),
        ("callbacks", [("EarlyStopping", 3)]),
        ("deciding", None),
    ],
)
def test_field_of_the_run_is_named(field, value):
    net, history = run_of("adam")
    history.solver_state[field] = value
    with pytest.raises(ValueError, match=field):
        net.fit(X, Y, "adam", epochs=7, initial_epoch=history)
    del history.solver_state[field]
    with pytest.raises(ValueError, match=field):
        net.fit(X, Y, "adam", epochs=7, initial_epoch=history)


def damaged(value, rng):
    """One entry, changed in a way that a file or a slip may change it."""
    wrong = [None, "7", -1, 2**62, 2**80, 0.5, float("nan"), float("-inf"), True, [1, 2], {}]
    if not isinstance(value, np.ndarray):
        return rng.choice([*wrong, *range(12)])
    kind = rng.randrange(8)
    changed = value.copy()
    if kind == 0:
        return rng.choice(wrong)
    if kind == 1:
        return changed[: rng.randrange(len(value) + 1)]
    if kind == 2:
        return np.concatenate([changed, changed])
    if kind == 3:
        return changed.astype(
            rng.choice(["float16", "float32", "int64", "complex128", ">f8", "U8"])
        )
    if kind == 4:
        return changed.reshape(1, -1) if rng.random() < 0.5 else changed[::-1]
    # Of any shape and type: an earlier change may have come first.
    numbers = changed.reshape(-1)
    if len(numbers):
        if kind == 5 and numbers.dtype.kind == "f":
            numbers[rng.randrange(len(numbers))] = rng.choice([np.nan, np.inf, -np.inf])
        else:
            # A bit of one number: far from where it was, and finite or not.
            bits = numbers.view(f"u{min(numbers.itemsize, 8)}")
            bits[rng.randrange(len(bits))] ^= bits.dtype.type(1 << rng.randrange(bits.itemsize * 8))
    return changed


def damage(state, rng):
    """Change, drop or add entries of a dict, in one level of it."""
    state = {**state, "solver": dict(state["solver"])} if "solver" in state else dict(state)
    for _ in range(rng.randrange(1, 3)):
        part = state["solver"] if "solver" in state and rng.random() < 0.8 else state
        if not isinstance(part, dict) or not part:
            break
        name = rng.choice(sorted(part))
        if rng.random() < 0.1:
            del part[name]
        elif rng.random() < 0.05:
            part["extra"] = 1
        else:
            part[name] = damaged(part[name], rng)
    return state


def campaign(cases, seed=0):
    """Go on from damaged states; return how many were refused, and how many went on."""
    rng = random.Random(seed)
    runs = {(method, "float64"): run_of(method) for method in METHODS}
    runs |= {(method, "float32"): run_of(method, "float32") for method in RULES}
    refused = went_on = 0
    for _ in range(cases):
        (method, _), (net, history) = rng.choice(sorted(runs.items(), key=str))
        if rng.random() < 0.25 and method in RULES:
            w, optimizer = np.ones(6), RULES[method]()
            optimizer.step(w, w)
            state = damage(optimizer.state_dict(), rng)
            try:
                optimizer.load_state_dict(state)
                optimizer.step(w, np.ones(6))
            except ValueError:
                refused += 1
                continue
            went_on += 1
            continue
        other, rows = copy.deepcopy(net), copy.copy(history)
        rows.solver_state = damage(history.solver_state, rng)
        before = other.parameters.copy()
        try:
            with np.errstate(all="ignore"):
                other.fit(X, Y, METHODS[method], epochs=7, initial_epoch=rows)
        except ValueError:
            refused += 1
            assert np.array_equal(other.parameters, before), "something was used"
            continue
        except fastopt.DivergenceError:
            pass  # a number far from where it was is a number: what comes of it is announced
        went_on += 1
        assert np.isfinite(other.parameters).all()
    return refused, went_on


def test_random_damage():
    """3,000 damaged states of all methods, in a process of their own."""
    result = run_process(
        f"import sys; sys.path[:0] = {[str(HERE), str(HERE.parent)]!r}\n"
        "import test_damaged_states as t; print(*t.campaign(3000))"
    )
    assert result.returncode == 0, result.stderr
    refused, went_on = map(int, result.stdout.split())
    assert refused + went_on == 3000
    assert min(refused, went_on) > 300  # both outcomes were met
