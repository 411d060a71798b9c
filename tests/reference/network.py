"""A multilayer perceptron over one flat parameter vector, by the textbook."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from . import activations, losses
from .numerical import complex_step_jacobian


@dataclass(frozen=True)
class MLP:
    """a_l = φ_l(a_{l−1} W_l + b_l); the vector w holds W_1 (fan_in × fan_out, C order), b_1, W_2, …

    ``activation`` is one name or one for each hidden layer.
    """

    layer_sizes: tuple
    activation: object = "tanh"
    output_activation: str = "identity"

    @property
    def hidden_activations(self):
        n_hidden = len(self.layer_sizes) - 2
        if isinstance(self.activation, str):
            return (self.activation,) * n_hidden
        return tuple(self.activation)

    @property
    def n_parameters(self):
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.layer_sizes))

    def unpack(self, w):
        """Views [(W_1, b_1), (W_2, b_2), …] into w."""
        layers, start = [], 0
        for fan_in, fan_out in pairwise(self.layer_sizes):
            W = w[start : start + fan_in * fan_out].reshape(fan_in, fan_out)
            start += W.size
            layers.append((W, w[start : start + fan_out]))
            start += fan_out
        return layers

    def weight_mask(self):
        """1 where the flat vector holds a weight, 0 where it holds a bias."""
        mask = np.zeros(self.n_parameters)
        for W, _ in self.unpack(mask):
            W[:] = 1
        return mask

    def _forward(self, w, X):
        """Inputs a_{l−1} and pre-activations z_l of every layer."""
        inputs, pre_activations = [X], []
        layers = self.unpack(w)
        for (W, b), name in zip(layers[:-1], self.hidden_activations, strict=True):
            pre_activations.append(inputs[-1] @ W + b)
            inputs.append(activations.ACTIVATIONS[name](pre_activations[-1])[0])
        W, b = layers[-1]
        pre_activations.append(inputs[-1] @ W + b)
        return inputs, pre_activations

    def _backward(self, w, inputs, pre_activations, delta):
        """Gradient of every parameter for each sample, (N, n), from δ = ∂E/∂z of the output."""
        layers = self.unpack(w)
        parts = []
        for layer in reversed(range(len(layers))):
            parts.append(delta)
            weight_part = inputs[layer][:, :, None] * delta[:, None, :]
            parts.append(weight_part.reshape(len(delta), -1))
            if layer > 0:
                name = self.hidden_activations[layer - 1]
                slope = activations.ACTIVATIONS[name](pre_activations[layer - 1])[1]
                delta = (delta @ layers[layer][0].T) * slope
        return np.concatenate(parts[::-1], axis=1)

    def logits(self, w, X):
        """Pre-activations of the output layer, (N, q)."""
        return self._forward(w, X)[1][-1]

    def predict(self, w, X):
        """Outputs Y, (N, q)."""
        return activations.output(self.output_activation, self.logits(w, X))

    def loss(self, w, X, T, loss="mse", sample_weight=None, l2=0.0):
        Z = self.logits(w, X)
        value, _ = losses.loss_and_delta(loss, self.output_activation, Z, T, sample_weight)
        return value + losses.l2_penalty([W for W, _ in self.unpack(w)], l2)

    def gradient(self, w, X, T, loss="mse", sample_weight=None, l2=0.0):
        inputs, pre_activations = self._forward(w, X)
        _, delta = losses.loss_and_delta(
            loss, self.output_activation, pre_activations[-1], T, sample_weight
        )
        per_sample = self._backward(w, inputs, pre_activations, delta)
        return per_sample.sum(axis=0) + l2 * self.weight_mask() * w

    def jacobian(self, w, X):
        """∂Y/∂w, (N·q, n); the q outputs of a sample stand together."""
        inputs, pre_activations = self._forward(w, X)
        n_outputs = self.layer_sizes[-1]
        rows = []
        for dy in np.eye(n_outputs):
            delta = activations.output_pullback(
                self.output_activation, pre_activations[-1], np.tile(dy, (len(X), 1))
            )
            rows.append(self._backward(w, inputs, pre_activations, delta))
        return np.stack(rows, axis=1).reshape(len(X) * n_outputs, -1)

    def normal_equations(self, w, X, T):
        """(½Σe², Jᵀe, JᵀJ) with e = Y − T."""
        e = (self.predict(w, X) - T).ravel()
        J = self.jacobian(w, X)
        return 0.5 * e @ e, J.T @ e, J.T @ J

    def hessian(self, w, X, T, loss="mse", sample_weight=None, l2=0.0):
        """∂²E/∂w², (n, n), as the complex step of the gradient: exact to rounding."""
        return complex_step_jacobian(lambda v: self.gradient(v, X, T, loss, sample_weight, l2), w)
