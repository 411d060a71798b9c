"""JAX: a whole epoch in one compiled ``lax.scan``; the rule alone in one compiled function."""

from functools import partial

import numpy as np

from bench.contender import Contender


def adam(jax, state, g):
    """Return the next (w, m, s, t), each of the first three a tree of arrays."""
    w, m, s, t = state
    t = t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    s = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, s, g)
    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    w = jax.tree.map(lambda w, m, s: w - 1e-3 * (m / c1) / (jax.numpy.sqrt(s / c2) + 1e-8), w, m, s)
    return w, m, s, t


class JaxMinibatch(Contender):
    name = "JAX"

    def __init__(self, case):
        import jax
        from jax import numpy as jnp

        self.case, self.jax = case, jax
        X, y = case.data()
        self.X, self.y = jnp.asarray(X), jnp.asarray(y)
        activate = {"tanh": jnp.tanh, "relu": jax.nn.relu}[case.activation]

        def loss(parameters, x, y):
            for weights, bias in parameters[:-1]:
                x = activate(x @ weights + bias)
            weights, bias = parameters[-1]
            outputs = x @ weights + bias
            if case.loss == "mse":
                return jnp.mean((outputs - y) ** 2)
            log_p = jax.nn.log_softmax(outputs)
            return -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1))

        @partial(jax.jit, donate_argnums=0)
        def epoch(state, X, y, order):
            def step(state, rows):
                value, g = jax.value_and_grad(loss)(state[0], X[rows], y[rows])
                return adam(jax, state, g), value

            state, values = jax.lax.scan(step, state, order)
            return state, jnp.mean(values)

        self.epoch = epoch
        self.rng = np.random.default_rng(2)

    def prepare(self):
        tree, numpy = self.jax.tree, self.jax.numpy
        views = self.case.views(self.case.initial_parameters())
        w = [tuple(map(numpy.array, pair)) for pair in zip(views[::2], views[1::2], strict=True)]
        zeros = [tree.map(numpy.zeros_like, w) for _ in range(2)]
        self.state = self.jax.block_until_ready((w, *zeros, numpy.float32(0)))

    def run(self, count, shuffle=True):
        n = self.case.n_samples
        losses = []
        for _ in range(count):
            order = self.rng.permutation(n) if shuffle else np.arange(n)
            order = order.astype("int32").reshape(-1, self.case.batch)
            self.state, loss = self.epoch(self.state, self.X, self.y, order)
            losses.append(loss)
        self.losses = [float(loss) for loss in losses]
        self.jax.block_until_ready(self.state)
        return count * self.case.steps

    def answer(self):
        self.run(1, shuffle=False)
        return self.losses


class JaxAdam(Contender):
    """The rule alone, on one flat array."""

    name = "JAX"

    def __init__(self, vectors):
        import jax

        self.jax, self.vectors = jax, vectors
        self.g = jax.numpy.array(vectors.g)
        self.step = jax.jit(partial(adam, jax), donate_argnums=0)
        self.state = self._start(vectors.w)

    def _start(self, w):
        numpy = self.jax.numpy
        return numpy.array(w), *(numpy.zeros(len(w), "float32") for _ in range(2)), numpy.float32(0)

    def run(self, count):
        step, state, g = self.step, self.state, self.g
        for _ in range(count):
            state = step(state, g)
        self.state = self.jax.block_until_ready(state)
        return count

    def answer(self):
        w = self.vectors.sample()
        return self.step(self._start(w), self.vectors.g[: len(w)])[0]
