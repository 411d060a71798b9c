"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._folding import folded
from fastopt._second_order import SecondOrder
from fastopt.callbacks import Callback
from fastopt.clip import Clip
from fastopt.initializers import Initializer, default, initial_weights
from fastopt.layers import HiddenLayers, Normalization
from fastopt.optimizers import Optimizer, resolve
from fastopt.training.data import Data, check_inputs, check_loss, make_data
from fastopt.training.fit import Training, check_batch_size, make_epoch_solver, split_validation
from fastopt.training.history import History
from fastopt.training.metrics import Metrics, as_list
from fastopt.training.second_order import make_full_batch_solver
from fastopt.training.stopping import Stopping

Array = npt.NDArray[Any]

# Of the History, when they stand among the metrics.
_RECORDED = ("gradient_norm", "layer_gradient_norms")


class MLP(SecondOrder):
    """A multilayer perceptron: a_l = φ_l(a_{l−1} W_l + b_l).

    Hidden layers can be normalised, drop units and have shortcuts around them:
    a_l = dropout(φ_l(γ_l ⊗ ẑ_l + β_l)) + a_{l−1} with ẑ_l the normalised a_{l−1} W_l.

    All parameters lie in one flat vector, layer by layer W (fan_in × fan_out, C order), then b or γ
    and β, then the projection P of a shortcut; ``coefs_``, ``intercepts_`` and ``parameters`` are
    views of it.

    Parameters
    ----------
    layer_sizes : sequence of int
        Inputs, hidden layers, outputs: at least two numbers ≥ 1.
    activation : str or sequence of str
        Of the hidden layers, one name or one for each: "identity", "sigmoid", "tanh" (default),
        "relu", "leaky_relu" (slope 0.01), "elu" (α = 1), "selu", "gelu" (exact), "silu",
        "softplus".
    output_activation : str
        One of these (default "identity"), or "softmax".
    initializer : str, Initializer, array or sequence, optional
        Of the weights, see :mod:`fastopt.initializers`; biases start at zero. None: he_normal
        before relu, leaky_relu, elu, gelu and silu, lecun_normal before selu, glorot_uniform before
        the others and the outputs. γ starts at 1, β at 0, P as glorot_uniform.
    normalization : None, "batch", "layer", BatchNormalization or LayerNormalization
        Of each hidden layer, before its activation unless the object says otherwise; see
        :mod:`fastopt.layers`.
    dropout : float or sequence of float
        The share of units, in [0, 1) and to within 2⁻¹⁷, that is dropped in training: one rate for
        all hidden layers, one for each of them, or one more with that of the inputs first. Inverted
        dropout: the others grow by 1/(1 − rate); with selu alpha dropout, which keeps mean and
        variance. Masks are pure functions of the seed of ``fit``, the number of updates, and the
        unit.
    residual : False, True, int or "projection"
        True: from the second hidden layer on, each adds its inputs to its outputs (the first brings
        the inputs to the width of the blocks). k: the same around blocks of k hidden layers, after
        the first. Widths must be equal. "projection": around every hidden layer, with a learned
        linear map a_{l−1} P where widths differ.
    dtype : {"float64", "float32"}
        Of the parameters and of all arithmetic in training.
    random_state : None, int, numpy Generator or RandomState
        For the initial weights, and for ``fit`` where it is given none.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = fastopt.MLP([1, 10, 1], random_state=0)
    >>> net
    MLP([1, 10, 1], activation='tanh', output_activation='identity', dtype='float64')
    >>> history = net.fit(X, np.sin(3 * X), fastopt.Adam(0.01), epochs=200)
    >>> history.stop_reason, history.loss[-1] < 1e-2, net.predict(X).shape
    ('epochs', True, (64, 1))
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activation: str | Sequence[str] = "tanh",
        output_activation: str = "identity",
        initializer: Any = None,
        dtype: Any = "float64",
        random_state: Any = None,
        normalization: str | Normalization | None = None,
        dropout: float | Sequence[float] = 0.0,
        residual: bool | int | str = False,
    ) -> None:
        self._layer_sizes = _check_sizes(layer_sizes)
        self._activations = _check_activations(activation, len(self._layer_sizes) - 2)
        self._output_activation = _validation.choice(
            "output_activation", output_activation, _core.activation_names
        )
        self._dtype = _check_dtype(dtype)
        self._hidden = HiddenLayers(self._layer_sizes, normalization, dropout, residual)
        self._seed = _validation.seed(random_state)
        self._core = self._make_core()
        self._initialize(initializer)

    def _initialize(self, initializer: Any) -> None:
        if isinstance(initializer, np.ndarray) and initializer.ndim == 1:
            flat = _validation.array("initializer", initializer, ndim=1)
            if flat.size != self.n_parameters:
                raise ValueError(
                    f"initializer must hold {self.n_parameters} parameters or be of two "
                    f"dimensions, got {flat.size} numbers"
                )
            self.parameters = flat
            return
        names = (*self._activations, self._output_activation)
        weights = initial_weights(initializer, self._layer_sizes, names, self._seed)
        for i, (layer, W) in enumerate(zip(self._layers(), weights, strict=True)):
            layer["W"][:] = W
            if "gamma" in layer:
                layer["gamma"][:] = 1
            if "P" in layer:
                # Numbers of its own: parts 0, 1, … of the seed belong to the weights.
                layer["P"][:] = default("identity")(layer["P"].shape, self._seed, len(weights) + i)

    # --- what it is ----------------------------------------------------------------------------

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Numbers of inputs, of units of each hidden layer, of outputs."""
        return self._layer_sizes

    @property
    def activation(self) -> str | tuple[str, ...]:
        """The activation of the hidden layers: one name where they share it."""
        names = self._activations
        return names[0] if len(set(names)) == 1 else names

    @property
    def output_activation(self) -> str:
        """The activation of the outputs."""
        return self._output_activation

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self._dtype

    @property
    def n_parameters(self) -> int:
        """How many weights and biases there are."""
        return int(self._core.parameters.size)

    @property
    def parameters(self) -> Array:
        """All weights and biases as one flat vector (n,): a live view; assigning copies into it."""
        flat: Array = self._core.parameters
        return flat

    @parameters.setter
    def parameters(self, values: Any) -> None:
        flat = self._core.parameters
        new = _validation.array("parameters", values, ndim=1, finite=False)
        if new.shape != flat.shape:
            raise ValueError(f"parameters must have shape {flat.shape}, got {new.shape}")
        flat[:] = new

    @property
    def coefs_(self) -> list[Array]:
        """W of each layer, (fan_in, fan_out): live views of ``parameters``."""
        return [layer["W"] for layer in self._layers()]

    @property
    def intercepts_(self) -> list[Array | None]:
        """B of each layer, (fan_out,): live views; None where a normalisation has taken its place.

        Such layers have β, see :attr:`shifts_`.
        """
        return [layer.get("b") for layer in self._layers()]

    @property
    def scales_(self) -> list[Array | None]:
        """γ of each layer, (fan_out,): live views; None where it is not normalised."""
        return [layer.get("gamma") for layer in self._layers()]

    @property
    def shifts_(self) -> list[Array | None]:
        """β of each layer, (fan_out,): live views; None where it is not normalised."""
        return [layer.get("beta") for layer in self._layers()]

    @property
    def projections_(self) -> list[Array | None]:
        """P of each layer, (width at the shortcut's start, fan_out); None where there is none."""
        return [layer.get("P") for layer in self._layers()]

    def _layers(self) -> list[dict[str, Array]]:
        return self._hidden.views(self.parameters)

    @property
    def normalization(self) -> Normalization | None:
        """How hidden layers are normalised."""
        return self._hidden.normalization

    @property
    def dropout(self) -> float | tuple[float, ...]:
        """One rate, or those of the inputs and of each hidden layer."""
        return self._hidden.dropout

    @property
    def residual(self) -> bool | int | str:
        """Where the shortcuts are."""
        return self._hidden.residual

    @property
    def statistics(self) -> Array:
        """Running means and variances of batch normalisation as one flat vector, like `parameters`.

        Of each normalised layer the means, then the variances: a live view; assigning copies into
        it. They are no parameters, but belong to copies and pickles.
        """
        flat: Array = self._core.statistics
        return flat

    @statistics.setter
    def statistics(self, values: Any) -> None:
        flat = self._core.statistics
        new = np.asarray(values)
        if new.shape != flat.shape:
            raise ValueError(f"statistics must have shape {flat.shape}, got {new.shape}")
        flat[:] = new

    def summary(self) -> str:
        """Return a table of the layers: widths, activations, numbers of parameters.

        Examples
        --------
        >>> import fastopt
        >>> print(fastopt.MLP([4, 8, 3], output_activation="softmax").summary())
        layer    inputs  outputs  activation  parameters
        1             4        8  tanh                40
        2             8        3  softmax             27
        total                                         67
        """
        rows = [f"{'layer':<6}{'inputs':>9}{'outputs':>9}  {'activation':<10}{'parameters':>12}"]
        names = (*self._activations, self._output_activation)
        for i, (layer, name) in enumerate(zip(self._layers(), names, strict=True), start=1):
            fan_in, fan_out = layer["W"].shape
            size = sum(array.size for array in layer.values())
            rows.append(f"{i:<6}{fan_in:>9}{fan_out:>9}  {name:<10}{size:>12}")
        rows.append(f"{'total':<36}{self.n_parameters:>12}")
        return "\n".join(rows)

    def __repr__(self) -> str:
        extras = "".join(
            f", {name}={value!r}"
            for name in ("normalization", "dropout", "residual")
            if (value := getattr(self, name))
        )
        return (
            f"MLP({list(self._layer_sizes)}, activation={self.activation!r}, "
            f"output_activation={self._output_activation!r}, dtype={self._dtype.name!r}{extras})"
        )

    # --- copies --------------------------------------------------------------------------------

    def copy(self) -> MLP:
        """Return a network with the same parameters, on memory of its own."""
        return self.astype(self._dtype)

    def astype(self, dtype: Any) -> MLP:
        """Return a copy in "float32" or "float64"."""
        state = self.__getstate__()
        state["dtype"] = _check_dtype(dtype).name
        other = MLP.__new__(type(self))
        other.__setstate__(state)
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {
            "layer_sizes": self._layer_sizes,
            "activations": self._activations,
            "output_activation": self._output_activation,
            "dtype": self._dtype.name,
            "seed": self._seed,
            "normalization": self.normalization,
            "dropout": self._hidden.rates,
            "residual": self.residual,
            "parameters": self.parameters.copy(),
            "statistics": self.statistics.copy(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._layer_sizes, self._activations = state["layer_sizes"], state["activations"]
        self._output_activation = state["output_activation"]
        self._dtype, self._seed = np.dtype(state["dtype"]), state["seed"]
        self._hidden = HiddenLayers(
            self._layer_sizes, state["normalization"], state["dropout"], state["residual"]
        )
        self._core = self._make_core()
        self.parameters, self.statistics = state["parameters"], state["statistics"]

    def _make_core(self) -> Any:
        network = _core.NetworkF32 if self._dtype == np.float32 else _core.NetworkF64
        names = [*self._activations, self._output_activation]
        return network(list(self._layer_sizes), names, *self._hidden.core_arguments())

    def fold(self) -> MLP:
        """Return a network without batch normalisation that computes the same in use.

        The running statistics, γ and β go into the weights and biases:
        W ← W·diag(γ/√(σ² + ε)), b = β − μ ⊗ γ/√(σ² + ε). Dropout, which is off in use, is left out.

        Raises
        ------
        ValueError
            There is no batch normalisation; or it stands after the activation, and shortcuts need
            its outputs.

        Examples
        --------
        >>> import numpy as np
        >>> import fastopt
        >>> net = fastopt.MLP([2, 4, 1], normalization="batch", random_state=0)
        >>> X = np.array([[0.5, -1.0], [2.0, 1.0]])
        >>> np.allclose(net.fold().predict(X), net.predict(X))
        True
        """
        return folded(self)

    # --- what it computes ----------------------------------------------------------------------

    @overload
    def predict(self, X: Any, mc_dropout: None = None, random_state: Any = None) -> Array: ...

    @overload
    def predict(self, X: Any, mc_dropout: int, random_state: Any = None) -> tuple[Array, Array]: ...

    def predict(
        self, X: Any, mc_dropout: int | None = None, random_state: Any = None
    ) -> Array | tuple[Array, Array]:
        """Return the outputs (N, q) for inputs (N, d), in the network's dtype.

        Any real dtype and layout is read as it is. With "sigmoid" and "softmax" outputs these are
        probabilities. Nothing is dropped, and batch normalisation is by the running statistics.

        Parameters
        ----------
        X : array (N, d)
        mc_dropout : int, optional
            k ≥ 1: Monte-Carlo dropout (Gal & Ghahramani 2016). Returns mean and standard deviation
            (÷ k) of the outputs over k masks, (N, q) each.
        random_state : None, int, numpy Generator or RandomState
            For the masks. None: the network's own.

        Examples
        --------
        >>> import fastopt
        >>> net = fastopt.MLP([2, 8, 1], dropout=0.5, random_state=0)
        >>> mean, sd = net.predict([[1.0, 2.0]], mc_dropout=100)
        >>> mean.shape, sd.shape
        ((1, 1), (1, 1))
        """
        X = check_inputs(X, self._layer_sizes[0])
        if mc_dropout is None:
            outputs: Array = self._core.predict(X)
            return outputs
        k = _validation.integer("mc_dropout", mc_dropout, low=1)
        if not self._hidden.drops:
            raise ValueError(f"mc_dropout={k} needs a network with dropout, and this one has none")
        seed = self._seed if random_state is None else _validation.seed(random_state)
        # Welford's sums: stable, and no more than two arrays however many masks there are.
        mean: Array = np.zeros((len(X), self._layer_sizes[-1]))
        squares: Array = np.zeros_like(mean)
        for i in range(k):
            outputs = self._core.predict(X, seed=seed, mask=i)
            apart = outputs - mean
            mean += apart / (i + 1)
            squares += apart * (outputs - mean)
        return mean.astype(self._dtype), np.sqrt(squares / k).astype(self._dtype)

    def evaluate(
        self,
        X: Any,
        y: Any,
        loss: Any = "mse",
        metrics: Any = (),
        sample_weight: Any = None,
    ) -> float | dict[str, float]:
        """Return the loss on data, without penalty; with ``metrics``, a dict of it and of them.

        Parameters
        ----------
        X : array (N, d)
        y : array (N, q), or (N,) where q = 1 or for class numbers
        loss : str or callable
            As for :meth:`fit`.
        metrics : sequence of str or callable
            As for :meth:`fit`.
        sample_weight : array (N,), optional
            For the loss: divided by their mean.

        Examples
        --------
        >>> import numpy as np
        >>> import fastopt
        >>> net = fastopt.MLP([2, 3, 1], initializer="zeros")
        >>> net.evaluate([[1, 2], [3, 4]], [1, 2])
        2.5
        >>> net.evaluate([[1, 2], [3, 4]], [1, 2], metrics=["mae"])
        {'loss': 2.5, 'mae': 1.5}
        """
        loss = check_loss(loss)
        data = make_data(X, y, loss, self._layer_sizes, sample_weight)
        chosen = self._metrics(metrics, loss)
        value = float(self._evaluation(data, loss).value())
        if not chosen:
            return value
        outputs = self._core.predict(data.inputs)
        return {"loss": value, **chosen(outputs, data.targets, data.classes)}

    def loss_and_gradient(
        self, X: Any, y: Any, loss: Any = "mse", l2: float = 0.0, sample_weight: Any = None
    ) -> tuple[float, Array]:
        """Return E and ∂E/∂w (n,), in the order of ``parameters``.

        E is the (weighted) mean loss plus (l2/2)·‖W‖², weights only. Batch normalisation is by the
        statistics of these data, as in training; nothing is dropped.
        """
        loss = check_loss(loss)
        data = make_data(X, y, loss, self._layer_sizes, sample_weight)
        l2 = _validation.number("l2", l2, low=0)
        evaluation = self._evaluation(data, loss, l2)
        evaluation.as_in_training()
        value, gradient = evaluation.value_and_gradient()
        return float(value), gradient

    def gradient_norms(
        self, X: Any, y: Any, loss: Any = "mse", l2: float = 0.0, sample_weight: Any = None
    ) -> dict[str, list[float]]:
        """Return the norms of the gradient, layer by layer: where it vanishes or explodes.

        As :meth:`loss_and_gradient`, on all of the data.

        Returns
        -------
        dict
            "weights": ‖∂E/∂W_l‖ of each layer; "activations": ‖∂E/∂a_l‖ of each hidden layer, over
            all samples.

        Examples
        --------
        >>> import numpy as np
        >>> import fastopt
        >>> net = fastopt.MLP([3, *[16] * 10, 1], activation="sigmoid", random_state=0)
        >>> X = np.random.default_rng(0).normal(size=(20, 3))
        >>> norms = net.gradient_norms(X, X[:, 0])
        >>> len(norms["weights"]), len(norms["activations"])
        (11, 10)
        >>> norms["activations"][0] < 1e-4 * norms["activations"][-1]
        True
        """
        loss = check_loss(loss)
        data = make_data(X, y, loss, self._layer_sizes, sample_weight)
        evaluation = self._flow_evaluation(data, loss, _validation.number("l2", l2, low=0))
        return self._gradient_norms(evaluation)

    def _flow_evaluation(self, data: Data, loss: Any, l2: float) -> Any:
        evaluation = self._evaluation(data, loss, l2)
        evaluation.as_in_training()
        evaluation.watch_flows()
        return evaluation

    def _gradient_norms(self, evaluation: Any) -> dict[str, list[float]]:
        _, gradient = evaluation.value_and_gradient()
        layers = self._hidden.views(gradient)
        return {
            "weights": [float(np.linalg.norm(layer["W"])) for layer in layers],
            "activations": evaluation.flow_norms,
        }

    def _evaluation(self, data: Data, loss: Any, l2: float = 0.0) -> Any:
        kind = _core.EvaluationF32 if self._dtype == np.float32 else _core.EvaluationF64
        return kind(self._core, data.native, loss, l2)

    def _metrics(self, metrics: Any, loss: Any) -> Metrics:
        logits = loss == "binary_cross_entropy" and self._output_activation == "identity"
        return Metrics(metrics, logits)

    def _solver(self, data: Data, optimizer: Any, loss: Any, *settings: Any) -> Any:
        """Return the solver of an optimiser on data."""
        if optimizer.kind == "second_order":
            self._hidden.check_second_order(type(optimizer).__name__)
            *_, l2, clip, _ = settings
            return make_full_batch_solver(self, data, optimizer, loss, l2, clip)
        return make_epoch_solver(self, data, optimizer, loss, *settings)

    def _check_batch_size(self, batch_size: Any, optimizer: Optimizer, n_samples: int) -> int:
        size = check_batch_size(batch_size, optimizer, n_samples)
        self._hidden.check_batch_size(size)
        return size

    # --- training ------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any,
        optimizer: str | Optimizer = "adam",
        loss: Any = "mse",
        epochs: int = 100,
        batch_size: int | str | None = "auto",
        shuffle: bool = True,
        validation_data: Any = None,
        validation_split: float = 0.0,
        metrics: Any = (),
        l2: float = 0.0,
        clip: Clip | None = None,
        callbacks: Callback | Iterable[Callback] = (),
        stopping: Stopping | None = None,
        verbose: int = 0,
        random_state: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        initial_epoch: int | History = 0,
    ) -> History:
        """Train the network on data, from its present weights.

        Parameters
        ----------
        X : array (N, d)
            Any real dtype, layout and byte order; memory maps too. Batches are gathered from it as
            it is: it is neither copied whole nor written to.
        y : array (N, q) or (N,)
            Targets; (N,) where q = 1, or class numbers 0 … q−1 for "cross_entropy".
        optimizer : str or Optimizer
            "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam" (default), "nadam" or an
            object of :mod:`fastopt.optimizers`. It is not changed.
        loss : str or callable
            "mse" (default), "mae", "huber" (δ = 1), "binary_cross_entropy", "cross_entropy". With
            "identity" outputs the cross-entropies take them as logits; with "sigmoid" and "softmax"
            the fused, stable form is used. Or a function (outputs, targets) → (value, d value /
            d outputs) on arrays (B, q), called for each batch.
        epochs : int
            The number of the last epoch: 100 by default.
        batch_size : int, "auto" or None
            "auto": min(32, N), for full-batch methods N. None: N. 1: stochastic gradient descent.
        shuffle : bool
            Whether batches are drawn anew in each epoch, without replacement.
        validation_data : (X, y) or (X, y, sample_weight), optional
        validation_split : float
            In [0, 1): a random part of the data, drawn with ``random_state``, is held out.
        metrics : sequence of str or callable
            "mse", "rmse", "mae", "r2", "accuracy", "top_k_accuracy" (k = 5), or functions (outputs,
            targets) → number. In the History for the training data (after each epoch) and, with the
            prefix "val_", for the validation data. "gradient_norm" records ‖∇E‖ over all data after
            each epoch, "layer_gradient_norms" what :meth:`gradient_norms` returns.
        l2 : float
            (l2/2)·‖W‖² is added to E (weights only).
        clip : ClipByValue, ClipByNorm or ClipByGlobalNorm, optional
            The History's "clipped" is the share of an epoch's updates in which it acted.
        callbacks : sequence of Callback
        stopping : Stopping, optional
        verbose : int
            1: a progress bar (tqdm, where installed; else plain lines).
        random_state : None, int, numpy Generator or RandomState
            For the order of the samples and the split. None: the network's own.
        sample_weight : array (N,), optional
            E is the weighted mean; the weights are divided by their mean.
        class_weight : dict or "balanced", optional
            A weight for each class, multiplied into ``sample_weight``.
        initial_epoch : int or History
            The number of the first epoch, for schedules and the order of the samples; or the
            History that an earlier ``fit`` returned: training goes on where that ended, with the
            optimiser's state, the same bits as without the interruption, and the rows of both in
            the new History.

        Returns
        -------
        History
            ``stop_reason``: "epochs", the criterion of ``stopping``, "early_stopping", or what a
            callback said. It also stands in ``history_`` of the network, from the first epoch on.

        Raises
        ------
        ValueError, TypeError
            Before work starts: data or settings out of range, with name and value.
        DivergenceError
            The loss or the weights are not finite; the network keeps the best finite weights.
        RuntimeError
            The network is being trained already.
        """
        optimizer = resolve(optimizer)
        loss = check_loss(loss)
        sizes = self._layer_sizes

        def make(*arrays: Any, **names: Any) -> Data:
            return make_data(arrays[0], arrays[1], loss, sizes, *arrays[2:], **names)

        data = make(X, y, sample_weight, class_weight)
        seed = self._seed if random_state is None else _validation.seed(random_state)
        data, validation = split_validation(data, validation_data, validation_split, make, seed)
        names = as_list(metrics)
        recorded = {name for name in names if isinstance(name, str) and name in _RECORDED}
        if clip is not None and not isinstance(clip, Clip):
            raise TypeError(
                f"clip must be a ClipByValue, ClipByNorm or ClipByGlobalNorm, got {clip!r}"
            )
        if stopping is not None and not isinstance(stopping, Stopping):
            raise TypeError(f"stopping must be a Stopping, got {stopping!r}")
        _validation.flag("shuffle", shuffle)
        if not isinstance(initial_epoch, History):
            initial_epoch = _validation.integer("initial_epoch", initial_epoch, low=0)
        if isinstance(verbose, bool):
            verbose = int(verbose)
        verbose = _validation.integer("verbose", verbose, low=0)

        self._core.begin_training()
        try:
            training = Training(
                self,
                data,
                optimizer,
                loss,
                epochs=_validation.integer("epochs", epochs, low=0),
                batch_size=self._check_batch_size(batch_size, optimizer, len(data)),
                shuffle=shuffle,
                validation=validation,
                metrics=self._metrics([name for name in names if name not in recorded], loss),
                l2=_validation.number("l2", l2, low=0),
                clip=clip,
                layer_gradient_norms="layer_gradient_norms" in recorded,
                gradient_norm="gradient_norm" in recorded
                or (stopping is not None and stopping.gradient_norm is not None),
                seed=seed,
                initial_epoch=initial_epoch,
            )
            self.history_ = training.history
            return training.execute(callbacks, stopping, verbose)
        finally:
            self._core.end_training()


def _check_sizes(layer_sizes: Any) -> tuple[int, ...]:
    try:
        sizes = tuple(layer_sizes)
    except TypeError:
        raise TypeError(
            f"layer_sizes must be a sequence of integers, got {layer_sizes!r}"
        ) from None
    if len(sizes) < 2:
        raise ValueError(
            f"layer_sizes must name at least the inputs and the outputs, got {layer_sizes!r}"
        )
    return tuple(_validation.integer(f"layer_sizes[{i}]", n, low=1) for i, n in enumerate(sizes))


def _check_activations(activation: Any, n_hidden: int) -> tuple[str, ...]:
    known = [name for name in _core.activation_names if name != "softmax"]
    if isinstance(activation, str):
        return (_validation.choice("activation", activation, known),) * n_hidden
    try:
        names = tuple(activation)
    except TypeError:
        raise TypeError(
            f"activation must be a name or a sequence of names, got {activation!r}"
        ) from None
    if len(names) != n_hidden:
        raise ValueError(
            f"activation must be one name or one for each of the {n_hidden} hidden layers, got "
            f"{len(names)}"
        )
    return tuple(
        _validation.choice(f"activation[{i}]", name, known) for i, name in enumerate(names)
    )


def _check_dtype(dtype: Any) -> np.dtype[Any]:
    try:
        checked = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"dtype must be 'float64' or 'float32', got {dtype!r}") from None
    if checked not in (np.float64, np.float32):
        raise ValueError(f"dtype must be 'float64' or 'float32', got {dtype!r}")
    return np.dtype(np.float32 if checked == np.float32 else np.float64)


__all__ = ["MLP", "Initializer"]
