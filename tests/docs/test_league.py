"""The league of bench/league: its problems, a run, its table and its profiles."""

import json

import numpy as np
import pytest
from bench.league import show
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


def test_the_table_of_the_page_is_that_of_the_results_and_the_default_is_the_first():
    results = json.loads(RESULTS.read_text())
    assert set(results) == set(PROBLEMS)
    lines = show.table(results).splitlines()
    page = (RESULTS.parents[2] / "docs" / "choosing.md").read_text()
    assert all(line in page for line in lines[2:])
    rules = ["lm nielsen", "lm marquardt", "lm matlab"]
    means = [np.mean([show.share(found[rule]) for found in results.values()]) for rule in rules]
    assert means[0] == max(means)


def test_table_and_profiles_tell_what_the_results_hold():
    rows = [[True, 10, 0.1, 1e-7], [False, 500, 1.0, 1.0], [True, 30, 0.1, 1e-7]]
    results = {"sine": {"bfgs": rows}}
    assert "| sine, 1-5-1 | 2 in 20 |" in show.table(results)
    budgets = np.array([0.01, 0.02, 0.06, 1.0])  # of the 500 that Levenberg-Marquardt is given
    np.testing.assert_allclose(show.profile(results, "bfgs", budgets), [0, 1 / 3, 2 / 3, 2 / 3])
    assert '"bfgs": [[true, 10, 0.1, 1e-07]' in as_text(results)
