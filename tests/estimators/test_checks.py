"""All of scikit-learn's own checks of estimators; none is expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastopt

# The checks train for a few epochs only, and give columns where they want warnings of it.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore::sklearn.exceptions.DataConversionWarning",
)

# Few units, so that the many fits of the checks take seconds.
SMALL = {"hidden_layer_sizes": (20,)}


def checks_of(*estimators):
    """scikit-learn's mark; before 1.9 it holds a generator, where pytest 9.1 wants a list."""
    mark = parametrize_with_checks(list(estimators)).mark
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


@checks_of(fastopt.MLPRegressor(**SMALL), fastopt.MLPClassifier(**SMALL))
def test_scikit_learns_checks(estimator, check):
    check(estimator)
