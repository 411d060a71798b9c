"""Are the estimators as good as scikit-learn's MLPs at equal settings, and how long do they take?

Five data sets that scikit-learn brings or generates; targets that are numbers have mean 0 and
standard deviation 1, as scikit-learn's MLP does not scale them. Each estimator stands behind the
same StandardScaler and has the same settings (those of scikit-learn's MLPs unless told). Scores are
means of ten times five folds, for both of the same ten random states. The grid is 8 settings on 3
folds, in one process.
"""

import warnings
from functools import cache, partial

import numpy as np

from bench.contender import Contender
from bench.question import Case, Count, at_least, faster

SETTINGS = {"hidden_layer_sizes": (32,), "max_iter": 200}
STATES = range(10)
GRID = {"mlp__hidden_layer_sizes": [(8,), (16,), (32,), (64,)], "mlp__alpha": [1e-4, 1e-2]}
# Scores within this share are the same: it is one to three of the standard errors that are shown.
SAME = 0.99


@cache
def data(name):
    """Return X, y and whether y are classes."""
    from sklearn import datasets

    if name == "friedman1":
        X, y = datasets.make_friedman1(500, noise=0.5, random_state=0)
    else:
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    if name in ("diabetes", "friedman1"):
        return X, (y - y.mean()) / y.std(), False
    return X, y, True


LIBRARIES = ("fastopt", "scikit-learn")
DATA = ("diabetes", "friedman1", "wine", "breast_cancer", "digits")


def pipeline(library, classes, random_state=0):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if library == "fastopt":
        import fastopt as home
    else:
        from sklearn import neural_network as home
    made = (home.MLPClassifier if classes else home.MLPRegressor)(
        **SETTINGS, random_state=random_state
    )
    scaled = make_pipeline(StandardScaler(), made)
    scaled.steps[1] = ("mlp", made)
    return scaled


@cache
def scores(library, name):
    """Return the mean score of five folds for each random state: R², or the share that is right."""
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

    X, y, classes = data(name)
    kind = StratifiedKFold if classes else KFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the limit of iterations is a part of the settings
        return np.array([
            cross_val_score(
                pipeline(library, classes, state),
                X,
                y,
                cv=kind(5, shuffle=True, random_state=state),
            ).mean()
            for state in STATES
        ])  # fmt: skip


def score(library, name):
    return float(scores(library, name).mean())


def standard_error(name):
    """Return the standard error of the mean difference, by random states."""
    differences = np.subtract(*(scores(library, name) for library in LIBRARIES))
    return float(differences.std(ddof=1) / np.sqrt(len(differences)))


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


def cases():
    counts = [
        Count(
            f"league-{name}",
            f"{name}: mean score of ten times five folds",
            {
                **{library: partial(score, library, name) for library in LIBRARIES},
                "standard error of the difference": partial(standard_error, name),
            },
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
    return [*counts, *fits, grid]
