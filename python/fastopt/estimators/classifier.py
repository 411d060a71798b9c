"""The classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils._available_if import available_if
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import type_of_target

from fastopt.estimators.base import Array, MLPEstimator, Problem
from fastopt.estimators.tasks import with_callbacks


class MLPClassifier(ClassifierMixin, MLPEstimator):  # type: ignore[misc]
    """A multilayer perceptron for classes, as a scikit-learn estimator.

    Parameters have scikit-learn's names and meaning where it has them, by keyword only. It needs
    the extra ``fastopt[sklearn]``, scikit-learn 1.6 or later. Two classes are one logistic output,
    more a softmax; labels that do not exclude each other (a matrix of 0 and 1) are a logistic
    output each.

    Parameters
    ----------
    hidden_layer_sizes, activation, batch_size, learning_rate_init, max_iter, shuffle, tol
        As for :class:`fastopt.MLPRegressor`.
    n_iter_no_change, early_stopping, validation_fraction, warm_start, restarts, normalization
        As there; the split is stratified by the classes.
    dropout, residual, initializer, scale_inputs, callbacks, random_state, verbose
        As there.
    optimizer : str or Optimizer
        As there, but "lm", which is for sums of squares: "adam" (default), "lbfgs", "bfgs" …
    alpha : float
        The loss is the mean cross-entropy of a batch plus alpha/2·‖W‖² / B, with B its samples or,
        with ``sample_weight``, the sum of their weights: scikit-learn's alpha to the letter.
    l1 : float
        l1·Σ|W| / B is added, as there.
    class_weight : dict, "balanced" or None
        Multiplied into ``sample_weight``, as elsewhere in scikit-learn.

    Attributes
    ----------
    classes_ : array
    network_, history_, coefs_, intercepts_, loss_curve_, validation_loss_curve_, loss_, best_loss_
        As for :class:`fastopt.MLPRegressor`; of a matrix of labels ``loss_curve_`` is the sum over
        the labels, the loss of ``history_`` their mean.
    n_iter_, n_features_in_, feature_names_in_, n_layers_, n_outputs_, out_activation_

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import fastopt
    >>> X, y = load_iris(return_X_y=True)
    >>> net = fastopt.MLPClassifier(hidden_layer_sizes=(8,), optimizer="lbfgs", random_state=0)
    >>> net.fit(X, y).score(X, y) > 0.95
    True
    """

    def __init__(
        self,
        *,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        optimizer: Any = "adam",
        alpha: float = 1e-4,
        l1: float = 0.0,
        batch_size: Any = "auto",
        learning_rate_init: float = 1e-3,
        max_iter: int = 200,
        shuffle: bool = True,
        tol: float = 1e-4,
        n_iter_no_change: Any = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        restarts: int = 1,
        normalization: Any = None,
        dropout: Any = 0.0,
        residual: Any = False,
        initializer: Any = "glorot_uniform",
        scale_inputs: str | None = "standard",
        class_weight: Any = None,
        callbacks: Any = None,
        random_state: Any = None,
        verbose: Any = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.alpha = alpha
        self.l1 = l1
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.restarts = restarts
        self.normalization = normalization
        self.dropout = dropout
        self.residual = residual
        self.initializer = initializer
        self.scale_inputs = scale_inputs
        self.class_weight = class_weight
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Train on data.

        Parameters
        ----------
        X : array or frame (N, d)
        y : array (N,) or (N, q)
            Labels of any kind; or a matrix of 0 and 1, a column for each label.
        sample_weight : array (N,), optional

        Returns
        -------
        MLPClassifier
            Itself.
        """
        return self._train(X, y, sample_weight)

    def _train(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        incremental: bool = False,
        classes: Any = None,
    ) -> MLPClassifier:
        going_on = hasattr(self, "network_") and (self.warm_start or incremental)
        X, y, sample_weight = self._checked(X, y, sample_weight, not going_on)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        kind = type_of_target(y, input_name="y")
        if kind not in ("binary", "multiclass", "multilabel-indicator"):
            raise ValueError(
                f"Unknown label type: {kind}. y must hold classes, or a column of 0 and 1 for each "
                "label"
            )
        several = kind == "multilabel-indicator"
        own = np.arange(y.shape[1]) if several else np.unique(y)
        if going_on:
            self._check_classes(own, exact=not incremental)
        else:
            self.classes_ = own if classes is None else np.unique(classes)
            self._several = several
            self._check_classes(own, exact=False)
        if self.class_weight is not None:
            weights = compute_sample_weight(self.class_weight, y)
            sample_weight = weights if sample_weight is None else weights * sample_weight
        self._fit(X, self._problem(y), sample_weight, y, incremental)
        return self

    @available_if(MLPEstimator._is_incremental)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> MLPClassifier:
        """Make one epoch of a first-order method on data, from where the last call ended.

        The scaling is that of the first call, which needs ``classes``: all that will ever occur.
        """
        first = not hasattr(self, "network_")
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if (
            not first
            and classes is not None
            and not np.array_equal(np.unique(classes), self.classes_)
        ):
            raise ValueError(
                f"classes={classes!r} is not the same as on the first call to partial_fit: "
                f"{self.classes_!r}"
            )
        return self._train(X, y, sample_weight, incremental=True, classes=classes)

    def predict(self, X: Any) -> Array:
        """Return the class of each sample (N,), or a matrix of 0 and 1 (N, q)."""
        outputs = self._outputs(X)
        if self._several:
            return (outputs > 0.5).astype(int)
        if self.network_.layer_sizes[-1] > 1:
            index = outputs.argmax(axis=1)
        else:
            index = (outputs.reshape(-1) > 0.5) * (len(self.classes_) - 1)
        return np.asarray(self.classes_[index])

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class (N, q), or of each label."""
        outputs = self._outputs(X)
        if self._several or self.network_.layer_sizes[-1] > 1:
            return outputs
        positive = outputs.reshape(-1, 1)
        if len(self.classes_) == 1:
            return np.ones_like(positive)
        return np.hstack([1 - positive, positive])

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of :meth:`predict_proba`."""
        with np.errstate(divide="ignore"):  # a probability may be 0
            return np.log(self.predict_proba(X))

    def _labels(self) -> Any:
        from fastopt.exchange.onnx_out import Labels

        return Labels(self.classes_, self._several)

    def _check_classes(self, own: Array, exact: bool) -> None:
        """Refuse classes that the network has no output for."""
        unknown = np.setdiff1d(own, self.classes_)
        if len(unknown):
            raise ValueError(f"y holds {unknown.tolist()[0]!r}, not among {self.classes_.tolist()}")
        if exact and len(own) != len(self.classes_):
            raise ValueError(
                "warm_start can only be used where y has the same classes as in the previous call "
                f"to fit: it was {self.classes_!r}, and now it is {own!r}"
            )

    def _problem(self, y: Array) -> Problem:
        if self._several:
            q = y.shape[1]
            return Problem(y, q, "sigmoid", "binary_cross_entropy", q, q)
        index = np.searchsorted(self.classes_, y)
        if len(self.classes_) <= 2:
            return Problem(index, 1, "sigmoid", "binary_cross_entropy", labels=index)
        return Problem(index, len(self.classes_), "softmax", "cross_entropy", labels=index)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of estimators."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
