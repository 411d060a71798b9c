"""What a run minimises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastopt._evaluation import evaluation_of
from fastopt._uncertainty import Trained, kept
from fastopt.training.user_functions import name_of


@dataclass(frozen=True)
class Problem:
    """E = the mean loss of a network on data + (l2/2)·‖W‖².

    Attributes
    ----------
    network : MLP
    data : Data or PartsData
    loss : str or OwnLoss
        As C++ takes it.
    l2 : float
    targets : Targets
        What the network remembers of them.
    """

    network: Any
    data: Any
    loss: Any
    l2: float = 0.0
    targets: Any = None

    def begin(self) -> None:
        """Let the network remember what it is trained on."""
        self.network._targets = self.targets
        self.network._loss = getattr(self.loss, "function", self.loss)
        in_parts = self.data.in_parts
        self.network._trained = (
            Trained(None, None, None, self.l2) if in_parts else kept(self.data, self.loss, self.l2)
        )
        self.network._estimated = None

    def evaluation(self) -> Any:
        """Return E at the network's present weights, again and again as they change."""
        return evaluation_of(self.network, self.data, self.loss, self.l2)

    def described(self) -> dict[str, Any]:
        """Return in words what E is made of, by the names of the arguments of ``fit``."""
        function = getattr(self.loss, "function", None)
        loss = self.loss if function is None else name_of(function)
        return {**self.data.checksums(), "loss": loss, "l2": self.l2}
