"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import (
    _architecture,
    _core,
    _evaluation,
    _fit,
    _folding,
    _names,
    _second_order,
    _sensitivity,
    _uncertainty,
    _validation,
)
from fastopt._architecture import check_activations, check_dtype, check_sizes
from fastopt._evaluation import ForgottenLoss, Targets
from fastopt._names import friendly
from fastopt._parameters import Parameters
from fastopt._trainable import Trainable, check_tied, check_trainable, shown
from fastopt._uncertainty import Trained, Uncertainty
from fastopt.exchange import exports
from fastopt.initializers import Initializer, default, initial_biases, initial_weights
from fastopt.layers import HiddenLayers, Normalization, Residual
from fastopt.memory import check_bytes
from fastopt.storage.networks import save
from fastopt.storage.values import plain_json
from fastopt.training.data import make_data
from fastopt.training.history import History
from fastopt.training.scaling import Scaling, Scalings
from fastopt.training.user_functions import name_of

Array = npt.NDArray[Any]


class MLP:
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
        One of these (default "identity"), "exp" (rates, for ``loss="poisson"``), "softmax", or
        "increasing": y₁ = z₁, y_k = y_{k−1} + log(1 + exp z_k), for quantiles that never cross
        (:class:`fastopt.Pinball`).
    initializer : str, Initializer, array or sequence, optional
        Of the weights, see :mod:`fastopt.initializers`; biases start at zero, but for
        "nguyen_widrow". None: he_normal before relu, leaky_relu, elu, gelu and silu, lecun_normal
        before selu, glorot_uniform before the others and the outputs. γ starts at 1, β at 0, P as
        glorot_uniform.
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

    history_: History  # of the last ``fit``
    _targets = Targets()
    _loss: Any = None  # of the last ``fit``, as the user gave it
    _trained = Trained(None, None, None, 0.0)
    _estimated: Uncertainty | None = None
    _told_scale = False  # that it started far from order one
    _metadata: dict[str, Any] | None = None

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
        self._make_core()
        self._initialize(initializer)
        entries = initializer if isinstance(initializer, list | tuple) else [initializer]
        fixed = any(isinstance(entry, np.ndarray) for entry in entries)
        self._initializer = False if fixed else initializer

    def __setattr__(self, name: str, value: Any) -> None:
        # ``stop_training`` is how Keras' callbacks end a run.
        if not name.startswith("_") and name not in ("history_", "stop_training"):
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

    # --- what it is made of --------------------------------------------------------------------

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
    def normalization(self) -> Normalization | None:
        """How hidden layers are normalised."""
        return self._hidden.normalization

    @property
    def dropout(self) -> float | tuple[float, ...]:
        """One rate, or those of the inputs and of each hidden layer."""
        return self._hidden.dropout

    @property
    def residual(self) -> bool | int | str | Residual:
        """Where the shortcuts are."""
        return self._hidden.residual

    @property
    def scale_inputs(self) -> str | None:
        """How inputs are scaled inside the network: None, "standard" or "minmax"."""
        return self._scalings.scale_inputs

    @property
    def scale_targets(self) -> str | None:
        """How targets are scaled inside the network: None, "standard" or "minmax"."""
        return self._scalings.scale_targets

    @property
    def input_scaling_(self) -> Scaling | None:
        """What was learned of the inputs: ``offset`` and ``scale`` (d,), 0 of constant columns."""
        return self._scalings.inputs

    @property
    def target_scaling_(self) -> Scaling | None:
        """What was learned of the targets: ``offset`` and ``scale`` (q,), 0 of constant columns."""
        return self._scalings.targets

    @property
    def metadata(self) -> dict[str, Any]:
        """What goes with the network into copies, pickles and files: a dict of JSON.

        fastopt does not read it: names of columns, units, where the data came from. The command
        line keeps its preprocessing there, under "table".
        """
        if self._metadata is None:
            self._metadata = {}
        return self._metadata

    @metadata.setter
    def metadata(self, values: dict[str, Any]) -> None:
        self._metadata = plain_json("metadata", values)

    @property
    def n_parameters(self) -> int:
        """How many weights and biases there are."""
        return int(self._views.parameters.size)

    @property
    def parameters(self) -> Array:
        """All weights and biases as one flat vector (n,): a live view; assigning copies into it."""
        return self._views.parameters

    @parameters.setter
    def parameters(self, values: Any) -> None:
        self._views.set_parameters(values)

    @property
    def coefs_(self) -> list[Array]:
        """W of each layer, (fan_in, fan_out): live views of ``parameters``."""
        return [layer["W"] for layer in self._views.layers()]

    @property
    def intercepts_(self) -> list[Array | None]:
        """B of each layer, (fan_out,): live views; None where a normalisation has taken its place.

        Such layers have β, see :attr:`shifts_`.
        """
        return self._views.named("b")

    @property
    def scales_(self) -> list[Array | None]:
        """γ of each layer, (fan_out,): live views; None where it is not normalised."""
        return self._views.named("gamma")

    @property
    def shifts_(self) -> list[Array | None]:
        """β of each layer, (fan_out,): live views; None where it is not normalised."""
        return self._views.named("beta")

    @property
    def projections_(self) -> list[Array | None]:
        """P of each layer, (width at the shortcut's start, fan_out); None where there is none."""
        return self._views.named("P")

    @property
    def statistics(self) -> Array:
        """Running means and variances of batch normalisation as one flat vector, like `parameters`.

        Of each normalised layer the means, then the variances: a live view; assigning copies into
        it (finite, no variance below zero). No parameters, but they belong to copies and pickles.
        """
        return self._views.statistics

    @statistics.setter
    def statistics(self, values: Any) -> None:
        self._views.set_statistics(values)

    @property
    def trainable(self) -> tuple[bool, ...] | tuple[str, ...]:
        """Which layers training moves: a bool for each; all of them by default.

        Assign a sequence of bools, a layer each, or of names of the arrays that are to be trained
        ("W1", "b1", "gamma1", "beta1", "P1", layers counted from 1). What is frozen keeps its bits,
        whatever the method is; gradients, their norms and clipping, matrices of second-order
        methods, effective parameters and standard errors are those of what is free. ``l2`` and
        ``l1`` of frozen weights are a constant part of E. Running statistics of batch normalisation
        move on, as in PyTorch; new starts (``restarts``) keep the frozen values.

        Examples
        --------
        >>> import numpy as np
        >>> import fastopt
        >>> net = fastopt.MLP([1, 8, 8, 1], random_state=0)
        >>> net.trainable = [False, False, True]
        >>> before = net.coefs_[0].copy()
        >>> X = np.linspace(-1, 1, 30)[:, None]
        >>> _ = net.fit(X, X**2, "lm", epochs=5)
        >>> bool((net.coefs_[0] == before).all()), net.trainable
        (True, (False, False, True))
        """
        return shown(self._trainable.trained, self._hidden)

    @trainable.setter
    def trainable(self, value: Any) -> None:
        trained = check_trainable(value, self._hidden)
        self._set_trainable(Trainable(self._hidden, trained, self._trainable.tied))

    @property
    def tied(self) -> tuple[tuple[str, ...], ...]:
        """Groups of arrays of one shape that share their values: none by default.

        Assign a sequence of groups of names, as for :attr:`trainable`; those of a group take the
        values of the one that comes first in the network. Training treats a group as one array,
        with the sum of the gradients, in all methods; penalties count each of its arrays.

        Examples
        --------
        >>> import numpy as np
        >>> import fastopt
        >>> net = fastopt.MLP([1, 8, 8, 8, 1], random_state=0)
        >>> net.tied = [["W2", "W3"], ["b2", "b3"]]
        >>> X = np.linspace(-1, 1, 30)[:, None]
        >>> _ = net.fit(X, X**2, "bfgs", epochs=5)
        >>> bool((net.coefs_[1] == net.coefs_[2]).all())
        True
        """
        return self._trainable.tied

    @tied.setter
    def tied(self, value: Any) -> None:
        groups = check_tied(value, self._hidden)
        self._set_trainable(Trainable(self._hidden, self._trainable.trained, groups))
        arrays = {
            f"{name}{i}": part
            for i, layer in enumerate(self._views.layers(), 1)
            for name, part in layer.items()
        }
        for first, *others in groups:
            for name in others:
                arrays[name][...] = arrays[first]

    @property
    def n_trainable(self) -> int:
        """How many numbers training moves: :attr:`n_parameters` less those frozen or tied."""
        size = self._trainable.size
        return self.n_parameters if size is None else size

    def _set_trainable(self, trainable: Trainable) -> None:
        self._core.begin_training()  # a run holds on to what was free when it began
        try:
            self._core.set_free(
                None if trainable.variables is None else trainable.variables.tolist()
            )
            self._trainable, self._estimated = trainable, None
        finally:
            self._core.end_training()

    summary = _architecture.summary
    _repr_html_ = _architecture.html
    __repr__ = _architecture.text

    # --- its beginning ---------------------------------------------------------------------------

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
        biases = initial_biases(initializer, self._layer_sizes, self._seed)
        for i, (layer, W, b) in enumerate(zip(self._views.layers(), weights, biases, strict=True)):
            _validation.check_finite("initializer", W, self._dtype)
            layer["W"][:] = W
            if "b" in layer:
                layer["b"][:] = b
            if "gamma" in layer:
                layer["gamma"][:] = 1
            if "P" in layer:
                # Numbers of its own: parts 0, 1, … of the seed belong to the weights.
                layer["P"][:] = default("identity")(layer["P"].shape, self._seed, len(weights) + i)

    def _start_anew(self, seed: int) -> None:
        """Set weights and statistics to those of a new network with another seed."""
        other = self.copy()
        other._make_core()
        other._seed = seed
        other._initialize(self._initializer)
        free = self._trainable.gathered(other.parameters)
        self.parameters[:] = self._trainable.scattered(free, self.parameters)
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
        other._loss, other._trained = self._loss, self._trained
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
            "metadata": plain_json("metadata", self.metadata),
            "trainable": None if self._trainable.is_whole else self._trainable.trained,
            "tied": self._trainable.tied,
            "uncertainty": self._estimated,
            "l2": self._trained.l2,
            "l1": self._trained.l1,
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
        self._make_core()
        trained, groups = state.get("trainable"), state.get("tied", ())
        if trained is not None or groups:
            self._set_trainable(Trainable(self._hidden, trained, groups))
        self.parameters[:] = state["parameters"]
        self.statistics[:] = state["statistics"]
        if state["history"] is not None:
            self.history_ = state["history"]
        # Pickles of earlier versions lack them.
        self._targets = Targets(*state.get("targets", ()))
        self._loss = state.get("loss")
        self._initializer = state.get("initializer")
        self._metadata = state.get("metadata")
        self._estimated = state.get("uncertainty")
        self._trained = Trained(*(None, None, None), state.get("l2", 0.0), state.get("l1", 0.0))

    def _make_core(self) -> None:
        """Take memory for the parameters, all of them 0."""
        network = _core.NetworkF32 if self._dtype == np.float32 else _core.NetworkF64
        names = [*self._activations, self._output_activation]
        n = self._hidden.n_parameters
        needed = n * self._dtype.itemsize
        check_bytes(f"a network of n = {n:,} parameters", needed, "fewer or narrower layers")
        sizes = list(self._layer_sizes)
        self._core: Any = network(sizes, names, *self._hidden.core_arguments())
        self._views = Parameters(self._core, self._hidden)
        self._trainable = Trainable(self._hidden)

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
            for i, layer in enumerate(self._views.layers()):
                if i == 0:
                    layer["W"][scalings.inputs.constant] = 0
                if i in starts_at_inputs and "P" in layer:
                    layer["P"][scalings.inputs.constant] = 0
        if scalings.targets is not None:
            last = self._views.layers()[-1]
            last["W"][:, scalings.targets.constant] = 0
            last["b"][scalings.targets.constant] = 0

    def _learned(self) -> tuple[Any, Any, Scalings]:
        """Return copies of parameters and running statistics, and the scalings."""
        return self.parameters.copy(), self.statistics.copy(), self._scalings

    def _learn(self, learned: tuple[Any, Any, Scalings]) -> None:
        self.parameters[:], self.statistics[:], self._scalings = learned

    @property
    def effective_parameters_(self) -> float:
        """γ of the last epoch of Bayesian regularisation: how many parameters the data determine.

        There is none after training by other methods.
        """
        history = getattr(self, "history_", None)
        if history is None or "gamma" not in history or not len(history):
            raise AttributeError(
                "effective_parameters_ is there after fit(..., 'bayesian_regularization')"
            )
        gamma = history["gamma"][-1]
        if isinstance(gamma, dict):
            return float(sum(np.sum(part) for part in gamma.values()))
        return float(gamma)

    # --- what it is used for, each in a room of its own ------------------------------------------

    fit = _fit.fit
    predict = _evaluation.predict
    evaluate = _evaluation.evaluate
    loss_and_gradient = _evaluation.loss_and_gradient
    gradient_norms = _evaluation.gradient_norms
    uncertainty = _uncertainty.uncertainty
    input_jacobian = _sensitivity.input_jacobian
    jacobian = _second_order.jacobian
    normal_equations = _second_order.normal_equations
    hessian = _second_order.hessian
    hessian_vector_product = _second_order.hessian_vector_product
    fold = _folding.fold
    to_onnx = exports.to_onnx
    to_c = exports.to_c
    to_torch = exports.to_torch
    to_keras = exports.to_keras
    to_matlab = exports.to_matlab


__all__ = ["MLP", "Initializer"]
