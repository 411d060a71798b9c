"""What a run minimises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastopt._evaluation import evaluation_of
from fastopt._uncertainty import Trained, kept
from fastopt.training.user_functions import name_of


@dataclass(frozen=True)
class Problem:
    """E = the mean loss of a network on data + (l2/2)·‖W‖² + l1·Σ|W|.

    Attributes
    ----------
    network : MLP
    data : Data or PartsData
    loss : str or OwnLoss
        As C++ takes it.
    l2, l1 : float
    targets : Targets
        What the network remembers of them.
    """

    network: Any
    data: Any
    loss: Any
    l2: float = 0.0
    targets: Any = None
    l1: float = 0.0

    def begin(self) -> None:
        """Let the network remember what it is trained on."""
        self.network._targets = self.targets
        self.network._loss = getattr(self.loss, "function", self.loss)
        self.network._trained = (
            Trained(None, None, None, self.l2, self.l1)
            if self.data.in_parts
            else kept(self.data, self.loss, self.l2, self.l1)
        )
        self.network._estimated = None

    def evaluation(self) -> Any:
        """Return E at the network's present weights, again and again as they change."""
        return evaluation_of(self.network, self.data, self.loss, self.l2, self.l1)

    def described(self) -> dict[str, Any]:
        """Return in words what E is made of, by the names of the arguments of ``fit``."""
        function = getattr(self.loss, "function", None)
        loss = self.loss if function is None else name_of(function)
        words = {**self.data.checksums(), "loss": loss, "l2": self.l2}
        # Files of earlier versions lack what they did not know.
        if self.l1:
            words["l1"] = self.l1
        trainable = self.network._trainable
        if trainable.variables is not None:
            words["trainable"] = ", ".join(trainable.trained)
            words["tied"] = "; ".join(" ".join(group) for group in trainable.tied)
        return words

    def free(self, parameters: Any) -> Any:
        """Return the values of the variables that training moves, a copy."""
        return self.network._trainable.gathered(parameters)

    def l1_of_variables(self) -> Any:
        """Return the penalty of each variable that training moves."""
        of_parameters = np.zeros(self.network.n_parameters)
        for layer in self.network._hidden.views(of_parameters):
            for name in ("W", "P"):
                if name in layer:
                    layer[name][:] = self.l1
        return self.network._trainable.summed(of_parameters)

    def l1_part(self, parameters: Any) -> float:
        """Return l1·Σ|W|."""
        if not self.l1:
            return 0.0
        layers = self.network._hidden.views(np.abs(parameters))
        return self.l1 * float(sum(layer[n].sum() for layer in layers for n in "WP" if n in layer))
