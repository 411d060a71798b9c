"""Where variable projection applies, and what ``separable="auto"`` comes to."""

from __future__ import annotations

from typing import Any

from fastopt.optimizers import LevenbergMarquardt, Optimizer


def obstacle(network: Any, in_parts: bool) -> str | None:
    """Return why the output weights cannot be solved for, None where they can."""
    if in_parts:
        return "factorises the outputs of all samples together, and the data are in parts"
    if network._trainable.variables is not None:
        return (
            "solves for all output weights at once, and this network has frozen or tied ones "
            "(trainable, tied)"
        )
    if network.output_activation != "identity":
        return (
            "solves for the weights of linear outputs: output_activation must be 'identity', got "
            f"{network.output_activation!r}"
        )
    if len(network.layer_sizes) < 3:
        return f"steps in the weights of hidden layers, and {list(network.layer_sizes)} has none"
    return None


def settled(optimizer: Optimizer, network: Any, in_parts: bool) -> Optimizer:
    """Return the method with True or False in the place of "auto"."""
    if not isinstance(optimizer, LevenbergMarquardt) or optimizer.separable != "auto":
        return optimizer
    return optimizer.clone(separable=obstacle(network, in_parts) is None)
