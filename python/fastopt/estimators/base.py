"""What the regressor and the classifier share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from fastopt import _validation
from fastopt._errors import DivergenceError
from fastopt.callbacks import as_list
from fastopt.estimators.convergence import OfTraining, OfValidation, Patience
from fastopt.estimators.tasks import CallbackSupportMixin, FitTasks
from fastopt.loggers import FileLogger
from fastopt.network import MLP
from fastopt.optimizers import BayesianRegularization, Optimizer, resolve
from fastopt.storage.checkpoints import ModelCheckpoint
from fastopt.training.arguments import is_full_batch
from fastopt.training.history import History
from fastopt.training.team import side_by_side

Array = npt.NDArray[Any]

# scikit-learn's names where fastopt's are others.
_ACTIVATIONS = {"logistic": "sigmoid"}
_AUTO_BATCH = 200  # scikit-learn's


class Problem(NamedTuple):
    """What an estimator trains its network on."""

    targets: Array
    n_outputs: int
    output_activation: str
    loss: Any
    # scikit-learn's loss is so many times fastopt's, and its gradient.
    unit: float = 1.0
    slope: float = 1.0
    scale_targets: str | None = None
    labels: Array | None = None  # by which a split is stratified


class Run(NamedTuple):
    """One network that was trained."""

    network: MLP
    history: History
    best: float


class MLPEstimator(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the estimators: data in, one network out."""

    network_: MLP
    history_: History
    loss_curve_: list[float]

    # --- what was learned ----------------------------------------------------------------------

    @property
    def coefs_(self) -> list[Array]:
        """W of each layer, (fan_in, fan_out): those of the scaled problem."""
        return self.network_.coefs_

    @property
    def intercepts_(self) -> list[Array | None]:
        """B of each layer, (fan_out,); None where a normalisation has taken its place."""
        return self.network_.intercepts_

    @property
    def n_layers_(self) -> int:
        """How many layers there are, inputs and outputs included."""
        return len(self.network_.layer_sizes)

    @property
    def n_outputs_(self) -> int:
        """How many outputs there are."""
        return self.network_.layer_sizes[-1]

    @property
    def out_activation_(self) -> str:
        """The activation of the outputs."""
        return self.network_.output_activation

    # --- training ------------------------------------------------------------------------------

    def _problem(self, y: Array) -> Problem:
        raise NotImplementedError

    def _checked(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> tuple[Any, Any, Any]:
        """Return data as arrays, by scikit-learn's checks."""
        X, y = validate_data(
            self,
            X,
            y,
            reset=reset,
            dtype=[np.float64, np.float32],
            multi_output=True,
            **self._checks_of_targets,
        )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
        return X, y, sample_weight

    _checks_of_targets: dict[str, Any] = {}  # noqa: RUF012  # a constant

    def _fit(
        self, X: Array, problem: Problem, sample_weight: Any, y: Any, incremental: bool = False
    ) -> Any:
        """Train networks and keep the best."""
        optimizer = self._resolved_optimizer()
        going_on = hasattr(self, "network_") and (self.warm_start or incremental)
        if going_on:
            self._check_fits(problem)
        random = check_random_state(self.random_state)
        starts = (
            1 if going_on or incremental else _validation.integer("restarts", self.restarts, low=1)
        )
        seeds = [int(seed) for seed in random.randint(0, 2**31 - 1, size=starts)]
        max_iter = 1 if incremental else _validation.integer("max_iter", self.max_iter, low=1)
        fitted, held_out = (X, problem.targets, sample_weight), None
        if self.early_stopping and not incremental:
            fitted, held_out = self._split(X, problem, sample_weight, random)
        self._dtype = X.dtype
        own = as_list(self.callbacks)
        if starts > 1:
            _refuse_files(own, starts)
        history = self.history_ if going_on and incremental else None

        with FitTasks(self, X, y, sample_weight, max_iter) as tasks:

            def train(start: int) -> Run | DivergenceError:
                network = (
                    self.network_
                    if going_on
                    else self._network(X, problem, optimizer, seeds[start])
                )
                patience = self._patience(problem.unit)
                callbacks = own if starts == 1 else deepcopy(own)
                stopping = None
                if held_out is not None:
                    callbacks = [*callbacks, OfValidation(patience)]
                elif not incremental:
                    stopping = OfTraining(patience)
                if tasks.is_watched and starts == 1:
                    callbacks = [*callbacks, tasks]
                state = None if history is None else history.solver_state
                first = 0 if state is None else state["epoch"]
                l2, l1 = self._penalties(optimizer, problem, fitted)
                try:
                    done = network.fit(
                        *fitted[:2],
                        optimizer,
                        problem.loss,
                        epochs=first + max_iter,
                        batch_size=self._batch_size(optimizer, len(fitted[0])),
                        shuffle=_validation.flag("shuffle", self.shuffle),
                        validation_data=held_out,
                        l2=l2,
                        l1=l1,
                        callbacks=callbacks,
                        stopping=stopping,
                        verbose=_validation.verbosity(self.verbose),
                        random_state=seeds[start],
                        sample_weight=fitted[2],
                        initial_epoch=0 if state is None or history is None else history,
                    )
                except DivergenceError as error:
                    return error
                return Run(network, done, patience.best)

            best = _best_of(train, starts)
            self._keep(best, problem.unit, optimizer, going_on, incremental, held_out is not None)
        if best.history.stop_reason == "epochs" and not incremental:
            warnings.warn(
                f"Maximum iterations ({max_iter}) reached and the optimization hasn't converged "
                "yet: a larger max_iter, a larger tol or optimizer='lbfgs' may help",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _resolved_optimizer(self) -> Any:
        optimizer: Any = resolve(self.optimizer)
        if isinstance(self.optimizer, str) and optimizer.kind == "first_order":
            rate = _validation.number("learning_rate_init", self.learning_rate_init, above=0)
            optimizer = optimizer.clone(learning_rate=rate)
        return optimizer

    def _network(self, X: Array, problem: Problem, optimizer: Optimizer, seed: int) -> MLP:
        sizes = self.hidden_layer_sizes
        given = sizes if np.iterable(sizes) and not isinstance(sizes, str) else [sizes]
        hidden = [_validation.integer("hidden_layer_sizes", size, low=1) for size in given]
        names = self.activation
        if isinstance(names, str):
            activation: Any = _ACTIVATIONS.get(names, names)
        else:
            activation = [_ACTIVATIONS.get(name, name) for name in names]
        return MLP(
            [X.shape[1], *hidden, problem.n_outputs],
            activation=activation,
            output_activation=problem.output_activation,
            dtype=np.float64 if optimizer.kind == "second_order" else X.dtype,
            random_state=seed,
            normalization=self.normalization,
            dropout=self.dropout,
            residual=self.residual,
            initializer=self.initializer,
            scale_inputs=self.scale_inputs,
            scale_targets=problem.scale_targets,
        )

    def _check_fits(self, problem: Problem) -> None:
        """Refuse to go on with targets of another kind."""
        network = self.network_
        if (problem.n_outputs, problem.output_activation) != (
            network.layer_sizes[-1],
            network.output_activation,
        ):
            raise ValueError(
                f"y needs {problem.n_outputs} outputs ({problem.output_activation}), and the "
                f"network that goes on has {network.layer_sizes[-1]} "
                f"({network.output_activation}): fit without warm_start"
            )

    def _patience(self, unit: float) -> Patience:
        patience = self.n_iter_no_change
        if patience != np.inf:
            patience = _validation.integer("n_iter_no_change", patience, low=1)
        tol = _validation.number("tol", self.tol, low=0)
        return Patience(tol, patience, unit)

    def _batch_size(self, optimizer: Optimizer, n_samples: int) -> int | None:
        """Return scikit-learn's batch: that of full-batch methods is all, whatever is given."""
        if is_full_batch(optimizer):
            return None
        if self.batch_size == "auto":
            return min(_AUTO_BATCH, n_samples)
        if self.batch_size is None:
            return n_samples
        return min(_validation.integer("batch_size", self.batch_size, low=1), n_samples)

    def _penalties(
        self, optimizer: Optimizer, problem: Problem, fitted: tuple[Any, Any, Any]
    ) -> tuple[float, float]:
        """Return fastopt's l2 for scikit-learn's alpha, and l1.

        The penalties are (alpha/2·‖W‖² + l1·Σ|W|) / B, with B the samples of a batch or the sum of
        their weights; the gradient beside it is ``slope`` times that of fastopt's loss.
        """
        alpha = _validation.number("alpha", self.alpha, low=0)
        l1 = _validation.number("l1", self.l1, low=0)
        if isinstance(optimizer, BayesianRegularization):
            alpha = 0.0  # it finds the strength of its own penalty
        weights = np.ones(len(fitted[0])) if fitted[2] is None else fitted[2]
        weights = weights[weights > 0]  # the other rows are left out
        if not len(weights):
            return 0.0, 0.0  # which fit refuses
        batch = self._batch_size(optimizer, len(weights)) or len(weights)
        unit = float(problem.slope * batch * weights.mean())
        return alpha / unit, l1 / unit

    def _split(
        self, X: Array, problem: Problem, sample_weight: Any, random: np.random.RandomState
    ) -> tuple[tuple[Any, Any, Any], list[Any]]:
        """Return what is trained on, and what is held out for early stopping."""
        share = _validation.number(
            "validation_fraction", self.validation_fraction, above=0, below=1
        )
        rows = np.arange(len(X))
        try:
            first, second = train_test_split(
                rows, test_size=share, random_state=random, stratify=problem.labels
            )
        except ValueError as error:
            raise ValueError(
                f"early_stopping holds validation_fraction={share} of {len(X)} samples out, which "
                f"does not go: {error}"
            ) from error
        weights = None if sample_weight is None else sample_weight[first]
        held_out: list[Any] = [X[second], problem.targets[second]]
        if sample_weight is not None:
            held_out.append(sample_weight[second])
        return (X[first], problem.targets[first], weights), held_out

    def _keep(
        self,
        best: Run,
        unit: float,
        optimizer: Optimizer,
        going_on: bool,
        incremental: bool,
        validation: bool,
    ) -> None:
        """Set the attributes of a fitted estimator."""
        self.network_, self.history_ = best.network, best.history
        losses = [unit * loss for loss in best.history.loss]
        earlier = self.loss_curve_ if going_on else []
        self.loss_curve_ = [*earlier, *(losses[-1:] if incremental else losses)]
        self.validation_loss_curve_ = None
        if validation:
            self.validation_loss_curve_ = [unit * loss for loss in best.history.val_loss]
        self.n_iter_ = len(self.loss_curve_)
        self.loss_ = self.loss_curve_[-1]
        # As scikit-learn: of the weights that come back the validation loss was the best.
        self.best_loss_ = None if validation else min(self.loss_curve_)
        if optimizer.kind != "first_order":
            best.history.solver_state = None  # n² numbers that are not used again

    # --- files ---------------------------------------------------------------------------------

    def to_onnx(
        self, path: Any, opset: int = 17, dtype: str = "float32", *, verify: Any = None
    ) -> None:
        """Write the fitted estimator as an ONNX model; needs the extra ``fastopt[onnx]``.

        The input is "x" (N, d). Outputs are plain tensors: of a regressor "y" (N, q); of a
        classifier "label" (N,), of the kind of its classes, and "probabilities" (N, k), or of
        labels that do not exclude each other both (N, q). Scalings are in it.

        Parameters
        ----------
        path, opset, dtype, verify
            As for :meth:`fastopt.MLP.to_onnx`.
        """
        from fastopt.exchange import onnx_out

        check_is_fitted(self)
        onnx_out.export(self.network_, path, opset, dtype, verify, self._labels())

    def _labels(self) -> Any:
        """Return what a classifier calls its classes."""
        return None

    # skl2onnx asks an object for these where it has no converter of its own for its class.

    def onnx_shape_calculator(self) -> Any:
        """Return how skl2onnx finds the shapes of the outputs."""
        from fastopt.exchange import skl2onnx_out

        return skl2onnx_out.shapes

    def onnx_converter(self) -> Any:
        """Return how skl2onnx converts the estimator, alone or in a pipeline."""
        from fastopt.exchange import skl2onnx_out

        return skl2onnx_out.convert

    # --- prediction ----------------------------------------------------------------------------

    def _inputs(self, X: Any) -> Array:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, reset=False, dtype=[np.float64, np.float32]))

    def _outputs(self, X: Any) -> Array:
        X = self._inputs(X)  # which looks first whether there is a network
        return self.network_.predict(X).astype(self._dtype, copy=False)

    def _is_incremental(self) -> bool:
        """Whether ``partial_fit`` is there: full-batch methods would forget what came before."""
        if is_full_batch(resolve(self.optimizer)):
            raise AttributeError(
                "partial_fit is there for first-order methods on batches, not for "
                f"{self.optimizer!r}"
            )
        return True


def _refuse_files(callbacks: list[Any], starts: int) -> None:
    """Refuse callbacks whose one file would be written by several networks."""
    for callback in callbacks:
        if isinstance(callback, FileLogger | ModelCheckpoint):
            raise ValueError(
                f"callbacks: the file of {type(callback).__name__} is that of one network, and "
                f"restarts={starts} train side by side: use restarts=1"
            )


def _best_of(train: Callable[[int], Run | DivergenceError], starts: int) -> Run:
    """Return the run with the least loss; those that diverge count only where all do."""
    results: dict[int, Run | DivergenceError] = {}
    side_by_side(train, starts, results.__setitem__)
    runs = [found for _, found in sorted(results.items()) if isinstance(found, Run)]
    if not runs:
        raise results[0]  # type: ignore[misc]  # none is a Run
    return min(runs, key=lambda run: run.best)
