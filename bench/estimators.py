"""Are the estimators as good as scikit-learn's MLPs at equal settings, and how long do they take?

Five data sets that scikit-learn brings or generates. Each estimator stands behind the same
StandardScaler and has the same settings (those of scikit-learn's MLPs unless told); scores are
means of five folds. The grid is 8 settings on 3 folds, in one process.
"""

import warnings
from functools import cache, partial

import numpy as np

from bench.contender import Contender
from bench.question import Case, Count, at_least, faster

SETTINGS = {"hidden_layer_sizes": (32,), "max_iter": 200, "random_state": 0}
GRID = {"mlp__hidden_layer_sizes": [(8,), (16,), (32,), (64,)], "mlp__alpha": [1e-4, 1e-2]}
# Scores within this share are the same: five folds of some hundred samples tell no more.
SAME = 0.99


@cache
def data(name):
    """Return X, y and whether y are classes."""
    from sklearn import datasets

    if name == "friedman1":
        return *datasets.make_friedman1(500, noise=0.5, random_state=0), False
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    if name == "diabetes":
        y = (y - y.mean()) / y.std()  # scikit-learn's MLP does not scale targets
    return X, y, name != "diabetes"


DATA = ("diabetes", "friedman1", "wine", "breast_cancer", "digits")


def pipeline(library, classes, **settings):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if library == "fastopt":
        import fastopt as home
    else:
        from sklearn import neural_network as home
    made = (home.MLPClassifier if classes else home.MLPRegressor)(**SETTINGS, **settings)
    scaled = make_pipeline(StandardScaler(), made)
    scaled.steps[1] = ("mlp", made)
    return scaled


def score(library, name):
    """Return the mean score of five folds: R², or the share of right classes."""
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

    X, y, classes = data(name)
    folds = (StratifiedKFold if classes else KFold)(5, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the limit of iterations is a part of the settings
        return float(np.mean(cross_val_score(pipeline(library, classes), X, y, cv=folds)))


class Fit(Contender):
    """One fit on all data."""

    def __init__(self, library, name):
        self.name = library
        self.X, self.y, classes = data(name)
        self.estimator = pipeline(library, classes)

    def run(self, count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(count):
                self.estimator.fit(self.X, self.y)
        return count


class Grid(Contender):
    """GridSearchCV of 24 fits on breast_cancer."""

    def __init__(self, library):
        from sklearn.model_selection import GridSearchCV

        self.name = library
        self.X, self.y, classes = data("breast_cancer")
        self.search = GridSearchCV(pipeline(library, classes), GRID, cv=3, refit=False)

    def run(self, count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(count):
                self.search.fit(self.X, self.y)
        return count


LIBRARIES = ("fastopt", "scikit-learn")


def cases():
    scores = [
        Count(
            f"league-{name}",
            f"{name}: mean score of five folds",
            {library: partial(score, library, name) for library in LIBRARIES},
            (at_least(SAME, "scikit-learn"),),
        )
        for name in DATA
    ]
    fits = [
        Case(
            f"league-{name}-fit",
            f"{name}: a fit of all data",
            {library: partial(Fit, library, name) for library in LIBRARIES},
            (faster("scikit-learn", 1),),
            unit="ms",
            per="fit",
            rounds=5,
        )
        for name in DATA
    ]
    grid = Case(
        "league-grid",
        "GridSearchCV of 24 fits, breast_cancer",
        {library: partial(Grid, library) for library in LIBRARIES},
        (faster("scikit-learn", 10),),
        unit="s",
        per="search",
        rounds=3,
    )
    return [*scores, *fits, grid]
