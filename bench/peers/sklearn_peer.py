"""scikit-learn's MLPRegressor and MLPClassifier."""

import warnings

import numpy as np

from bench.contender import Contender
from bench.threads import BlasThreads


class SklearnMinibatch(Contender):
    name = "scikit-learn"

    def __init__(self, case, threads):
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        self.case, self.threads = case, BlasThreads(threads)
        self.ignored_warning = ConvergenceWarning
        self.X, y = case.data()
        self.y = y.ravel()
        self.initial = case.initial_parameters()
        # Its squared error is halved.
        self.factor = 2.0 if case.loss == "mse" else 1.0
        estimator = MLPRegressor if case.loss == "mse" else MLPClassifier
        self.net = estimator(
            hidden_layer_sizes=case.sizes[1:-1],
            activation=case.activation,
            solver="adam",
            alpha=0.0,
            batch_size=case.batch,
            max_iter=1,
            tol=0.0,
            n_iter_no_change=10**9,
            warm_start=True,
            random_state=2,
        )
        self.run(1)

    def prepare(self):
        views = self.case.views(self.initial.copy())
        self.net.coefs_, self.net.intercepts_ = views[::2], views[1::2]
        self.threads.begin()

    def finish(self):
        self.threads.end()

    def answer(self):
        self.run(1, shuffle=False)
        return self.losses

    def run(self, count, shuffle=True):
        self.net.set_params(max_iter=count, shuffle=shuffle)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self.ignored_warning)
            self.net.fit(self.X, self.y)
        self.losses = list(self.factor * np.array(self.net.loss_curve_[-count:]))
        return count * self.case.steps
