"""What a network computes, in the units of its targets where it scales them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt import _core

if TYPE_CHECKING:
    from fastopt.training.data import Data

Array = npt.NDArray[np.float64]


class UnitsOfTargets:
    """A network in double precision whose outputs need no scaling back.

    The scales S and offsets m of the targets go into the output layer, W' = W S and b' = S b + m:
    w' = D w + c in the vector of all parameters. What is known of the loss at w' follows for w by
    the chain rule, exactly: g = D g', H = D H' D, J = J' D.

    Attributes
    ----------
    core : NetworkF64
    factors : array (n,)
        The diagonal of D.
    """

    def __init__(self, network: Any) -> None:  # an MLP, which is put together of parts
        self._network = network
        w = np.array(network.parameters, dtype=np.float64)
        self.factors = np.ones_like(w)
        scaling = network._scalings.targets
        assert scaling is not None
        last = network._hidden.views(self.factors)[-1]
        last["W"][:] = last["b"][:] = scaling.scale
        w *= self.factors
        network._hidden.views(w)[-1]["b"][:] += scaling.offset
        double = network.astype("float64")
        double.parameters[:] = w
        self.core = double._core

    def value(self, data: Data, loss: Any) -> float:
        """Return E on data, whose targets are as the user gave them."""
        return float(_core.EvaluationF64(self.core, data.native, loss).value())

    def value_and_gradient(
        self, data: Data, loss: Any, l2: float, l1: float
    ) -> tuple[float, Array]:
        """Return E and its (sub)gradient, batch normalisation as in training."""
        evaluation = _core.EvaluationF64(self.core, data.native, loss)
        evaluation.as_in_training()
        value, gradient = evaluation.value_and_gradient()
        energy, pull, _ = self._penalty(l2)
        size, slope = self._with_l1(l1, self.factors * gradient + pull)
        return value + energy + size, slope

    def gradient_norms(self, data: Data, loss: Any, l2: float, l1: float) -> dict[str, list[float]]:
        """Return ‖∂E/∂W_l‖ of each layer and ‖∂E/∂a_l‖ of each hidden layer."""
        evaluation = _core.EvaluationF64(self.core, data.native, loss)
        evaluation.as_in_training()
        evaluation.watch_flows()
        gradient = self.factors * evaluation.value_and_gradient()[1] + self._penalty(l2)[1]
        _, gradient = self._with_l1(l1, gradient)
        layers = self._network._hidden.views(gradient)
        norms = [float(np.linalg.norm(layer["W"])) for layer in layers]
        return {"weights": norms, "activations": evaluation.flow_norms}

    def normal_equations(self, data: Data, l2: float) -> tuple[float, Array, Array]:
        """Return ½Σe², Jᵀe and JᵀJ."""
        squares = _core.NetworkSquares(self.core, data.native, 0.0)
        value, jte, jtj = squares.normal_equations(self.core.parameters)
        energy, pull, curvature = self._penalty(l2 / squares.scale)
        jtj = jtj * np.outer(self.factors, self.factors) + np.diag(curvature)
        return value + energy, self.factors * jte + pull, jtj

    def hessian(self, data: Data, loss: Any, l2: float) -> Array:
        """Return ∂²E/∂w²."""
        objective = _core.NetworkObjective(self.core, data.native, loss, 0.0)
        hessian = objective.hessian(self.core.parameters) * np.outer(self.factors, self.factors)
        return np.asarray(hessian + np.diag(self._penalty(l2)[2]))

    def hessian_vector(self, data: Data, loss: Any, l2: float, v: Array) -> Array:
        """Return ∂²E/∂w² v."""
        objective = _core.NetworkObjective(self.core, data.native, loss, 0.0)
        product = objective.hessian_vector(self.core.parameters, self.factors * v)
        return np.asarray(self.factors * product + self._penalty(l2)[2] * v)

    def _penalty(self, l2: float) -> tuple[float, Array, Array]:
        """Return (l2/2)·‖W‖² of the network's own weights, its gradient and second derivatives."""
        curvature = self._of_weights(l2)
        w = self._network.parameters.astype(np.float64)
        return 0.5 * float(curvature @ w**2), curvature * w, curvature

    def _with_l1(self, l1: float, gradient: Array) -> tuple[float, Array]:
        """Return l1·Σ|W| and, of a gradient without it, the subgradient of least norm."""
        penalty = self._of_weights(l1)
        w = self._network.parameters.astype(np.float64)
        # At 0 the slope is whatever within ±l1 is nearest to taking the rest away.
        slope = np.where(w == 0, np.clip(-gradient, -penalty, penalty), np.sign(w) * penalty)
        return float(penalty @ np.abs(w)), gradient + slope

    def _of_weights(self, value: float) -> Array:
        """Return a value for each weight, 0 for biases, scales and shifts."""
        values = np.zeros_like(self.factors)
        for layer in self._network._hidden.views(values):
            for name in ("W", "P"):
                if name in layer:
                    layer[name][:] = value
        return values
