"""JAX with batch normalisation, dropout and shortcuts: an epoch in one compiled ``lax.scan``."""

from functools import partial

from bench.peers.jax_peer import JaxMinibatch, adam


class DeepJax(JaxMinibatch):
    """The state holds the running statistics and the key of the masks beside Adam's."""

    def __init__(self, case):
        super().__init__(case)
        jax, jnp = self.jax, self.jax.numpy
        activate = {"tanh": jnp.tanh, "relu": jax.nn.relu}[case.activation]

        def normalize(z, gamma, beta):
            mean = z.mean(0)
            variance = ((z - mean) ** 2).mean(0)
            return gamma * (z - mean) / jnp.sqrt(variance + 1e-3) + beta, (mean, variance)

        def loss(parameters, x, y, key):
            batch = []
            for layer, arrays in enumerate(parameters[:-1], start=1):
                z = x @ arrays[0]
                if case.normalization == "batch":
                    z, moments = normalize(z, *arrays[1:])
                    batch.append(moments)
                else:
                    z = z + arrays[1]
                h = activate(z)
                if case.dropout:
                    key, own = jax.random.split(key)
                    keep = jax.random.bernoulli(own, 1 - case.dropout, h.shape)
                    h = jnp.where(keep, h / (1 - case.dropout), 0)
                x = x + h if case.residual and layer > 1 else h
            weights, bias = parameters[-1]
            log_p = jax.nn.log_softmax(x @ weights + bias)
            return -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1)), batch

        @partial(jax.jit, donate_argnums=0)
        def epoch(state, X, y, order):
            def step(state, rows):
                rule, running, key = state
                key, own = jax.random.split(key)
                (value, batch), g = jax.value_and_grad(loss, has_aux=True)(
                    rule[0], X[rows], y[rows], own
                )
                running = jax.tree.map(lambda r, b: 0.99 * r + 0.01 * b, running, batch)
                return (adam(jax, rule, g), running, key), value

            state, values = jax.lax.scan(step, state, order)
            return state, jnp.mean(values)

        self.epoch = epoch

    def prepare(self):
        tree, numpy, case = self.jax.tree, self.jax.numpy, self.case
        views = [numpy.array(view) for view in case.views(case.initial_parameters())]
        starts = [i for i, view in enumerate(views) if view.ndim == 2]
        ends = [*starts[1:], len(views)]
        w = [tuple(views[i:j]) for i, j in zip(starts, ends, strict=True)]
        zeros = [tree.map(numpy.zeros_like, w) for _ in range(2)]
        running = []
        if case.normalization == "batch":
            running = [(numpy.zeros(width), numpy.ones(width)) for width in case.sizes[1:-1]]
        rule = (w, *zeros, numpy.float32(0))
        state = (rule, running, self.jax.random.PRNGKey(0))
        self.state = self.jax.block_until_ready(state)
