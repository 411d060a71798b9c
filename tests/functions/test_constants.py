"""Constants of the verdicts of minimize have an effect: each changes what some run does.

Each is turned so that its rule is gone, or ten times as much or as little, for a few runs that meet
it: at least one of them then takes another number of calls, or ends with another verdict. What the
rules are good for, in rates of wrong verdicts, test_claims.py and bench/ablation.py show.
"""

import pytest

from problems.constants import changed, constants
from problems.ensembles import run
from problems.oddities import minimize_rows

# The value it is turned to, the method, and the run of oddities.py, or the problems, that meet it.
SINGLE_RUNS = {
    "few": (0, "bfgs", "saddle"),
    "looks": (0, "bfgs", "saddle"),
    "near": (0.0, "bfgs", "saddle"),
    "rounds": (50, "bfgs", "saddle"),
    "moves": (False, "bfgs", "saddle"),
    "most_restarts": (0, "newton_cg", "top of a cosine"),
    "roundings": (0.0, "newton_cg", "wall"),
    "flat_looks": (0, "bfgs", "not moved yet"),
    "hidden_weights": (0, "bfgs", "not moved yet"),
    "products": (0, "newton_cg", "40 curvatures"),
    "steep_of_start": (0.0, "newton_cg", "40 curvatures"),
    "hidden_gain_of_start": (0.0, "newton_cg", "40 curvatures"),
    "asking_share": (0.0, "newton_cg", "40 curvatures"),
    "after_move": (0.1, "newton_cg", "40 curvatures"),
    "last_product": (0.0, "bfgs", "30 variables"),
    "next_trial": (0.01, "bfgs", "gradient: "),
    "check_share": (1e9, "bfgs", "gradient: "),
    "short_step": (0.0, "lbfgs", "gradient: shift"),
    "noise_of_value": (0.0, "newton_cg", "noise "),
    "noises": (0.0, "newton_cg", "noise "),
    "hidden_gain": (0.0, "bfgs", "noise 0.0001, + 1, exact"),
    "after_none": (0.01, "lbfgs", "noise 1e-08, + 0, exact"),
    "late_steps": (1, "bfgs", "noise 1e-12, "),
    "noise_in_curvature": (0.0, "bfgs", "noise 0.0001, + 1, differences"),
}
ENSEMBLES = {
    "central_error": (3.0, "bfgs", "Brown badly scaled"),
    "long_step": (0.01, "bfgs", "Brown badly scaled"),
    "share_of_variation": (0.0, "bfgs", "Brown badly scaled"),
    "rounding_of_value": (1e-4, "newton_cg", "Brown badly scaled"),
    "flat_directions": (0, "bfgs", "Powell singular"),
    "share_of_start": (0.0, "bfgs", "Powell singular"),
    "idle_steps": (1, "bfgs", "Freudenstein and Roth"),
    "very_few": (0, "bfgs", "Powell badly scaled"),
    "longest_trial": (0.05, "newton_cg", "Powell singular"),
    "shortest_trial": (0.001, "newton_cg", "Wood"),
    "share_of_value": (0.0, "bfgs", "penalty I"),
    "steep": (1e-4, "newton", "Gaussian"),
}


def single(method, label):
    return [
        (row["label"], row["calls"], row["success"])
        for row in minimize_rows(lambda m, name: m == method and name.startswith(label))
    ]


def ensemble(method, name):
    beside = (1e-12, 1e-6, 1e-3)
    settings = {"factors": (1, 10), "only": ("plain",), "beside": beside, "through": ()}
    return [
        (row["label"], row["kind"], row["calls"], row["success"])
        for row in run(method, among=(name,), **settings)
    ]


@pytest.mark.parametrize("name", SINGLE_RUNS)
def test_a_constant_changes_a_single_run(name):
    other, method, label = SINGLE_RUNS[name]
    usual = single(method, label)
    assert usual
    with changed("minimize", **{name: other}):
        assert single(method, label) != usual


@pytest.mark.parametrize("name", ENSEMBLES)
def test_a_constant_changes_a_small_ensemble(name):
    other, method, problem = ENSEMBLES[name]
    usual = ensemble(method, problem)
    assert usual
    with changed("minimize", **{name: other}):
        assert ensemble(method, problem) != usual


# By other tests: those of a user's tolerances, of offsets, of noise, of Hessians in wrong units, of
# wrong gradients, and test_verdict_constants.py.
ELSEWHERE = {
    "exact_error",
    "noise_step",
    "slope_of_tolerance",
    "steepest_of_tolerance",
    "hidden_step",
    "idle_share",
    "late_share",
    "noise_of_line",
}
# No test and no run of the ensembles depends on them, from a thousandth to a thousand times what
# they are, or hardly one does: guards that nothing has met yet.
NOT_MET = {
    "one_sided_step",
    "one_sided_error",
    "idle_of_value",
    "patient_share",
    "rounding_of_line",
    "errors_of_line",
    "long_error",
    "check_step",
    "check_roundings",
}


def test_each_constant_is_accounted_for():
    known = [*SINGLE_RUNS, *ENSEMBLES, *ELSEWHERE, *NOT_MET]
    assert sorted(known) == sorted(constants("minimize"))
