"""How a run goes, checked once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fastopt import _validation
from fastopt.clip import Clip
from fastopt.optimizers import Optimizer
from fastopt.training.arguments import (
    check_batch_size,
    check_clip,
    check_stopping,
    recorded_name,
)
from fastopt.training.stopping import Stopping


@dataclass(frozen=True)
class FitSettings:
    """The arguments of ``fit`` beside the problem, the optimiser and the callbacks.

    Attributes
    ----------
    batch_size : int
        The number of samples for the full batch.
    seed : int
        Of the batches and the dropout masks.
    recorded : frozenset of str
        The metrics that come from the training itself, not from outputs.
    """

    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    clip: Clip | None
    stopping: Stopping | None
    recorded: frozenset[str]
    verbose: int

    @classmethod
    def checked(
        cls, optimizer: Optimizer, n_samples: int, *, metrics: list[Any], **given: Any
    ) -> FitSettings:
        """Return the settings, or refuse the first that is out of range."""
        check_clip(given["clip"])
        check_stopping(given["stopping"])
        return cls(
            **{
                **given,
                "epochs": _validation.integer("epochs", given["epochs"], low=0),
                "batch_size": check_batch_size(given["batch_size"], optimizer, n_samples),
                "shuffle": _validation.flag("shuffle", given["shuffle"]),
                "verbose": _validation.verbosity(given["verbose"]),
            },
            recorded=frozenset(name for m in metrics if (name := recorded_name(m))),
        )

    @property
    def gradient_norm(self) -> bool:
        """Whether ‖∇E‖ over all data is needed after each epoch."""
        stops = self.stopping is not None and self.stopping.gradient_norm is not None
        return stops or "gradient_norm" in self.recorded

    def described(self) -> dict[str, Any]:
        """Return in words what decides on the steps, by the names of the arguments of ``fit``."""
        return {
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "clip": words(self.clip),
        }


def words(value: Any) -> str:
    """Return the repr of an object, which is the same in another process."""
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", repr(value))
