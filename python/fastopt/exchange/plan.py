"""What a network computes in use, layer by layer: what every converter writes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt.layers import BatchNormalization

if TYPE_CHECKING:
    from fastopt.network import MLP

Numbers = npt.NDArray[np.float64]


def check_sequential(net: MLP, name: str) -> None:
    """Refuse a network with shortcuts, which a Sequential cannot hold."""
    if net._hidden.shortcuts:
        raise ValueError(
            f"{name} makes a Sequential, which has no shortcuts, and this network has "
            f"residual={net.residual!r}: to_onnx can write it"
        )


@dataclass(frozen=True)
class LayerNorm:
    """γ·(z − μ)/√(σ² + ε) + β of each sample over its units."""

    gamma: Numbers
    beta: Numbers
    epsilon: float


@dataclass(frozen=True)
class Affine:
    """factor·x + shift, column by column."""

    factor: Numbers
    shift: Numbers


@dataclass(frozen=True)
class Step:
    """One layer: norm_after(φ(norm_before(x W + b))) + shortcut.

    Batch normalisation by running statistics is an affine map: before the activation it is part of
    W and b, after it an `Affine`.
    """

    W: Numbers
    b: Numbers
    activation: str
    before: LayerNorm | None = None
    after: LayerNorm | Affine | None = None
    start: int | None = None  # of a shortcut: 0 are the inputs, l the outputs of layer l
    P: Numbers | None = None  # what the shortcut is multiplied by


@dataclass(frozen=True)
class Plan:
    """All of a network in use, in double precision.

    The inputs become (x − input_offset)·input_factor, and outputs y·output_scale + output_offset.
    """

    steps: tuple[Step, ...]
    input_offset: Numbers | None = None
    input_factor: Numbers | None = None
    output_scale: Numbers | None = None
    output_offset: Numbers | None = None

    @property
    def n_inputs(self) -> int:
        """The number of inputs."""
        return int(self.steps[0].W.shape[0])

    @property
    def n_outputs(self) -> int:
        """The number of outputs."""
        return int(self.steps[-1].W.shape[1])

    def samples(self, count: int) -> Numbers:
        """Return inputs such as the network was made for, to compare what others compute."""
        X = np.random.default_rng(0).normal(size=(count, self.n_inputs))
        if self.input_offset is None or self.input_factor is None:
            return X
        zeros = np.zeros(self.n_inputs)
        scale = np.divide(1, self.input_factor, out=zeros, where=self.input_factor != 0)
        return np.asarray(X * scale + self.input_offset)

    @property
    def has_shortcuts(self) -> bool:
        """Whether there are any."""
        return any(step.start is not None for step in self.steps)


def plan_of(net: MLP) -> Plan:
    """Return what a network computes in use."""
    net._scalings.check_learned()
    n, statistics, at = net.normalization, net.statistics.astype(np.float64), 0
    names = [net.activation] if isinstance(net.activation, str) else net.activation
    hidden = len(net.layer_sizes) - 2
    activations = [*(names * hidden if isinstance(net.activation, str) else names)]
    starts = {end: start for start, end in net._hidden.shortcuts}
    steps = []
    for index, layer in enumerate(net._views.layers(), start=1):
        arrays = {name: array.astype(np.float64) for name, array in layer.items()}
        W, width = arrays["W"], layer["W"].shape[1]
        b = arrays.get("b", np.zeros(width))
        parts: dict[str, Any] = {}
        if n is not None and "gamma" in arrays:
            gamma, beta = arrays["gamma"], arrays["beta"]
            before = n.position == "before"
            if isinstance(n, BatchNormalization):
                mean, variance = statistics[at : at + 2 * width].reshape(2, width)
                at += 2 * width
                factor = gamma / np.sqrt(variance + n.epsilon)
                shift = beta - mean * factor
                if before:
                    W, b = W * factor, b * factor + shift
                else:
                    parts["after"] = Affine(factor, shift)
            else:
                parts["before" if before else "after"] = LayerNorm(gamma, beta, n.epsilon)
        last = index > hidden
        name = net.output_activation if last else activations[index - 1]
        steps.append(Step(W, b, name, start=starts.get(index), P=arrays.get("P"), **parts))
    return Plan(tuple(steps), *_scalings(net))


def _scalings(net: Any) -> tuple[Numbers | None, ...]:
    """Return offset and factor of the inputs, scale and offset of the outputs."""
    inputs = getattr(net, "input_scaling_", None)
    outputs = getattr(net, "target_scaling_", None)
    offset = factor = None
    if inputs is not None:
        offset = np.asarray(inputs.offset, dtype=np.float64)
        scale = np.asarray(inputs.scale, dtype=np.float64)
        # A constant column is dropped: its scale is 0.
        factor = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale != 0)
    if outputs is None:
        return offset, factor, None, None
    return offset, factor, np.asarray(outputs.scale, float), np.asarray(outputs.offset, float)


def without_affines(plan: Plan) -> Plan:
    """Return the same with the maps after activations in the weights of the next layer.

    Shortcuts, where there are any, take what these maps give: then they stay.
    """
    if plan.has_shortcuts:
        return plan
    steps: list[Step] = []
    factor, shift = np.ones(plan.n_inputs), np.zeros(plan.n_inputs)
    for step in plan.steps:
        W, b = step.W * factor[:, None], step.b + shift @ step.W
        after = step.after
        factor, shift = np.ones(W.shape[1]), np.zeros(W.shape[1])
        if isinstance(after, Affine):
            factor, shift, after = after.factor, after.shift, None
        steps.append(replace(step, W=W, b=b, after=after))
    return replace(plan, steps=tuple(steps))
