"""The league of bench/league: its problems, a run, its table and its profiles."""

import json
import signal
from dataclasses import replace

import numpy as np
import pytest
from bench.league import peers, show
from bench.league.__main__ import RESULTS, as_text
from bench.league.methods import METHODS, run
from bench.league.problems import problems

PROBLEMS = problems()


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_fits_its_network_and_its_goal_is_more_than_the_mean(name):
    problem = PROBLEMS[name]
    assert problem.X.shape == (len(problem.y), problem.layers[0])
    assert problem.y.shape[1] == problem.layers[-1]
    assert 0 < problem.goal < 0.5 * problem.y.var(axis=0).mean()
    assert np.isfinite(problem.X).all()
    assert np.isfinite(problem.y).all()


def test_there_are_at_least_twelve():
    assert len(PROBLEMS) >= 12


@pytest.mark.parametrize("method", [name for name in METHODS if name.startswith("lm")])
def test_a_run_tells_whether_it_met_the_goal(method):
    met, iterations, seconds, loss = run(method, PROBLEMS["parity"], 0)
    assert met is (loss <= PROBLEMS["parity"].goal)
    assert met
    assert 1 <= iterations <= PROBLEMS["parity"].iterations
    assert seconds > 0


def test_every_method_stands_in_one_table():
    groups = [show.of_group(group) for group in ("lm", "others", "peers")]
    assert [name for group in groups for name in group] == list(METHODS)
    assert all(groups)


def test_scikit_learn_begins_from_the_same_weights_and_ends_at_the_goal():
    met, evaluations, seconds, loss = run("scikit-learn lbfgs", PROBLEMS["cancer"], 0)
    assert met
    assert loss == PROBLEMS["cancer"].goal
    assert 1 <= evaluations < 4 * PROBLEMS["cancer"].iterations
    assert seconds > 0
    # Too small a network for its goal: what it says is the loss of its own predictions.
    hard = replace(PROBLEMS["cancer"], goal=1e-9, iterations=1)
    met, _, _, loss = run("scikit-learn adam", hard, 0)
    assert not met
    assert 1e-3 < loss < 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no such clock")
def test_who_looks_for_ever_ends_with_what_is_no_goal(monkeypatch):
    monkeypatch.setattr(peers, "SECONDS", 0.05)

    @peers.within_seconds("numpy")
    def never(*_):
        while True:
            pass

    assert never(PROBLEMS["sine"], 0) == (np.inf, 0)


def test_the_table_of_the_page_is_that_of_the_results_and_the_default_is_the_first():
    results = json.loads(RESULTS.read_text())
    assert set(results) == set(PROBLEMS)
    page = (RESULTS.parents[2] / "docs" / "choosing.md").read_text()
    for group in ("lm", "others", "peers"):
        lines = show.table(results, group).splitlines()
        assert all(line in page for line in lines[2:]), group
    rules = ["lm nielsen", "lm marquardt", "lm matlab"]
    means = [np.mean([show.share(found[rule]) for found in results.values()]) for rule in rules]
    assert means[0] == max(means)


def test_table_and_profiles_tell_what_the_results_hold():
    rows = [[True, 10, 0.1, 1e-7], [False, 500, 1.0, 1.0], [True, 30, 0.1, 1e-7]]
    results = {"sine": {"bfgs": rows}}
    assert "| sine, 1-5-1 | 2 of 3 in 20 |" in show.table(results, "others")
    assert show.cell(rows[:1] * 20) == "20 in 10"
    assert show.cell([[False, 500, 1.0, None]] * 20) == "0"
    budgets = np.array([0.01, 0.02, 0.06, 1.0])  # of the 500 that Levenberg-Marquardt is given
    np.testing.assert_allclose(show.profile(results, "bfgs", budgets), [0, 1 / 3, 2 / 3, 2 / 3])
    assert '"bfgs": [[true, 10, 0.1, 1e-07]' in as_text(results)
