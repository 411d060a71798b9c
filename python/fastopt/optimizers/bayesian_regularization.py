"""Bayesian regularisation."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from fastopt._settings import choice, number
from fastopt.optimizers.base import Kind, Optimizer


@dataclass
class BayesianRegularization(Optimizer):
    """Levenberg-Marquardt with weight decay whose strength follows from the data themselves.

    It minimises S = ½ β Σe² + ½ Σ α_c Σ_c w², where β is the precision of the noise in the targets
    and α_c that of the weights of a group c, both of which are estimated on the way. With the
    Hessian A = β JᵀJ + diag(α) of n weights and m residuals, after each step that is kept

    γ_c = n_c − α_c Σ_c (A⁻¹)ᵢᵢ ; α_c ← γ_c / Σ_c w² ; β ← (m − γ) / Σe².

    γ = Σ γ_c is the effective number of parameters: how many of the n the data determine. All data
    serve for training: no validation data are needed to keep a network from overfitting. It is for
    ``loss="mse"`` on networks, with targets and inputs of order one (``scale_inputs``,
    ``scale_targets``), and it has no use for ``l2``.

    Parameters
    ----------
    prior : {"single", "groups"}
        "single", the default (MATLAB's ``trainbr``): one α for all weights and biases. "groups"
        (automatic relevance determination): one for the weights of each input, which grows where
        the targets do not depend on that input and takes it out; one for the weights of each
        further layer, and one for the biases of each layer.
    tolerance : float
        The run ends where γ, α, β and S are settled to this share; 1e-6 by default.
    alpha : float
        The α of all groups to begin with, 2 by default: weights of about 0.7. (From 10, 10 of 40
        fits of small networks ended with all weights zero, where the noise explains all of the
        targets; from 2 none of 80.) Where several solutions are stationary a larger
        one leads to a smoother one, and a smaller one to one that follows the data more closely;
        which is the more probable ``evidence`` tells, and ``fit(..., restarts=k)`` chooses by it.
    damping : float, optional
        ν₀ > 0, for JᵀJ + diag(α)/β; by default that of the rule, see
        :class:`~fastopt.LevenbergMarquardt`.
    damping_rule : {"nielsen", "marquardt", "matlab"}
        How ν changes: as there.
    damping_max : float
        Where ν stops to grow, 1e10 by default: as there.
    gradient_norm : float, optional
        The run ends where ‖∇S‖, in the units of the loss, is at most this; None, the default: it
        does not. MATLAB's is 1e-7.

    Notes
    -----
    The History has ``alpha`` and ``beta``, with which the step of an epoch was made, and, at the
    weights that it led to, ``gamma`` and ``evidence``, the logarithm of the probability of the
    targets given the network, to compare networks by:

    ln p(t) = −S − ½ ln |A| + ½ Σ n_c ln α_c + (m/2) ln β − (m/2) ln 2π.

    With "groups" ``alpha`` and ``gamma`` hold a dict in each row: of "inputs" one number for each
    input, of "weights" one for each later layer, of "biases" one for each layer. The network's
    ``effective_parameters_`` is the last γ. ``loss`` is the mean of e² as of all methods; it need
    not fall in each epoch, since S changes with α and β. MATLAB's α and β are half of these.

    Sample weights v multiply e²: 1/(β v) is the variance of a target. Scales and shifts of layer
    normalisation have no prior.

    β starts at m / Σe².

    An iteration costs what one of Levenberg-Marquardt does, and for diag(A⁻¹) another n³/3; its
    memory is n² numbers, however few residuals there are.

    References
    ----------
    MacKay 1992, *Bayesian interpolation* and *A practical Bayesian framework for backpropagation
    networks*; Foresee & Hagan 1997; Neal 1996 (relevance determination).

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> rng = np.random.default_rng(0)
    >>> x = np.linspace(-1, 1, 40)
    >>> y = np.sin(3 * x) + rng.normal(0, 0.1, 40)
    >>> net = fastopt.MLP([1, 15, 1], activation="tanh", random_state=0)
    >>> history = net.fit(x[:, None], y, fastopt.BayesianRegularization(), epochs=500)
    >>> print(net.n_parameters, 3 < net.effective_parameters_ < 15)
    46 True
    >>> print(0.05 < history.beta[-1] ** -0.5 < 0.15)  # the noise
    True
    """

    kind: ClassVar[Kind] = "second_order"
    full_batch: ClassVar[bool] = True

    _: KW_ONLY
    prior: str = choice(("single", "groups"), "single")
    tolerance: float = number(1e-6, low=0)
    alpha: float = number(2.0, above=0)
    damping: float | None = number(None, optional=True, above=0)
    damping_rule: str = choice(("nielsen", "marquardt", "matlab"), "nielsen")
    damping_max: float = number(1e10, above=0)
    gradient_norm: float | None = number(None, optional=True, low=0)

    def groups_of(self, network: Any) -> list[int]:
        """Return the group of each weight of a network, in the order of its parameters; −1: none.

        The inputs come first, then the weights of later layers, then the biases of all layers.
        """
        groups = np.full(network.n_parameters, -1.0)
        layers = network._hidden.views(groups)
        inputs, depth = network.layer_sizes[0], len(layers)
        for k, layer in enumerate(layers):
            for name, part in layer.items():
                if name == "b":
                    part[...] = inputs + depth - 1 + k
                elif part.ndim == 2:  # W, and the projection of a shortcut
                    part[...] = np.arange(inputs)[:, None] if k == 0 else inputs + k - 1
        if self.prior == "single":
            groups = np.minimum(groups, 0)
        return [int(group) for group in groups]

    def named(self, values: Any, network: Any) -> float | dict[str, Any]:
        """Return a number of each group by the names of the groups; of a single one, the number."""
        if self.prior == "single":
            return float(values[0])
        inputs, depth = network.layer_sizes[0], len(network.layer_sizes) - 1
        parts = np.split(values, [inputs, inputs + depth - 1])
        lists = [part.tolist() for part in parts]
        return dict(zip(("inputs", "weights", "biases"), lists, strict=True))
