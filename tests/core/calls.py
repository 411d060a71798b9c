"""Each way into the C++, as code that a process of its own runs: for what might end the process."""

SETUP = """
import os, pickle, sys, threading, time
import numpy as np, fastopt
rng = np.random.default_rng(0)
X = rng.normal(size=(400, 50))
Y = rng.normal(size=(400, 2))
WIDE = rng.normal(size=(256, 1000)).astype(dtype := os.environ.get("DTYPE", "float64"))
T = rng.normal(size=(256, 8)).astype(dtype)
def net(sizes, **kwargs):
    return fastopt.MLP(sizes, random_state=0, dtype=dtype, **kwargs)
SMALL = fastopt.MLP([50, 12, 2], random_state=0)
LARGE = net([1000, 1000, 8])
MIDDLE = net([512, 512, 8])
OPT, PARAMS, GRADS = fastopt.Adam(), [np.ones(300_000, dtype)], [np.ones(300_000, dtype)]
DEEP = net([50] + 8 * [64] + [2], normalization="batch", dropout=0.1, residual=True)
A = rng.normal(size=(200, 200))
A = A @ A.T + 200 * np.eye(200)
def quadratic(x):
    return 0.5 * x @ A @ x - x.sum()
def gradient(x):
    return A @ x - 1
def residuals(x):
    return A @ x - 1 + 0.01 * x**3
def curve(x, a, b):
    return a * np.exp(-b * x)
TIMES = np.linspace(0, 4, 50)
CURVE = 2 * np.exp(-0.7 * TIMES) + 0.01 * X[0]
def slow_loss(outputs, targets):
    time.sleep(0.002)
    return float(np.mean((outputs - targets) ** 2)), 2 * (outputs - targets) / outputs.size
"""

CALLS = {
    "fit": "LARGE.copy().fit(WIDE, T, batch_size=128, epochs=2)",
    "fit deep": "DEEP.copy().fit(X, Y, 'nadam', batch_size=100, epochs=3)",
    "fit loss": "SMALL.copy().fit(X, Y, loss=slow_loss, batch_size=100, epochs=2)",
    "fit lm": "SMALL.copy().fit(X, Y, 'lm', epochs=3)",
    "fit bfgs": "SMALL.copy().fit(X, Y, 'bfgs', epochs=3)",
    "fit lbfgs": "SMALL.copy().fit(X, Y, 'lbfgs', epochs=3)",
    "fit newton": "SMALL.copy().fit(X, Y, 'newton', epochs=2)",
    "predict": "MIDDLE.predict(WIDE[:, :512])",
    "evaluate": "LARGE.evaluate(WIDE, T)",
    "loss_and_gradient": "LARGE.loss_and_gradient(WIDE, T)",
    "hessian": "SMALL.hessian(X, Y)",
    "minimize": "fastopt.minimize(quadratic, np.zeros(200), method='bfgs', jac=gradient)",
    "minimize lbfgs": "fastopt.minimize(quadratic, np.zeros(200), method='lbfgs')",
    "minimize newton": "fastopt.minimize(quadratic, np.zeros(200), method='newton', jac=gradient,"
    " hess=lambda x: A)",
    "least_squares": "fastopt.least_squares(residuals, np.zeros(200))",
    "curve_fit": "fastopt.curve_fit(curve, TIMES, CURVE, [1.0, 0.1])",
    "step": "OPT.step(PARAMS, GRADS)",
    "pickle": "pickle.loads(pickle.dumps(LARGE)).copy()",
}
