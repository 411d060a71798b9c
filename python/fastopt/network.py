"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

import numpy as np

from fastopt import _core, _names, _validation
from fastopt._architecture import Architecture, check_activations, check_dtype, check_sizes
from fastopt._evaluation import Evaluation, ForgottenLoss, Targets, _signed
from fastopt._folding import folded
from fastopt._names import friendly
from fastopt._parameters import Parameters
from fastopt._second_order import SecondOrder
from fastopt.callbacks import Callback
from fastopt.clip import Clip
from fastopt.exchange.exports import Exports
from fastopt.initializers import Initializer, default, initial_weights
from fastopt.layers import HiddenLayers, Normalization, Residual
from fastopt.memory import check_bytes
from fastopt.optimizers import BFGS, DFP, LBFGS, LevenbergMarquardt, Optimizer, resolve
from fastopt.storage.checkpoints import resumed
from fastopt.storage.networks import save
from fastopt.training.arguments import (
    RECORDED,
    check_callbacks,
    check_initial_epoch,
    columns_of_numbers,
    recorded_name,
    seed_of_run,
    split_validation,
)
from fastopt.training.data import Data, check_loss, check_weights_of_loss, make_data
from fastopt.training.fit import fit
from fastopt.training.history import History
from fastopt.training.metrics import as_list
from fastopt.training.problem import Problem
from fastopt.training.restarts import best_of_starts
from fastopt.training.scaling import Scalings, warn_if_far
from fastopt.training.settings import FitSettings
from fastopt.training.stopping import Stopping
from fastopt.training.user_functions import name_of

# Their first steps are of the size of the targets: they tell when they start far from order one.
_SENSITIVE_TO_SCALE = (LevenbergMarquardt, BFGS, DFP, LBFGS)


class MLP(Architecture, Parameters, Evaluation, SecondOrder, Exports):
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
        unit: calls of ``fit`` with one seed repeat them, ``initial_epoch=history`` goes on.
    residual : False, True, int, "projection" or Residual
        True: from the second hidden layer on, each adds its inputs to its outputs (the first brings
        the inputs to the width of the blocks). k: the same around blocks of k hidden layers, after
        the first; the last block may be shorter. Widths must be equal. "projection": around every
        hidden layer, with a learned linear map a_{l−1} P where widths differ. A
        :class:`fastopt.Residual` has both choices.
    scale_inputs, scale_targets : None, "standard" or "minmax"
        Each column is scaled inside the network: "standard" to mean 0 and standard deviation 1 (÷
        N), "minmax" to [−1, 1], as MATLAB's mapminmax. Learned from the training rows of the first
        ``fit``, weighted by ``sample_weight``, or by :meth:`adapt`; see ``input_scaling_`` and
        ``target_scaling_``. In double precision, whatever ``dtype`` is, while batches are gathered:
        the data are not copied. A constant column is dropped: it stays in place, with weights 0, as
        an output it is that constant. ``scale_targets`` is for losses of numbers and "identity"
        outputs.

        In the units of ``y`` are :meth:`predict`, :meth:`evaluate`, all metrics, and all that is
        computed of X and y: gradients, Jacobian, Hessian. Of the scaled problem are the parameters
        (``coefs_``, ``intercepts_`` …), and what ``fit`` minimises and records: ``loss``,
        ``val_loss``, norms of gradients, what a loss of your own is given, and ``l2``, "huber"'s
        δ and the criteria of ``stopping``.
    dtype : {"float64", "float32"}
        Of the parameters and of all arithmetic in training.
    random_state : None, int, numpy Generator or RandomState
        For the initial weights, and for ``fit`` where it is given none.
    rng : optional
        Another name of ``random_state`` (Scientific Python's SPEC 7).

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

    _told_scale = False  # that it started far from order one

    @friendly
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
        residual: bool | int | str | Residual = False,
        scale_inputs: str | None = None,
        scale_targets: str | None = None,
        *,
        rng: Any = None,
    ) -> None:
        self._layer_sizes = check_sizes(layer_sizes)
        self._activations = check_activations(activation, len(self._layer_sizes) - 2)
        self._output_activation = _validation.choice(
            "output_activation", output_activation, _core.activation_names, "activation"
        )
        self._dtype = check_dtype(dtype)
        self._hidden = HiddenLayers(self._layer_sizes, normalization, dropout, residual)
        self._scalings = Scalings.checked(scale_inputs, scale_targets, self._output_activation)
        self._seed = _validation.seed(_validation.one_seed(random_state, rng))
        self._core = self._make_core()
        self._initialize(initializer)
        entries = initializer if isinstance(initializer, list | tuple) else [initializer]
        fixed = any(isinstance(entry, np.ndarray) for entry in entries)
        self._initializer = False if fixed else initializer

    def __setattr__(self, name: str, value: Any) -> None:
        # ``stop_training`` is how Keras' callbacks end a run.
        if not name.startswith("_") and name != "stop_training":
            declared = [n for n in dir(type(self)) if not n.startswith("_")]
            annotated = [n for c in type(self).__mro__ for n in vars(c).get("__annotations__", ())]
            known = [*declared, *annotated, "history_"]
            if name not in known:
                cure = _names.meant_by(name, known) or "; what a network learns is in parameters"
                raise AttributeError(
                    f"{type(self).__name__} has no attribute {name!r} that could be set to "
                    f"{_names.shown(value)}{cure}"
                )
        super().__setattr__(name, value)

    def _initialize(self, initializer: Any) -> None:
        if isinstance(initializer, np.ndarray) and initializer.ndim == 1:
            flat = _validation.array("initializer", initializer, ndim=1, dtype=self._dtype)
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
            _validation.check_finite("initializer", W, self._dtype)
            layer["W"][:] = W
            if "gamma" in layer:
                layer["gamma"][:] = 1
            if "P" in layer:
                # Numbers of its own: parts 0, 1, … of the seed belong to the weights.
                layer["P"][:] = default("identity")(layer["P"].shape, self._seed, len(weights) + i)

    def _start_anew(self, seed: int) -> None:
        """Set weights and statistics to those of a new network with another seed."""
        other = self.copy()
        other._core, other._seed = other._make_core(), seed
        other._initialize(self._initializer)
        self.parameters[:] = other.parameters
        self.statistics[:] = other.statistics
        self._take_scalings(self._scalings)

    # --- copies --------------------------------------------------------------------------------

    def copy(self) -> MLP:
        """Return a network with the same parameters and history, on memory of its own."""
        return self.astype(self._dtype)

    def astype(self, dtype: Any) -> MLP:
        """Return a copy in "float32" or "float64"; in another dtype no run goes on from it."""
        state = self.__getstate__()
        state["dtype"] = check_dtype(dtype).name
        if state["dtype"] == "float32" and self._dtype != np.float32:
            _validation.check_finite("parameters", self.parameters, np.float32)
        if state["history"] is not None and state["dtype"] != self._dtype.name:
            state["history"].solver_state = None
        other = MLP.__new__(type(self))
        other.__setstate__(state)
        other._loss = self._loss
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
            "history": copy(getattr(self, "history_", None)),
            "targets": tuple(self._targets),
            "initializer": self._initializer,
            "scalings": self._scalings.state(),
            # A function of the user's may not bear to be pickled, as one that has no name.
            "loss": ForgottenLoss(name_of(self._loss)) if callable(self._loss) else self._loss,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._layer_sizes, self._activations = state["layer_sizes"], state["activations"]
        self._output_activation = state["output_activation"]
        self._dtype, self._seed = np.dtype(state["dtype"]), state["seed"]
        self._hidden = HiddenLayers(
            self._layer_sizes, state["normalization"], state["dropout"], state["residual"]
        )
        self._scalings = Scalings.from_state(state.get("scalings", (None,) * 4))
        self._core = self._make_core()
        self.parameters[:] = state["parameters"]
        self.statistics[:] = state["statistics"]
        if state["history"] is not None:
            self.history_ = state["history"]
        # Pickles of earlier versions lack them.
        self._targets = Targets(*state.get("targets", ()))
        self._loss = state.get("loss")
        self._initializer = state.get("initializer")

    def _make_core(self) -> Any:
        network = _core.NetworkF32 if self._dtype == np.float32 else _core.NetworkF64
        names = [*self._activations, self._output_activation]
        n = self._hidden.n_parameters
        needed = n * self._dtype.itemsize
        check_bytes(f"a network of n = {n:,} parameters", needed, "fewer or narrower layers")
        return network(list(self._layer_sizes), names, *self._hidden.core_arguments())

    def save(self, path: Any) -> None:
        """Write the network to a file, which :func:`fastopt.load` reads: safetensors.

        With the rows of ``history_``, without the state to go on from them: checkpoints hold that,
        see :class:`fastopt.ModelCheckpoint`. Equal networks give equal bytes. The file is there
        whole or as it was before, whatever happens meanwhile.

        Parameters
        ----------
        path : str or path

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import fastopt
        >>> net = fastopt.MLP([2, 3, 1], random_state=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     net.save(Path(folder, "net.safetensors"))
        ...     fastopt.load(Path(folder, "net.safetensors"))
        MLP([2, 3, 1], activation='tanh', output_activation='identity', dtype='float64')
        """
        save(self, path)

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

    # --- scaling -------------------------------------------------------------------------------

    def adapt(self, X: Any, y: Any = None, sample_weight: Any = None) -> MLP:
        """Learn how to scale inputs and targets from data, in place of the first ``fit``.

        Needed where that sees a part of the data only. Weights that were trained by another scaling
        keep their values, and mean something else.

        Parameters
        ----------
        X : array (N, d)
        y : array (N, q) or (N,), optional
            Looked at only with ``scale_targets``.
        sample_weight : array (N,), optional
            Means and deviations are weighted; rows of weight 0 are left out.

        Returns
        -------
        MLP
            The network itself.

        Examples
        --------
        >>> import fastopt
        >>> net = fastopt.MLP([2, 3, 1], scale_inputs="standard", random_state=0)
        >>> net.adapt([[1.0, 5.0], [3.0, 5.0]]).input_scaling_.offset.tolist()
        [2.0, 5.0]
        """
        scalings = self._scalings
        if not scalings:
            raise ValueError(
                "adapt learns a scaling, and this network has none: make it with "
                "MLP(..., scale_inputs='standard') or scale_targets"
            )
        if scalings.scale_targets is None:
            y = np.zeros((len(X), self._layer_sizes[-1]))
        elif y is None:
            raise ValueError("adapt needs y, as the network scales its targets: adapt(X, y)")
        data = make_data(
            X,
            y,
            "mse",
            self._layer_sizes,
            self._dtype,
            sample_weight,
            missing_targets="ignore",
            scalings=scalings,
        )
        self._core.begin_training()
        try:
            self._take_scalings(scalings.learned(data))
        finally:
            self._core.end_training()
        return self

    def _take_scalings(self, scalings: Scalings) -> None:
        """Scale from now on like this; what leads from and to constant columns becomes zero."""
        self._scalings = scalings
        if scalings.inputs is not None:
            starts_at_inputs = {end - 1 for start, end in self._hidden.shortcuts if start == 0}
            for i, layer in enumerate(self._layers()):
                if i == 0:
                    layer["W"][scalings.inputs.constant] = 0
                if i in starts_at_inputs and "P" in layer:
                    layer["P"][scalings.inputs.constant] = 0
        if scalings.targets is not None:
            last = self._layers()[-1]
            last["W"][:, scalings.targets.constant] = 0
            last["b"][scalings.targets.constant] = 0

    # --- training ------------------------------------------------------------------------------

    @friendly
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
        validation_split: float | tuple[str, float] = 0.0,
        metrics: Any = (),
        l2: float = 0.0,
        clip: Clip | None = None,
        callbacks: Callback | Iterable[Callback] | None = (),
        stopping: Stopping | None = None,
        verbose: int = 0,
        random_state: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        initial_epoch: int | History = 0,
        *,
        rng: Any = None,
        missing_targets: str = "error",
        restarts: int = 1,
        resume_from: Any = None,
    ) -> History:
        """Train the network on data, from its present weights.

        Parameters
        ----------
        X : array (N, d)
            Any real dtype, layout and byte order; memory maps too. Batches are gathered from it as
            it is: it is neither copied whole nor written to.
        y : array (N, q) or (N,)
            Targets; (N,) where q = 1 (:meth:`predict` then returns (N,), too), or class numbers
            0 … q−1 for "cross_entropy".
        optimizer : str or Optimizer
            "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam" (default), "nadam", "lm",
            "bfgs", "dfp", "lbfgs", "newton", "steepest_descent" or an object of
            :mod:`fastopt.optimizers`. It is not changed.
        loss : str or callable
            "mse" (default), "mae", "huber" (δ = 1), "binary_cross_entropy", "cross_entropy". With
            "identity" outputs the cross-entropies take them as logits; with "sigmoid" and "softmax"
            the fused, stable form is used. Or a function (y_true, y_pred) → (value, d value /
            d y_pred) on arrays (B, q), called for each batch. Parameter names decide the order
            where they are known: y_true, targets, labels … and y_pred, outputs, predictions …. On
            the first batch its gradient is compared with differences of its value: swapped
            arguments are refused, other wrong slopes warned of.
        epochs : int
            The number of the last epoch: 100 by default.
        batch_size : int, "auto" or None
            "auto": min(32, N), for full-batch methods N. None: N. 1: stochastic gradient descent.
        shuffle : bool
            Whether batches are drawn anew in each epoch, without replacement.
        validation_data : (X, y) or (X, y, sample_weight), optional
        validation_split : float or (how, float)
            In [0, 1): a part of the data is held out, whose rows stand in
            ``history.validation_rows``: drawn with ``random_state`` ("random", as of a number
            alone), the last rows in their order (("last", 0.2), as Keras does), or its share of
            each class (("stratified", 0.2)). :func:`fastopt.split` has a third part, for testing.
        metrics : sequence of str or callable
            "mse", "rmse", "mae", "r2", "accuracy", "top_k_accuracy" (k = 5), or functions (y_true,
            y_pred) → number, such as scikit-learn's; parameter names decide the order as for
            ``loss``. They are weighted by ``sample_weight`` (functions where they have a parameter
            of that name), not by ``class_weight``, and rows of weight 0 are left out. In the
            History for the training data (after each epoch) and, with the
            prefix "val_", for the validation data. "gradient_norm" records ‖∇E‖ over all data after
            each epoch, "layer_gradient_norms" what :meth:`gradient_norms` returns. "accuracy": with
            "binary_cross_entropy" each output is a label of its own, 1 where its probability is
            above ½ (a logit above 0), as in Keras' "binary_accuracy" of probabilities; else the
            largest output is the class, and of one output it is 1 above ½, or, with targets −1 and
            +1 (any below 0), above 0.
        l2 : float
            (l2/2)·‖W‖² is added to E (weights only).
        clip : ClipByValue, ClipByNorm or ClipByGlobalNorm, optional
            The History's "clipped" is the share of an epoch's updates in which it acted.
        callbacks : sequence of Callback
        stopping : Stopping, optional
        verbose : int
            1: a progress bar (tqdm, where installed; else plain lines).
        random_state : None, int, numpy Generator or RandomState
            For the order of the samples and the split. None: the network's own. A run that goes on
            from a History keeps the seed that it began with, whatever is given here. ``rng`` is
            another name of it.
        sample_weight : array (N,) or (N, q), optional
            E is the weighted mean; the weights are divided by their mean. (N, q): one for each
            target, of losses that are means over outputs (all but "cross_entropy"). Rows of weight
            0 are left out: they may hold any finite numbers, do not count as samples, and do not
            move the statistics of batch normalisation.
        class_weight : dict or "balanced", optional
            A weight for each class, multiplied into ``sample_weight`` (Keras takes one of the two):
            in training alone, as in Keras. ``val_loss`` is weighted by the samples' own weights
            (with ``validation_split`` those of the rows that are held out) and so is what
            :meth:`evaluate` returns.
        initial_epoch : int or History
            The number of the first epoch, for schedules and the order of the samples; or the
            History of an earlier ``fit``: training goes on where that ended, with the optimiser's
            state, the same bits as without the interruption, and the rows of both in the new
            History. A learning rate that callbacks lowered stays lowered, unless the optimiser now
            gives another one. A full-batch method whose state belongs to other weights, or to
            another loss there, or is of another size (L-BFGS with another ``memory``), begins anew
            from the present weights; where it had found its end, nothing is added, unless a
            callback sets other weights in ``on_train_begin``. Callbacks go on with what they have
            counted (the best value and the patience of EarlyStopping and ReduceLROnPlateau, what
            ``state_dict`` of your own returns).

            ``history_`` serves too, after Ctrl-C or an exception. An epoch that was broken off is
            taken back: the network has the weights of the last whole one, and to go on from there
            gives the bits of a run that was not interrupted. A step that had been made when a
            metric or a callback raised is kept, and only what follows it is made again.

        missing_targets : {"error", "ignore"}
            What a NaN in ``y`` is. "ignore": that target has weight 0, as in MATLAB, and a row
            without any target, or of classes, is left out; metrics likewise. Functions of your own
            see NaN where other targets of the row are there.
        restarts : int
            Independent starts, one after the other; 1 by default. The first is the network as it
            is, the others have initial weights of their own; the network ends as the best of them
            (by ``val_loss`` at the weights that a start ends with, else by ``loss``), and its
            History is what is returned. A start that diverges does not count.

        resume_from : path, optional
            A file of a :class:`fastopt.ModelCheckpoint`: weights, state and rows are read from it,
            and training goes on as with ``initial_epoch`` = its History. Nothing is changed where
            the file does not fit.

        Returns
        -------
        History
            It also stands in ``history_`` of the network, from the first epoch on, and in copies
            and pickles of it: they can go on too. (``history_.solver_state``, which that takes, may
            be set to None before, to make them smaller.) Its ``stop_reason`` is "epochs", the
            criterion of ``stopping``, "early_stopping", what a callback said, or what a
            second-order method found: "gradient" (it vanishes as far as can be told), "noise_floor"
            (the loss cannot be told apart from its own rounding), "step" (``xrtol``),
            "function_change" (``ftol``), "damping" (ν has reached ``damping_max`` and no step
            lowers the loss), "line_search" (none along a descent direction does), "unbounded" (the
            loss falls without limit), "non_finite" (no finite loss or derivatives near the last
            weights). In ``history_`` of a run that was broken off it is "interrupted" (Ctrl-C) or
            the name of the exception.

        Raises
        ------
        ValueError, TypeError
            Before work starts: data or settings out of range, with name and value.
        DivergenceError
            The loss or the weights are not finite; the network keeps the best finite weights. With
            a second-order method: the loss is not finite at the weights that an epoch starts from.
        RuntimeError
            The network is being trained already, or one of the callbacks takes part in another run.
        """
        if restarts != 1:
            if resume_from is not None:
                raise ValueError(f"restarts={restarts} begins anew: give it or resume_from")
            own = {name: value for name, value in locals().items() if name != "restarts"}
            return best_of_starts(own.pop("self"), restarts, own)
        optimizer = resolve(optimizer)
        loss = check_loss(loss, check_slopes=True)
        checkpoint = None
        if resume_from is not None:
            if isinstance(initial_epoch, History) or initial_epoch != 0:
                raise ValueError("give initial_epoch or resume_from, not both")
            checkpoint = resumed(self, resume_from)
            initial_epoch = checkpoint.history_
        sizes = self._layer_sizes
        scalings = self._scalings if checkpoint is None else checkpoint._scalings
        scalings.check_loss(loss)

        def make(*arrays: Any, **names: Any) -> Data:
            names |= {"missing_targets": missing_targets, "scalings": scalings}
            return make_data(arrays[0], arrays[1], loss, sizes, self._dtype, *arrays[2:], **names)

        data = make(X, y, sample_weight)
        one_dimensional = data.targets.ndim == 1 and sizes[-1] == 1
        signed = _signed(data.targets_of_rows())
        check_weights_of_loss(loss, class_weight, "class_weight")
        start = check_initial_epoch(initial_epoch)
        random_state = _validation.one_seed(random_state, rng)
        seed = seed_of_run(random_state, self._seed, start)
        data, validation = split_validation(data, validation_data, validation_split, make, seed)
        if not scalings.is_learned:
            scalings = scalings.learned(data)
        data = data.scaled(scalings, self._dtype).weighted(class_weight, sizes[-1])
        if validation is not None:
            validation = validation.scaled(scalings, self._dtype, "validation_data[0]")
        names = as_list(metrics)
        of_outputs = [name for name in names if recorded_name(name) is None]
        chosen = self._metrics(of_outputs, loss, RECORDED, signed)
        settings = FitSettings.checked(
            optimizer,
            len(data),
            epochs=epochs,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            clip=clip,
            stopping=stopping,
            metrics=names,
            verbose=verbose,
        )
        numbers = columns_of_numbers(optimizer, clip is not None, settings.gradient_norm)
        callbacks = check_callbacks(callbacks, chosen, validation is not None, numbers)
        self._hidden.check_batch(settings.batch_size, len(data))
        if isinstance(optimizer, _SENSITIVE_TO_SCALE) and isinstance(start, int):
            self._told_scale = self._told_scale or warn_if_far(scalings, data, optimizer)
        l2 = _validation.number("l2", l2, low=0)
        targets = Targets(one_dimensional, signed)
        problem = Problem(self, data, loss, l2, targets)
        drawn = validation if validation_data is None else None
        rows = None if drawn is None else drawn.rows
        self._core.begin_training()
        learned, before = self._learned(), getattr(self, "history_", None)
        try:
            if checkpoint is not None:
                self._learn(checkpoint._learned())
            elif scalings is not self._scalings:
                self._take_scalings(scalings)
            history = fit(
                *(problem, optimizer, settings, validation, chosen, callbacks, start, rows),
                resumed_from=resume_from,
            )
        except BaseException:
            if getattr(self, "history_", None) is before:  # refused before it began
                self._learn(learned)
            raise
        finally:
            self._core.end_training()
        return history

    def _learned(self) -> tuple[Any, Any, Scalings]:
        """Return copies of parameters and running statistics, and the scalings."""
        return self.parameters.copy(), self.statistics.copy(), self._scalings

    def _learn(self, learned: tuple[Any, Any, Scalings]) -> None:
        self.parameters[:], self.statistics[:], self._scalings = learned


__all__ = ["MLP", "Initializer"]
