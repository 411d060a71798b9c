"""The regressor."""

from __future__ import annotations

from typing import Any

from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils._available_if import available_if

from fastopt import _validation
from fastopt.estimators.base import Array, MLPEstimator, Problem
from fastopt.estimators.tasks import with_callbacks
from fastopt.losses import Huber, Pinball

# scikit-learn's names and fastopt's: a loss that is ½·e² there is e² here.
LOSSES = {
    "squared_error": ("mse", 0.5),
    "absolute_error": ("mae", 1.0),
    "huber": ("huber", 1.0),
    "log_cosh": ("log_cosh", 1.0),
    "poisson": ("poisson", 1.0),
    "quantile": ("pinball", 1.0),
}


class MLPRegressor(RegressorMixin, MLPEstimator):  # type: ignore[misc]
    """A multilayer perceptron for numbers, as a scikit-learn estimator.

    Parameters have scikit-learn's names and meaning where it has them, by keyword only. It needs
    the extra ``fastopt[sklearn]``, scikit-learn 1.6 or later.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        (100,) by default.
    activation : str or sequence of str
        Of the hidden layers: "relu" (default), "tanh", "logistic", "identity" or another one of
        :class:`fastopt.MLP`.
    optimizer : str or Optimizer
        "adam" (default), "sgd", "lm" (Levenberg-Marquardt), "bfgs", "lbfgs" … or an object, such as
        ``fastopt.SGD(0.1, momentum=0.9)``, whose settings are parameters too:
        ``optimizer__momentum``. Full-batch methods train on all samples, whatever ``batch_size``
        is, and in double precision.
    loss : {"squared_error", "absolute_error", "huber", "log_cosh", "poisson", "quantile"}, \
fastopt.Huber, fastopt.Pinball or callable
        Of the scaled targets; a function as for :meth:`fastopt.MLP.fit`. "quantile" is the median;
        ``fastopt.Pinball(0.9)`` has another level. "poisson" is of counts: its outputs are rates,
        exp(z), and the targets are not scaled, whatever ``scale_targets`` is.
    alpha : float
        The loss is (1/B)·Σ ½(y − t)², summed over samples and outputs, plus alpha/2·‖W‖² / B, with
        B the samples of a batch or, with ``sample_weight``, the sum of their weights; biases are
        not penalised. That is scikit-learn's alpha to the letter, of the scaled problem.
        "bayesian_regularization" finds a penalty of its own, and has no use for it.
    l1 : float
        l1·Σ|W| / B is added, which leaves weights at 0 exactly: for first-order methods and
        "lbfgs", see :meth:`fastopt.MLP.fit`.
    batch_size : int, "auto" or None
        "auto": min(200, N). None: N.
    learning_rate_init : float
        Of an ``optimizer`` that is a name of a first-order method; an object has its own.
    max_iter : int
        Epochs at most; of full-batch methods iterations.
    shuffle : bool
    tol : float
    n_iter_no_change : int or inf
        The run ends where the loss fell by less than ``tol`` in more than ``n_iter_no_change``
        epochs in a row.
    early_stopping : bool
        By the loss on a ``validation_fraction`` of the samples that is held out; the weights that
        were best on it come back.
    validation_fraction : float
    warm_start : bool
        ``fit`` goes on from the weights, and the scaling, of the earlier one.
    restarts : int
        Networks that are trained side by side, from different starts; the one with the least loss
        (with ``early_stopping`` validation loss) is kept.
    normalization, dropout, residual
        As for :class:`fastopt.MLP`.
    initializer
        As there, but that of all layers is "glorot_uniform", as in scikit-learn; None: what suits
        each activation.
    scale_inputs, scale_targets : {"standard", "minmax"} or None
        Inside the network, and undone in what is predicted: "standard" by default.
    callbacks : Callback or sequence of Callback, optional
        fastopt's; those of scikit-learn (since 1.9) are given to ``set_callbacks``. With
        ``restarts`` each network has copies of its own.
    random_state : None, int or RandomState
        For the initial weights, the batches and the split.
    verbose : bool or int

    Attributes
    ----------
    network_ : MLP
    history_ : History
        Of the network that was kept; its losses, which callbacks see, are those of
        :meth:`fastopt.MLP.fit`: mean squares without the ½.
    coefs_, intercepts_ : list of array
        Of the scaled problem.
    loss_curve_ : list of float
        The loss of each epoch, of the scaled targets, with the penalty.
    validation_loss_curve_ : list of float or None
        With ``early_stopping``, without the penalty.
    loss_, best_loss_ : float
        The last and the smallest of ``loss_curve_``; with ``early_stopping`` ``best_loss_`` is
        None.
    n_iter_ : int
    n_features_in_, feature_names_in_, n_layers_, n_outputs_, out_activation_

    Notes
    -----
    Inputs in float32 are trained and predicted in float32 (second-order methods train in double).

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
    >>> y = 1000 * np.sin(3 * X[:, 0])
    >>> net = fastopt.MLPRegressor(
    ...     hidden_layer_sizes=(6,), activation="tanh", optimizer="lm", random_state=0
    ... )
    >>> net.fit(X, y).score(X, y) > 0.999
    True
    """

    _checks_of_targets = {"y_numeric": True}  # noqa: RUF012

    def __init__(
        self,
        *,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        optimizer: Any = "adam",
        loss: Any = "squared_error",
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
        scale_targets: str | None = "standard",
        callbacks: Any = None,
        random_state: Any = None,
        verbose: Any = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.loss = loss
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
        self.scale_targets = scale_targets
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train on data.

        Parameters
        ----------
        X : array or frame (N, d)
        y : array (N,) or (N, q)
        sample_weight : array (N,), optional

        Returns
        -------
        MLPRegressor
            Itself.
        """
        return self._train(X, y, sample_weight)

    def _train(self, X: Any, y: Any, sample_weight: Any, incremental: bool = False) -> MLPRegressor:
        reset = not (hasattr(self, "network_") and (self.warm_start or incremental))
        X, y, sample_weight = self._checked(X, y, sample_weight, reset)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._fit(X, self._problem(y), sample_weight, y, incremental)
        return self

    @available_if(MLPEstimator._is_incremental)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Make one epoch of a first-order method on data, from where the last call ended.

        The scaling is that of the first call.
        """
        return self._train(X, y, sample_weight, incremental=True)

    def predict(self, X: Any, interval: float | None = None, kind: str = "prediction") -> Any:
        """Return numbers (N,) or (N, q), in the units of the targets.

        Parameters
        ----------
        X : array or frame (N, d)
        interval : float, optional
            As for :meth:`fastopt.MLP.predict`: returns outputs, lower and upper ends.
        kind : {"prediction", "confidence"}
            As there.
        """
        if interval is None:
            return self._outputs(X)
        X = self._inputs(X)
        return self.network_.predict(X, interval=interval, kind=kind)

    def _problem(self, y: Array) -> Problem:
        q = 1 if y.ndim == 1 else y.shape[1]
        if isinstance(self.loss, Huber | Pinball):
            loss, unit = str(self.loss), 1.0
            if "," in loss:
                raise ValueError(
                    f"loss={self.loss!r}: a regressor predicts one number for each target; several "
                    "quantiles at once are fastopt.MLP(..., output_activation='increasing')"
                )
        elif callable(self.loss):
            loss, unit = self.loss, 1.0
        else:
            loss, unit = LOSSES[_validation.choice("loss", self.loss, LOSSES)]
        if loss == "poisson":
            return Problem(y, q, "exp", loss, unit, unit * q, None)
        return Problem(y, q, "identity", loss, unit, unit * q, self.scale_targets)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of estimators."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
