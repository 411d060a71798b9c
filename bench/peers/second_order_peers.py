"""Levenberg-Marquardt on a d-H-q tanh network, by fastopt and by others.

Those by hand go exactly fastopt's way (Nielsen's rule, Cholesky), so that their losses agree.
"""

import numpy as np

from bench.contender import Contender
from bench.threads import BlasThreads, cpus, named


class FastoptLM(Contender):
    """``net.fit``, with all that belongs to it."""

    name = "fastopt"

    def __init__(self, case, threads):
        import fastopt

        self.fastopt, self.case, self.threads = fastopt, case, threads
        self.setting = named(threads)
        self.X, self.y = case.data()
        self.net = fastopt.MLP(case.sizes, random_state=0)
        self.before = fastopt.get_num_threads()

    def prepare(self):
        self.fastopt.set_num_threads(self.threads)

    def run(self, count):
        units = 0
        for _ in range(count):
            self.net.parameters = self.case.start()
            history = self.net.fit(self.X, self.y, "lm", epochs=self.case.iterations)
            self.loss = history.loss[-1]
            units += len(history)
        return units

    def answer(self):
        self.run(1)
        return self.loss

    def finish(self):
        self.fastopt.set_num_threads(self.before)


class FastoptProducts(FastoptLM):
    """JᵀJ and Jᵀe alone."""

    def __init__(self, case, threads):
        super().__init__(case, threads)
        self.net.parameters = case.start()

    def run(self, count):
        for _ in range(count):
            self.net.normal_equations(self.X, self.y)
        return count

    def answer(self):
        return None


class Floor(Contender):
    """The symmetric product JᵀJ of a given J, by BLAS."""

    name = "symmetric product"

    def __init__(self, case):
        from scipy.linalg.blas import dsyrk

        self.dsyrk = dsyrk
        self.J = np.asfortranarray(np.random.default_rng(0).normal(size=(case.n, case.n_rows)))
        self.threads = BlasThreads(cpus())

    def prepare(self):
        self.threads.begin()

    def finish(self):
        self.threads.end()

    def run(self, count):
        for _ in range(count):
            self.dsyrk(1.0, self.J)
        return count


class ByHand(Contender):
    """Nielsen's rule around a function that gives JᵀJ, Jᵀe and ½Σe²."""

    def __init__(self, case):
        self.case = case
        self.X, self.y = case.data()
        self.threads = BlasThreads(cpus())

    def prepare(self):
        self.threads.begin()

    def finish(self):
        self.threads.end()

    def answer(self):
        self.run(1)
        return 2 * self.value / self.y.size

    def run(self, count):
        for _ in range(count):
            self._descend()
        return count * self.case.iterations

    def _descend(self):
        w = self.case.start()
        value, g, H = self.normal_equations(w)
        nu, factor = 1e-3 * H.diagonal().max(), 2.0
        for _ in range(self.case.iterations):
            while True:
                p = self.solve(H, nu, -g)
                new = self.half_squares(w + p)
                predicted = 0.5 * (nu * p @ p - g @ p)
                if new < value:
                    gain = (value - new) / predicted
                    nu, factor = nu * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
                    w = w + p
                    break
                nu, factor = nu * factor, 2 * factor
            value, g, H = self.normal_equations(w)
        self.value = value

    def solve(self, H, nu, b):
        from scipy.linalg import cho_factor, cho_solve

        damped = H.copy()
        damped[np.diag_indices_from(damped)] += nu
        return cho_solve(cho_factor(damped, lower=True, check_finite=False), b, check_finite=False)


class NumpyLM(ByHand):
    """J built by broadcasting, JᵀJ by BLAS."""

    name = "NumPy"

    def __init__(self, case):
        super().__init__(case)
        self.J = np.empty((case.n_rows, case.n))

    def _outputs(self, w):
        W1, b1, W2, b2 = self.case.views(w)
        a = np.tanh(self.X @ W1 + b1)
        return a, a @ W2 + b2

    def half_squares(self, w):
        e = self._outputs(w)[1] - self.y
        return 0.5 * np.vdot(e, e)

    def jacobian(self, w):
        d, hidden, q = self.case.sizes
        a, Y = self._outputs(w)
        W2 = self.case.views(w)[2]
        J = self.J.reshape(len(self.X), q, -1)
        delta = (1 - a * a)[:, None, :] * W2.T
        first = d * hidden
        np.multiply(
            self.X[:, None, :, None],
            delta[:, :, None, :],
            out=J[:, :, :first].reshape(len(a), q, d, hidden),
        )
        J[:, :, first : first + hidden] = delta
        last = J[:, :, first + hidden :]
        last[:] = 0
        for k in range(q):
            last[:, k, k : hidden * q : q] = a
            last[:, k, hidden * q + k] = 1
        return (Y - self.y).ravel(), self.J

    def normal_equations(self, w):
        e, J = self.jacobian(w)
        return 0.5 * e @ e, J.T @ e, J.T @ J


class ScipyLM(Contender):
    """``scipy.optimize.least_squares`` with NumPy's Jacobian."""

    name = "SciPy"

    def __init__(self, case, method):
        from scipy.optimize import least_squares

        self.least_squares, self.setting = least_squares, method
        self.hand = NumpyLM(case)
        self.case = case
        self.threads = BlasThreads(cpus())

    def prepare(self):
        self.threads.begin()

    def finish(self):
        self.threads.end()

    def run(self, count):
        units = 0
        for _ in range(count):
            result = self.least_squares(
                lambda w: (self.hand._outputs(w)[1] - self.hand.y).ravel(),
                self.case.start(),
                lambda w: self.hand.jacobian(w)[1],
                method=self.setting,
                max_nfev=2 * self.case.iterations,
                xtol=1e-15,
                ftol=1e-15,
                gtol=1e-15,
            )
            units += result.njev
        return units


class JaxLM(ByHand):
    """The Jacobian by ``jacrev``; model, product and solution compiled, in float64."""

    name = "JAX"

    def __init__(self, case):
        import jax

        super().__init__(case)
        jax.config.update("jax_enable_x64", True)
        jnp = jax.numpy
        X, y, sizes = jnp.asarray(self.X), jnp.asarray(self.y), case.sizes

        def residuals(w):
            W1, b1, W2, b2 = case.views(w)
            return (jnp.tanh(X @ W1 + b1) @ W2 + b2 - y).ravel()

        def one(w, x, t):
            W1, b1, W2, b2 = case.views(w)
            return jnp.tanh(x @ W1 + b1) @ W2 + b2 - t

        jacobian = jax.vmap(jax.jacrev(one), (None, 0, 0))

        @jax.jit
        def normal_equations(w):
            e = residuals(w)
            J = jacobian(w, X, y).reshape(len(X) * sizes[-1], -1)
            return 0.5 * e @ e, J.T @ e, J.T @ J

        @jax.jit
        def solve(H, nu, b):
            factor = jax.scipy.linalg.cho_factor(H + nu * jnp.eye(len(b)), lower=True)
            return jax.scipy.linalg.cho_solve(factor, b)

        half = jax.jit(lambda w: 0.5 * jnp.sum(residuals(w) ** 2))
        self.normal_equations, self.solve = normal_equations, solve
        self.half_squares = lambda w: float(half(w))


class TorchLM(Contender):
    """The package torch-levenberg-marquardt."""

    name = "torch-LM"

    def __init__(self, case):
        import torch
        import torch_levenberg_marquardt as tlm

        self.torch, self.case = torch, case
        X, y = case.data()
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y)
        d, hidden, q = case.sizes
        self.model = torch.nn.Sequential(
            torch.nn.Linear(d, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, q)
        ).double()
        self.module = tlm.training.LevenbergMarquardtModule(
            model=self.model,
            loss_fn=tlm.loss.MSELoss(),
            learning_rate=1.0,
            attempts_per_step=10,
            solve_method="cholesky",
        )

    def run(self, count):
        for _ in range(count):
            with self.torch.no_grad():
                for parameter, value in zip(
                    self.model.parameters(), self.case.views(self.case.start()), strict=True
                ):
                    parameter.copy_(self.torch.from_numpy(value.T.copy()))
            for _ in range(self.case.iterations):
                self.module.training_step(self.X, self.y)
        return count * self.case.iterations


class PyrennLM(Contender):
    """The package pyrenn, by its own loop."""

    name = "pyrenn"

    def __init__(self, case):
        import pyrenn

        self.pyrenn, self.case = pyrenn, case
        X, y = case.data()
        self.P, self.Y = X.T.copy(), y.T.copy()

    def run(self, count):
        for _ in range(count):
            net = self.pyrenn.CreateNN(list(self.case.sizes))
            self.pyrenn.train_LM(self.P, self.Y, net, k_max=self.case.iterations, E_stop=0.0)
        return count * self.case.iterations
