"""Normalisation, dropout and residual connections on top of the perceptron of ``network``.

A hidden layer computes, in this order: z = a W (+ b), normalisation γ·ẑ + β, activation, dropout,
and the sum with the shortcut where a residual block ends.
"""

from dataclasses import dataclass

import numpy as np

from . import activations, losses, masks

EPSILON = {"batch": 1e-3, "layer": 1e-5}
# The mean over the batch for each unit, or over the units for each sample.
AXIS = {"batch": 0, "layer": 1}


def normalize(z, axis, epsilon):
    """ẑ = (z−μ)/√(σ²+ε) with the biased variance along ``axis``, and 1/√(σ²+ε)."""
    centred = z - z.mean(axis=axis, keepdims=True)
    scale = 1 / np.sqrt((centred * centred).mean(axis=axis, keepdims=True) + epsilon)
    return centred * scale, scale


def normalize_pullback(d_normalized, normalized, scale, axis):
    """Derivative by z: μ and σ² depend on z as well."""
    mean = d_normalized.mean(axis=axis, keepdims=True)
    along = (d_normalized * normalized).mean(axis=axis, keepdims=True)
    return scale * (d_normalized - mean - normalized * along)


def running_statistics(batches, momentum=0.99, unbiased=False):
    """Running mean and variance after z of several batches; they start at 0 and 1.

    running ← momentum·running + (1−momentum)·batch. Keras: momentum 0.99 and the biased variance.
    PyTorch: its ``momentum`` is 1 minus this one, and the variance is unbiased (÷ (N−1)).
    """
    mean, variance = 0.0, 1.0
    for z in batches:
        mean = momentum * mean + (1 - momentum) * z.mean(axis=0)
        variance = momentum * variance + (1 - momentum) * z.var(axis=0, ddof=int(unbiased))
    return mean, variance


def inverted_dropout(keep, rate):
    """(factor, offset) of h → factor·h + offset, from the mask ``keep`` of 0 and 1."""
    return keep / (1 - rate), np.zeros(keep.shape)


def alpha_dropout(keep, rate):
    """(factor, offset) of alpha dropout (Klambauer 2017): mean 0 and variance 1 are kept.

    A dropped unit gets α' = −λα, the lower limit of selu; then a·h + b restores both moments.
    """
    lower = -activations.SELU_SCALE * activations.SELU_ALPHA
    a = 1 / np.sqrt((1 - rate) * (1 + rate * lower**2))
    return a * keep, a * lower * (1 - keep) - a * rate * lower


@dataclass(frozen=True)
class DeepMLP:
    """Flat vector w, layer by layer: W (fan_in × fan_out), then b or γ and β, then P.

    b stands where the layer is not normalised; γ and β where it is (every hidden layer, when
    ``normalization`` is "batch" or "layer"). ``blocks`` holds pairs (start, end) of layer numbers:
    a_end gets a_start added (0 is the input), or a_start P where their widths differ. No two blocks
    end at the same layer.
    """

    layer_sizes: tuple
    activation: str = "tanh"
    output_activation: str = "identity"
    normalization: str | None = None
    blocks: tuple = ()

    def _shapes(self, layer):
        """Names and shapes of the parameters of layer 1, 2, …"""
        fan_in, fan_out = self.layer_sizes[layer - 1 : layer + 1]
        shapes = {"W": (fan_in, fan_out)}
        if self.normalization and layer < len(self.layer_sizes) - 1:
            shapes |= {"gamma": (fan_out,), "beta": (fan_out,)}
        else:
            shapes["b"] = (fan_out,)
        for start, end in self.blocks:
            if end == layer and self.layer_sizes[start] != fan_out:
                shapes["P"] = (self.layer_sizes[start], fan_out)
        return shapes

    @property
    def n_layers(self):
        return len(self.layer_sizes) - 1

    @property
    def n_parameters(self):
        shapes = [self._shapes(layer) for layer in range(1, self.n_layers + 1)]
        return sum(int(np.prod(shape)) for layer in shapes for shape in layer.values())

    def unpack(self, w):
        """One dict of views into w for each layer, layer 1 first."""
        layers, first = [], 0
        for layer in range(1, self.n_layers + 1):
            views = {}
            for name, shape in self._shapes(layer).items():
                size = int(np.prod(shape))
                views[name] = w[first : first + size].reshape(shape)
                first += size
            layers.append(views)
        return layers

    def weight_mask(self):
        """1 for weights (W and P), 0 for b, γ and β, which neither l2 nor weight decay touches."""
        mask = np.zeros(self.n_parameters)
        for views in self.unpack(mask):
            for name in ("W", "P"):
                if name in views:
                    views[name][:] = 1
        return mask

    def _block_ending_at(self, layer):
        return next((start for start, end in self.blocks if end == layer), None)

    def _normalize(self, z, running):
        """ẑ and 1/√(σ²+ε), from the batch or the sample, or from running (mean, variance)."""
        epsilon = EPSILON[self.normalization]
        if running is None:
            return normalize(z, AXIS[self.normalization], epsilon)
        mean, variance = running
        scale = 1 / np.sqrt(variance + epsilon)
        return (z - mean) * scale, scale

    def _forward(self, w, X, dropout, running):
        """Activations a_0, a_1, …, what the way back needs of each hidden layer, logits."""
        dropout = dropout or {}
        dropped, notes = [_dropped(X, dropout.get(0))], []
        layers = self.unpack(w)
        for layer, p in enumerate(layers[:-1], start=1):
            note = {"raw": dropped[-1] @ p["W"]}
            if self.normalization:
                statistics = running[layer - 1] if running else None
                note["normalized"], note["scale"] = self._normalize(note["raw"], statistics)
                z = p["gamma"] * note["normalized"] + p["beta"]
            else:
                z = note["raw"] + p["b"]
            notes.append({**note, "z": z})
            a = _dropped(activations.ACTIVATIONS[self.activation](z)[0], dropout.get(layer))
            start = self._block_ending_at(layer)
            if start is not None:
                a = a + (dropped[start] @ p["P"] if "P" in p else dropped[start])
            dropped.append(a)
        return dropped, notes, dropped[-1] @ layers[-1]["W"] + layers[-1]["b"]

    def predict(self, w, X, dropout=None, running=None):
        """Outputs (N, q).

        ``dropout`` maps a layer number (0: the input) to (factor, offset). ``running`` holds (mean,
        variance) of each batch-normalised layer; without it the statistics are those of the batch.
        """
        return activations.output(self.output_activation, self._forward(w, X, dropout, running)[2])

    def drawn_dropout(self, rates, n_samples, seed, iteration):
        """The ``dropout`` that fastopt draws, from the rates of the input and each hidden layer."""
        make = alpha_dropout if self.activation == "selu" else inverted_dropout
        return {
            layer: make(
                masks.keep((n_samples, self.layer_sizes[layer]), rate, seed, iteration, layer),
                masks.rate_in_fact(rate),
            )
            for layer, rate in enumerate(rates)
            if rate
        }

    def normalizer_inputs(self, w, X, dropout=None):
        """z of every hidden layer before normalisation, of which batch statistics are taken."""
        return [note["raw"] for note in self._forward(w, X, dropout, None)[1]]

    def loss(self, w, X, T, loss="mse", sample_weight=None, l2=0.0, dropout=None):
        Z = self._forward(w, X, dropout, None)[2]
        value, _ = losses.loss_and_delta(loss, self.output_activation, Z, T, sample_weight)
        return value + losses.l2_penalty([self.weight_mask() * w], l2)

    def gradient(self, w, X, T, loss="mse", sample_weight=None, l2=0.0, dropout=None):
        return self._gradients(w, X, T, loss, sample_weight, l2, dropout)[0]

    def activation_gradients(self, w, X, T, loss="mse"):
        """∂E/∂a_l of every hidden layer, (N, width) each."""
        return self._gradients(w, X, T, loss, None, 0.0, None)[1]

    def _gradients(self, w, X, T, loss, sample_weight, l2, dropout):
        dropped, notes, Z = self._forward(w, X, dropout, None)
        _, delta = losses.loss_and_delta(loss, self.output_activation, Z, T, sample_weight)
        layers = self.unpack(w)
        gradient = np.zeros_like(w)
        gradient_layers = self.unpack(gradient)

        gradient_layers[-1]["W"][:] = dropped[-1].T @ delta
        gradient_layers[-1]["b"][:] = delta.sum(axis=0)
        # ∂E/∂a_l collects what flows back from the next layer and through the shortcuts.
        d_activations = [np.zeros_like(a, dtype=delta.dtype) for a in dropped]
        d_activations[-1] = delta @ layers[-1]["W"].T
        for layer in reversed(range(1, self.n_layers)):
            p, dp, note = layers[layer - 1], gradient_layers[layer - 1], notes[layer - 1]
            da = d_activations[layer]
            start = self._block_ending_at(layer)
            if start is not None:
                d_activations[start] = d_activations[start] + (da @ p["P"].T if "P" in p else da)
                if "P" in p:
                    dp["P"][:] = dropped[start].T @ da
            if dropout and layer in dropout:
                da = da * dropout[layer][0]
            dz = da * activations.ACTIVATIONS[self.activation](note["z"])[1]
            if self.normalization:
                dp["gamma"][:] = (dz * note["normalized"]).sum(axis=0)
                dp["beta"][:] = dz.sum(axis=0)
                dz = normalize_pullback(
                    dz * p["gamma"], note["normalized"], note["scale"], AXIS[self.normalization]
                )
            else:
                dp["b"][:] = dz.sum(axis=0)
            dp["W"][:] = dropped[layer - 1].T @ dz
            d_activations[layer - 1] = d_activations[layer - 1] + dz @ p["W"].T
        return gradient + l2 * self.weight_mask() * w, d_activations[1:]


def _dropped(a, dropout):
    """Activations after dropout, given as (factor, offset) or None."""
    return a if dropout is None else dropout[0] * a + dropout[1]
