"""NumPy by hand: everything preallocated, one flat vector of parameters, results into ``out=``."""

import numpy as np

from bench.contender import Contender
from bench.threads import BlasThreads


class FlatAdam:
    """Adam on a flat vector, in place, with ε moved to the other side of the bias correction."""

    def __init__(self, n, dtype="float32", learning_rate=1e-3, beta_1=0.9, beta_2=0.999):
        self.learning_rate, self.beta_1, self.beta_2 = learning_rate, beta_1, beta_2
        self.epsilon = 1e-8
        self.m, self.s, self.work = np.zeros(n, dtype), np.zeros(n, dtype), np.empty(n, dtype)
        self.t = 0

    def reset(self):
        self.m[:] = self.s[:] = 0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        m, s, work = self.m, self.s, self.work
        root = np.sqrt(1 - self.beta_2**self.t)
        m *= self.beta_1
        np.multiply(g, 1 - self.beta_1, out=work)
        m += work
        s *= self.beta_2
        np.multiply(g, g, out=work)
        work *= 1 - self.beta_2
        s += work
        # m̂ ÷ (√ŝ + ε) = m·root ÷ (√s + ε·root) ÷ (1 − β₁ᵗ)
        np.sqrt(s, out=work)
        work += float(self.epsilon * root)
        np.divide(m, work, out=work)
        work *= float(self.learning_rate * root / (1 - self.beta_1**self.t))
        w -= work


class NumpyMinibatch(Contender):
    name = "NumPy"

    def __init__(self, case, threads):
        self.case = case
        self.threads = BlasThreads(threads)
        self.X, self.y = case.data()
        self.initial = case.initial_parameters()
        self.w, self.g = self.initial.copy(), np.empty_like(self.initial)
        self.adam = FlatAdam(len(self.w))
        self.weights, self.biases = case.views(self.w)[::2], case.views(self.w)[1::2]
        self.weight_gradients = case.views(self.g)[::2]
        self.bias_gradients = case.views(self.g)[1::2]
        batch = case.batch
        self.a = [np.empty((batch, width), "float32") for width in case.sizes]
        self.delta = [np.empty((batch, width), "float32") for width in case.sizes[1:]]
        self.slope = [np.empty((batch, width), "float32") for width in case.sizes[1:-1]]
        self.target = np.empty(self.y[:batch].shape, self.y.dtype)
        self.rows = np.arange(batch)
        self.column = np.empty((batch, 1), "float32")
        self.rng = np.random.default_rng(2)

    def prepare(self):
        self.w[:] = self.initial
        self.adam.reset()
        self.threads.begin()

    def finish(self):
        self.threads.end()

    def answer(self):
        self.run(1, shuffle=False)
        return self.losses

    def run(self, count, shuffle=True):
        n, batch = self.case.n_samples, self.case.batch
        self.losses = []
        for _ in range(count):
            order = self.rng.permutation(n) if shuffle else np.arange(n)
            total = 0.0
            for start in range(0, n, batch):
                total += self._step(order[start : start + batch])
            self.losses.append(total / self.case.steps)
        return count * self.case.steps

    def _step(self, rows):
        np.take(self.X, rows, axis=0, out=self.a[0], mode="clip")
        np.take(self.y, rows, axis=0, out=self.target, mode="clip")
        a, last = self.a, len(self.weights) - 1
        for layer, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = a[layer + 1]
            np.dot(a[layer], weights, out=z)
            z += bias
            if layer < last:
                self._activate(z)
        loss = self._loss_and_delta(a[-1], self.delta[-1])
        for layer in range(last, -1, -1):
            delta = self.delta[layer]
            np.dot(a[layer].T, delta, out=self.weight_gradients[layer])
            np.add.reduce(delta, axis=0, out=self.bias_gradients[layer])
            if layer > 0:
                np.dot(delta, self.weights[layer].T, out=self.delta[layer - 1])
                self.delta[layer - 1] *= self._slope(a[layer], self.slope[layer - 1])
        self.adam.step(self.w, self.g)
        return loss

    def _activate(self, z):
        if self.case.activation == "tanh":
            np.tanh(z, out=z)
        else:
            np.maximum(z, 0, out=z)

    def _slope(self, a, out):
        if self.case.activation == "tanh":
            np.multiply(a, a, out=out)
            return np.subtract(1, out, out=out)
        return np.greater(a, 0, out=out)

    def _loss_and_delta(self, outputs, delta):
        if self.case.loss == "mse":
            np.subtract(outputs, self.target, out=delta)
            loss = np.vdot(delta, delta) / delta.size
            delta *= 2 / delta.size
            return float(loss)
        np.amax(outputs, axis=1, keepdims=True, out=self.column)
        outputs -= self.column
        picked = outputs[self.rows, self.target]
        np.exp(outputs, out=delta)
        np.add.reduce(delta, axis=1, keepdims=True, out=self.column)
        delta /= self.column
        delta[self.rows, self.target] -= 1
        delta /= len(delta)
        return float(np.mean(np.log(self.column[:, 0]) - picked))


class NumpyAdam(Contender):
    """The rule alone, on a flat vector."""

    name = "NumPy"

    def __init__(self, vectors):
        self.vectors, self.adam = vectors, FlatAdam(vectors.n)

    def run(self, count):
        for _ in range(count):
            self.adam.step(self.vectors.w, self.vectors.g)
        return count

    def answer(self):
        w = self.vectors.sample()
        FlatAdam(len(w)).step(w, self.vectors.g[: len(w)])
        return w
