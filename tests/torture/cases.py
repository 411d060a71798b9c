"""One case of the campaign: a random call, under random limits, and what has to hold after it."""

import contextlib
import os
import pickle
import resource
import signal
import threading
from pathlib import Path

import numpy as np

import fastopt
from fastopt.optimizers import registry
from line_search_cases import FULL_BATCH, METHODS
from torture.hostile import SCALES, Hostile, Moody, damage, layouts, wrong

RULES = tuple(name for name in registry if name not in FULL_BATCH)
ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu")

# What a call may raise: what is wrong with its arguments, arithmetic, memory, another thread's
# training, Ctrl-C, and whatever functions of the caller's raise.
ALLOWED = (
    *(ValueError, TypeError, MemoryError, RuntimeError, KeyboardInterrupt, Hostile),
    *(fastopt.DivergenceError, FloatingPointError, StopIteration),
)


class Failure(AssertionError):
    """A promise of fastopt that did not hold."""


def require(holds, what):
    if not holds:
        raise Failure(what)


class Untouched:
    """The arrays of the caller, which no call may write to."""

    def __init__(self, *arrays):
        self.arrays = [array for array in arrays if isinstance(array, np.ndarray)]
        self.before = [array.tobytes() for array in self.arrays]

    def check(self):
        for array, before in zip(self.arrays, self.before, strict=True):
            require(array.tobytes() == before, "an array of the caller was written to")


# --- networks --------------------------------------------------------------------------------


def random_network(rng):
    depth = int(rng.integers(0, 4))
    inputs, outputs = int(rng.integers(1, 12)), int(rng.integers(1, 4))
    hidden = [int(rng.integers(1, 24))] * depth if rng.random() < 0.5 else None
    sizes = [inputs, *(hidden or rng.integers(1, 24, depth).tolist()), outputs]
    extras = {}
    if depth and rng.random() < 0.4:
        extras["normalization"] = str(rng.choice(["batch", "layer"]))
    if depth and rng.random() < 0.3:
        extras["dropout"] = float(rng.choice([0.1, 0.5, 0.99]))
    if hidden and depth > 1 and rng.random() < 0.3:
        extras["residual"] = True
    return fastopt.MLP(
        sizes,
        activation=str(rng.choice(ACTIVATIONS)),
        output_activation=str(rng.choice(["identity", "identity", "tanh", "sigmoid"])),
        dtype=str(rng.choice(["float64", "float32"])),
        random_state=int(rng.integers(1 << 30)),
        **extras,
    )


def random_data(rng, net):
    n = int(rng.choice([1, 2, 3, 17, 64, 300]))
    X = rng.normal(size=(n, net.layer_sizes[0])) * rng.choice(SCALES)
    y = np.tanh(rng.normal(size=(n, net.layer_sizes[-1]))) * rng.choice(SCALES)
    if rng.random() < 0.1:
        X = damage(rng, X)
    if rng.random() < 0.1:
        y = damage(rng, y)
    if rng.random() < 0.1:
        X = X[:, : rng.integers(X.shape[1] + 1)]
    return layouts(rng, X), layouts(rng, y)


def random_loss(rng):
    names = ("mse", "mse", "mse", "mae", "huber", "binary_cross_entropy")
    if rng.random() < 0.75:
        return str(rng.choice(names))
    inner = Moody(rng, lambda y, out: (float(((out - y) ** 2).mean()), 2 * (out - y) / out.size))
    return lambda y_true, y_pred: inner(y_true, y_pred)


def random_optimizer(rng):
    if rng.random() < 0.3:
        return str(rng.choice((*RULES, *FULL_BATCH)))
    rate = float(10.0 ** rng.uniform(-8, 8)) if rng.random() < 0.5 else 0.01
    make = rng.choice([fastopt.SGD, fastopt.AdaGrad, fastopt.RMSprop, fastopt.Adam, fastopt.Nadam])
    return make(rate, weight_decay=float(rng.choice([0, 0, 0.1, 1e6])))


def fit(rng):
    net = random_network(rng)
    X, y = random_data(rng, net)
    untouched = Untouched(X, y)
    settings = {"epochs": int(rng.integers(1, 8)), "loss": random_loss(rng)}
    if rng.random() < 0.5:
        settings["batch_size"] = int(rng.choice([1, 2, 7, 32, 10_000]))
    if rng.random() < 0.2:
        settings["clip"] = fastopt.ClipByGlobalNorm(float(10.0 ** rng.uniform(-3, 3)))
    if rng.random() < 0.2:
        settings["l2"] = float(10.0 ** rng.uniform(-6, 6))
    if rng.random() < 0.2:
        settings["validation_split"] = 0.3
    if rng.random() < 0.2:
        settings["callbacks"] = [Moves(rng, net)]
    if rng.random() < 0.1:
        settings["sample_weight"] = rng.choice([0.0, 1.0, 1e30], len(X))

    def call():
        history = net.fit(X, y, random_optimizer(rng), **settings)
        require(np.isfinite(history.loss).all(), "a history of losses that are not finite")
        if rng.random() < 0.3:
            net.fit(X, y, initial_epoch=history, **{**settings, "epochs": len(history) + 2})

    def check():
        untouched.check()
        if "callbacks" in settings and settings["callbacks"][0].damaged:
            return
        require(np.isfinite(net.parameters).all(), "weights that are not finite")
        require(np.isfinite(net.statistics).all(), "statistics that are not finite")
        tame = rng.normal(size=(5, net.layer_sizes[0]))
        with np.errstate(all="ignore"):
            size = np.abs(net.parameters).max(initial=0) ** (len(net.layer_sizes) - 1)
        if size < 1e20:
            require(np.isfinite(net.predict(tame)).all(), "predictions that are not finite")

    return call, check


class Moves(fastopt.Callback):
    """A callback that moves, damages or copies what it sees, or ends the run in some way."""

    def __init__(self, rng, net):
        self.rng, self.net, self.damaged = rng, net, False
        self.act = rng.choice(["raise", "copy", "move", "damage", "predict", "fit"])

    def on_epoch_end(self, epoch, logs=None):
        if self.act == "raise":
            raise Hostile("callback")
        if self.act == "copy":
            self.net.copy()
        if self.act == "move":
            self.net.parameters[:] = 0.1
        if self.act == "damage":
            self.damaged = True
            self.net.parameters[self.rng.integers(self.net.n_parameters)] = np.nan
        if self.act == "predict":
            self.net.predict(np.ones((3, self.net.layer_sizes[0])))
        if self.act == "fit":
            self.net.fit(np.ones((3, self.net.layer_sizes[0])), np.ones(3), epochs=1)


def use(rng):
    """Predict, evaluate, copy and differentiate, in one or several threads."""
    net = random_network(rng)
    X, y = random_data(rng, net)
    untouched = Untouched(X, y)
    calls = [
        lambda: net.predict(X),
        lambda: net.evaluate(X, y, metrics=["mae"]),
        lambda: net.loss_and_gradient(X, y),
        lambda: net.gradient_norms(X, y),
        lambda: pickle.loads(pickle.dumps(net)).predict(X),
        lambda: net.jacobian(X),
        lambda: net.hessian(X, y),
        lambda: net.normal_equations(X, y),
        lambda: net.fold(),
    ]
    return calls[rng.integers(len(calls))], untouched.check


# --- functions -------------------------------------------------------------------------------


def minimize(rng):
    n = int(rng.choice([1, 2, 5, 40]))
    scale, curvature = rng.choice(SCALES), 10.0 ** rng.uniform(-4, 4, n)
    fun = Moody(rng, lambda x: scale * float(curvature @ (x - 1) ** 2 + np.sin(x).sum()))
    jac = Moody(rng, lambda x: scale * (2 * curvature * (x - 1) + np.cos(x)))
    hess = Moody(rng, lambda x: scale * np.diag(2 * curvature - np.sin(x)))
    methods = (*RULES, *METHODS, None)
    method = methods[rng.integers(len(methods))]
    x0 = layouts(rng, rng.normal(size=n) * rng.choice(SCALES[:6]))
    untouched = Untouched(x0)
    settings = {"jac": [jac, jac, None, "2-point", "3-point", "cs"][rng.integers(6)]}
    if method in ("newton", "newton_cg") and rng.random() < 0.5:
        settings["hess"] = hess
    if method in ("lbfgs", None) and rng.random() < 0.4:
        settings["bounds"] = [(-2, None if rng.random() < 0.5 else 0.5)] * n
    if rng.random() < 0.2:
        settings["callback"] = Moody(rng, lambda x: None)
    settings["options"] = {"maxiter": int(rng.choice([0, 1, 7, 60]))}

    def call():
        result = fastopt.minimize(fun, x0, method=method, **settings)
        require(np.isfinite(result.x).all(), "x is not finite")
        require(not result.success or np.isfinite(result.fun), "success at a value that is not")

    return call, untouched.check


def least_squares(rng):
    n, m = int(rng.integers(1, 6)), int(rng.integers(1, 40))
    A = rng.normal(size=(m, n)) * rng.choice(SCALES[:6])
    b = rng.normal(size=m) * rng.choice(SCALES[:6])
    untouched = Untouched(A, b)
    residuals = Moody(rng, lambda x: A @ x - b + 0.1 * np.sin(x).sum())
    jacobian = Moody(rng, lambda x: A + 0.1 * np.cos(x))
    settings = {"jac": [jacobian, "2-point", "3-point", "cs"][rng.integers(4)], "max_nfev": 40}
    if rng.random() < 0.3:
        settings["bounds"] = (-1, 1)
    if rng.random() < 0.3:
        settings["loss"] = str(rng.choice(["soft_l1", "huber", "cauchy", "arctan"]))

    def call():
        result = fastopt.least_squares(residuals, layouts(rng, np.zeros(n)), **settings)
        require(np.isfinite(result.x).all(), "x is not finite")
        require(not result.success or np.isfinite(result.cost), "success at a cost that is not")

    return call, untouched.check


def curve_fit(rng):
    x = np.linspace(0, 1, int(rng.integers(1, 30))) * rng.choice(SCALES[:6])
    y = layouts(rng, np.sin(x) * rng.choice(SCALES[:6]))
    untouched = Untouched(x, y)
    model = Moody(rng, lambda x, a, b: a * x + b)

    def call():
        best, _ = fastopt.curve_fit(model, x, y, p0=[1.0, 0.0])
        require(np.isfinite(best).all(), "parameters that are not finite")

    return call, untouched.check


# --- arrays ----------------------------------------------------------------------------------


def step(rng):
    opt = random_optimizer(rng)
    if isinstance(opt, str):
        opt = fastopt.Adam()
    dtype = rng.choice(["float32", "float64"])
    w = [layouts(rng, np.array(rng.normal(size=shape), dtype)) for shape in ((3, 2), (5,), ())]
    grads = [rng.normal(size=x.shape) * rng.choice(SCALES) for x in w]
    if rng.random() < 0.2:
        grads[0] = wrong(rng, grads[0])
    untouched = Untouched(*grads)

    def call():
        with np.errstate(all="ignore"):
            for _ in range(rng.integers(1, 30)):
                opt.step(w, grads)
        for name, value in opt.state_dict().items():
            require(name == "rule" or np.isfinite(value).all(), f"{name} is not finite")
        state = opt.state_dict()
        name = list(state)[rng.integers(len(state))]
        state[name] = wrong(rng, state[name])
        opt.load_state_dict(state)
        opt.step(w, [np.ones(x.shape) for x in w])

    return call, untouched.check


KINDS = {
    "fit": fit,
    "use": use,
    "minimize": minimize,
    "least_squares": least_squares,
    "curve_fit": curve_fit,
    "step": step,
}


# --- what happens around a call --------------------------------------------------------------


def address_space():
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


@contextlib.contextmanager
def limited(rng):
    """Little address space beyond what the process holds."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    room = int(10.0 ** rng.uniform(4, 8))
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


@contextlib.contextmanager
def interrupted(rng):
    """Ctrl-C at some moment; one that comes too late is waited for."""
    timer = threading.Timer(
        float(10.0 ** rng.uniform(-4, -1)), os.kill, (os.getpid(), signal.SIGINT)
    )
    timer.start()
    try:
        yield
    finally:
        timer.join()


def in_threads(rng, call, n, stack):
    """Call in n threads with stacks of a size; the first exception comes out."""
    errors = []

    def work():
        try:
            call()
        except BaseException as error:
            errors.append(error)

    before = threading.stack_size(stack)
    try:
        threads = [threading.Thread(target=work) for _ in range(n)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.stack_size(before)
    if errors:
        raise errors[0]


def run_case(seed):
    """Run a case; return what it was and how it ended. Raises Failure where a promise is broken."""
    rng = np.random.default_rng(seed)
    kind = list(KINDS)[rng.integers(len(KINDS))]
    around = rng.choice(["nothing", "nothing", "limit", "interrupt", "thread", "threads"])
    fastopt.set_num_threads(int(rng.integers(1, 4)))
    call, check = KINDS[kind](rng)
    outcome = "returned"
    try:
        if around == "limit":
            with limited(rng):
                call()
        elif around == "interrupt":
            with interrupted(rng):
                call()
        elif around in ("thread", "threads"):
            # What Python and NumPy need themselves is about as much as 64 KB.
            in_threads(rng, call, 1 if around == "thread" else 3, 256 * 1024)
        else:
            call()
    except Failure:
        raise
    except ALLOWED as error:
        outcome = type(error).__name__
    except SystemError as error:
        # Where Python 3.11 finds no room for a frame, it says that an error was not set.
        if around != "limit" or "without exception set" not in str(error):
            raise
        outcome = "SystemError"
    check()
    return f"{kind} / {around}", outcome
