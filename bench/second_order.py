"""What do second derivatives of networks cost, and the methods that live on them?

Levenberg-Marquardt, whole iterations of ``fit`` (products, factorisation, trials) from the same
start; the answer that contenders share is the loss after the last one. The products alone. The
Hessian, in gradients. BFGS, with the same loss and gradient in C++. The memory of the network whose
Jacobian would be 8.4 GB.
"""

import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from bench.contender import Contender
from bench.peers.second_order_peers import (
    FastoptLM,
    FastoptProducts,
    Floor,
    JaxLM,
    NumpyLM,
    PyrennLM,
    ScipyLM,
    TorchLM,
)
from bench.question import Case, Count, at_most, faster
from bench.threads import cpus, named


@dataclass(frozen=True)
class Problem:
    """A d-H-q tanh network with linear outputs, and noisy data."""

    name: str
    sizes: tuple
    n_samples: int
    iterations: int = 5  # from the same start each time

    @property
    def n(self):
        d, hidden, q = self.sizes
        return (d + 1) * hidden + (hidden + 1) * q

    @property
    def n_rows(self):
        return self.n_samples * self.sizes[-1]

    @property
    def title(self):
        sizes = "-".join(map(str, self.sizes))
        return f"{sizes}, {self.n_samples} samples, {self.n} weights"

    def views(self, w):
        d, hidden, q = self.sizes
        ends = np.cumsum([d * hidden, hidden, hidden * q])
        return (
            w[: ends[0]].reshape(d, hidden),
            w[ends[0] : ends[1]],
            w[ends[1] : ends[2]].reshape(hidden, q),
            w[ends[2] :],
        )

    @cached_property
    def _arrays(self):
        rng = np.random.default_rng(0)
        d, _, q = self.sizes
        X = rng.standard_normal((self.n_samples, d))
        scores = X @ rng.standard_normal((d, q)) / np.sqrt(d)
        return X, np.sin(2 * scores) + 0.1 * rng.standard_normal(scores.shape)

    def data(self):
        return self._arrays

    def start(self):
        rng = np.random.default_rng(1)
        w = np.zeros(self.n)
        for view in self.views(w)[::2]:
            view[:] = rng.normal(scale=np.sqrt(2 / sum(view.shape)), size=view.shape)
        return w


PROBLEMS = {
    "a": Problem("a", (8, 10, 1), 500, iterations=20),
    "b": Problem("b", (8, 20, 1), 5000),
    "c": Problem("c", (8, 50, 1), 20000),
    "d": Problem("d", (100, 10, 1), 5000),
    "wide": Problem("wide", (100, 10, 100), 5000),
}
FLOOR = "symmetric product"
TARGETS = {
    "a": (at_most(0.08), faster("NumPy", 4)),
    "b": (at_most(1.6, FLOOR), faster("NumPy", 7), faster("JAX", 7)),
    "c": (at_most(1.4, FLOOR), faster("NumPy", 4), faster("JAX", 4)),
    "d": (at_most(1.4, FLOOR),),
    "wide": (at_most(2000),),
}


def cases():
    return [
        *(_training(PROBLEMS[name]) for name in "abcd"),
        *(_products(PROBLEMS[name]) for name in "abcd"),
        Case(
            "lm-wide",
            PROBLEMS["wide"].title,
            {"fastopt": partial(_named, FastoptLM, PROBLEMS["wide"])},
            TARGETS["wide"],
            unit="ms",
            per="iteration",
            rounds=3,
        ),
        Count(
            "lm-wide-memory",
            "peak memory of it beyond imports and data",
            {"fastopt": partial(peak_memory, "wide")},
            (at_most(300),),
            unit="MB",
        ),
        _hessian(PROBLEMS["b"]),
        _bfgs(),
    ]


def _named(contender, problem):
    return contender(problem, cpus())


def _training(problem):
    contenders = {
        f"fastopt, {named(k)}": partial(FastoptLM, problem, k) for k in sorted({1, min(2, cpus())})
    }
    contenders |= {
        FLOOR: partial(Floor, problem),
        "NumPy": partial(NumpyLM, problem),
        "SciPy, lm": partial(ScipyLM, problem, "lm"),
        "SciPy, trf": partial(ScipyLM, problem, "trf"),
        "JAX": partial(JaxLM, problem),
        "torch-LM": partial(TorchLM, problem),
        "pyrenn": partial(PyrennLM, problem),
    }
    return Case(
        f"lm-{problem.name}",
        problem.title,
        contenders,
        TARGETS[problem.name],
        unit="ms",
        per="iteration",
        tolerance=1e-6,
        rounds=7 if problem.n_rows * problem.n > 1e6 else None,
        memory=8.0 * problem.n_rows * problem.n * 4,
    )


def _products(problem):
    return Case(
        f"products-{problem.name}",
        f"JᵀJ, Jᵀe, ½Σe²: {problem.title}",
        {"fastopt": partial(_named, FastoptProducts, problem), FLOOR: partial(Floor, problem)},
        unit="ms",
        per="call",
        rounds=7,
    )


class Derivative(Contender):
    """H, or 2n gradients."""

    def __init__(self, problem, what):
        import fastopt

        self.name = "fastopt" if what == "hessian" else "2 n gradients"
        self.net = fastopt.MLP(problem.sizes)
        self.net.parameters = problem.start()
        self.X, self.y = problem.data()
        self.what, self.n = what, problem.n

    def run(self, count):
        for _ in range(count):
            if self.what == "hessian":
                self.net.hessian(self.X, self.y)
            else:
                for _ in range(2 * self.n):
                    self.net.loss_and_gradient(self.X, self.y)
        return count


def _hessian(problem):
    return Case(
        "hessian",
        f"exact Hessian of {problem.title}",
        {
            "fastopt": partial(Derivative, problem, "hessian"),
            "2 n gradients": partial(Derivative, problem, "gradients"),
        },
        (at_most(1, "2 n gradients"),),
        unit="ms",
        per="Hessian",
        rounds=5,
    )


class Bfgs(Contender):
    """BFGS on a network of 2,001 weights, fastopt's loss and gradient for both."""

    problem = Problem("bfgs", (18, 100, 1), 300)
    iterations = 10

    def __init__(self, name):
        import fastopt

        self.name = name
        self.net = fastopt.MLP(self.problem.sizes)
        self.X, self.y = self.problem.data()
        if name == "SciPy":
            from scipy.optimize import minimize

            self.minimize = minimize

    def _value_and_gradient(self, w):
        self.net.parameters = w
        return self.net.loss_and_gradient(self.X, self.y)

    def run(self, count):
        units = 0
        for _ in range(count):
            self.net.parameters = self.problem.start()
            if self.name == "fastopt":
                units += len(self.net.fit(self.X, self.y, "bfgs", epochs=self.iterations))
            else:
                units += self.minimize(
                    self._value_and_gradient,
                    self.problem.start(),
                    jac=True,
                    method="BFGS",
                    options={"maxiter": self.iterations, "gtol": 0.0},
                ).nit
        return units


def _bfgs():
    return Case(
        "bfgs",
        f"BFGS, {Bfgs.problem.title}",
        {name: partial(Bfgs, name) for name in ("fastopt", "SciPy")},
        (faster("SciPy", 30),),
        unit="ms",
        per="iteration",
        rounds=5,
    )


def peak_memory(name):
    """Megabytes that two iterations of Levenberg-Marquardt need, in a process of their own."""
    # The kernel's own mark: getrusage() would count the parent's peak before the exec as well.
    code = (
        "import re, fastopt; from bench.second_order import PROBLEMS\n"
        f"problem = PROBLEMS[{name!r}]; X, y = problem.data()\n"
        "net = fastopt.MLP(problem.sizes)\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
        "before = peak(); net.fit(X, y, 'lm', epochs=2); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout) / 1024
