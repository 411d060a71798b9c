"""``to_matlab``: run by GNU Octave where it is installed, and by a small reader of this file."""

import math
import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

import fastopt

OCTAVE = shutil.which("octave-cli") or shutil.which("octave")
HIDDEN = "identity sigmoid tanh relu leaky_relu elu selu gelu silu softplus".split()  # noqa: SIM905
TOLERANCE = {"float32": 2e-6, "float64": 1e-12}
RNG = np.random.default_rng(0)
X = 2 * RNG.normal(size=(20, 3))

# What the functions of a file compute, of samples in columns.
FUNCTIONS = {
    "logsig_apply": lambda n: 1 / (1 + np.exp(-n)),
    "tansig_apply": np.tanh,
    "poslin_apply": lambda n: np.maximum(n, 0),
    "leaky_relu_apply": lambda n: np.where(n > 0, n, 0.01 * n),
    "elu_apply": lambda n: np.where(n > 0, n, np.expm1(np.minimum(n, 0))),
    "selu_apply": lambda n: (
        1.0507009873554805 * np.where(n > 0, n, 1.6732632423543772 * np.expm1(np.minimum(n, 0)))
    ),
    "gelu_apply": lambda n: n * np.vectorize(math.erfc)(-n / np.sqrt(2)) / 2,
    "silu_apply": lambda n: n / (1 + np.exp(-n)),
    "softplus_apply": lambda n: np.logaddexp(n, 0),
    "softmax_apply": lambda n: np.exp(n) / np.exp(n).sum(axis=0),
    "mapminmax_apply": lambda x, s: (x - s.xoffset) * s.gain + s.ymin,
    "mapminmax_reverse": lambda y, s: (y - s.ymin) / s.gain + s.xoffset,
    "layernorm_apply": lambda n, s: (
        (n - n.mean(axis=0)) / np.sqrt(n.var(axis=0) + s.epsilon) * s.gamma + s.beta
    ),
    "repmat": lambda b, *_: b,
    "times": np.multiply,
    "plus": np.add,
}


def evaluated(text, X):
    """What a function computes: constants, then statements one by one, as Python reads them."""
    head, _, rest = text.partition("Q = size(x1, 2);\n")
    names = {**FUNCTIONS, "x1": X.T, "double": np.float64, "Q": len(X)}
    for name, value in re.findall(r"^(\w[\w.]*) = ([^;\[]+|\[[^\]]*\]);$", head, re.MULTILINE):
        matrix = np.array([[float(v) for v in row.split()] for row in value.strip("[]").split(";")])
        *owner, last = name.split(".")
        if owner:
            vars(names.setdefault(owner[0], SimpleNamespace()))[last] = matrix
        else:
            names[name] = matrix
    for line in rest[: rest.index("\nend")].splitlines():
        target, _, expression = line.rstrip(";").partition(" = ")
        expression = expression.replace(" * ", " @ ")
        expression = re.sub(r"bsxfun\(@(\w+), ", r"\1(", expression)
        names[target] = eval(expression, {"__builtins__": {}}, names)  # of our own making
    return names["y1"].T


def in_octave(path, X, folder):
    np.savetxt(folder / "x.txt", X.T, fmt="%.17g")
    program = (
        f"x = load('-ascii', 'x.txt'); y = {path.stem}(x); "
        "f = fopen('y.txt', 'w'); fprintf(f, '%.17g ', y); fclose(f);"
    )
    subprocess.run(
        [OCTAVE, "--no-gui", "--norc", "--eval", program],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return np.loadtxt(folder / "y.txt").reshape(len(X), -1)


def network(d, q, activation, output="identity", **settings):
    rng = np.random.default_rng(0)
    net = fastopt.MLP([d, 6, 6, 4, q], activation, output, random_state=0, **settings)
    net.parameters += 0.1 * rng.normal(size=net.n_parameters)
    net.statistics = np.abs(net.statistics + 0.3 * rng.normal(size=net.statistics.size))
    return net


def compare(net, X, folder, octave=False, back=True):
    path = folder / "net.m"
    net.to_matlab(path)
    expected = net.predict(X).reshape(len(X), -1)
    settings = {"rtol": 0, "atol": TOLERANCE[net.dtype.name] * max(1, np.abs(expected).max())}
    np.testing.assert_allclose(evaluated(path.read_text(), X), expected, **settings)
    if octave:
        np.testing.assert_allclose(in_octave(path, X, folder), expected, **settings)
    if back:
        again = fastopt.from_matlab(path).predict(X).reshape(len(X), -1)
        np.testing.assert_allclose(again, expected, **settings)


NORMALIZATIONS = [
    None,
    "batch",
    "layer",
    fastopt.BatchNormalization(position="after"),
    fastopt.LayerNormalization(position="after", epsilon=1e-3),
]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("activation", HIDDEN)
def test_activations(activation, dtype, tmp_path):
    compare(network(3, 2, activation, dtype=dtype), X, tmp_path)


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "softplus"])
def test_outputs(output, tmp_path):
    compare(network(3, 3, "relu", output), X, tmp_path)


@pytest.mark.parametrize("normalization", NORMALIZATIONS, ids=str)
@pytest.mark.parametrize("residual", [False, "projection", fastopt.Residual(2, True)], ids=str)
def test_normalization_and_shortcuts(residual, normalization, tmp_path):
    net = network(3, 2, "tanh", normalization=normalization, residual=residual, dropout=0.1)
    simple = residual is False and not isinstance(net.normalization, fastopt.LayerNormalization)
    compare(net, X, tmp_path, back=simple)
    if not simple:  # by name, not by wrong numbers
        with pytest.raises(ValueError, match=r"a\d, the outputs .* is computed in several"):
            fastopt.from_matlab(tmp_path / "net.m")


@pytest.mark.parametrize("targets", [None, "standard"])
@pytest.mark.parametrize("inputs", [None, "standard", "minmax"])
def test_scalings(inputs, targets, tmp_path):
    far = X * [1e3, 1, 0] + [5e4, 0, 7]  # the last column is constant
    Y = np.column_stack([1e4 + 1e3 * np.sin(X[:, 0]), np.full(20, 3.5)])
    net = fastopt.MLP([3, 5, 2], scale_inputs=inputs, scale_targets=targets, random_state=0)
    net.fit(far, Y, epochs=3)
    compare(net, far, tmp_path)


def test_no_hidden_layer(tmp_path):
    compare(fastopt.MLP([1, 1], random_state=0), X[:, :1], tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(OCTAVE is None, reason="GNU Octave is not installed")
def test_octave(tmp_path):
    """One network that has every function, and those with other parts."""
    for i, settings in enumerate([{}, {"scale_inputs": "standard", "scale_targets": "minmax"}]):
        net = fastopt.MLP([3, *[5] * len(HIDDEN), 2], HIDDEN, random_state=0, **settings)
        net.fit(X + 3, 5 * X[:, :2], epochs=2)
        folder = tmp_path / str(i)
        folder.mkdir()
        compare(net, X, folder, octave=True)
    for i, normalization in enumerate(NORMALIZATIONS[1:], start=2):
        net = network(3, 3, "tanh", "softmax", normalization=normalization, residual="projection")
        folder = tmp_path / str(i)
        folder.mkdir()
        compare(net, X, folder, octave=True, back=False)


@pytest.mark.parametrize("name", ["net.txt", "2net.m", "a-b.m", ".m", "n" * 64 + ".m"])
def test_names_that_matlab_does_not_have(name, tmp_path):
    with pytest.raises(ValueError, match="MATLAB"):
        fastopt.MLP([2, 1]).to_matlab(tmp_path / name)
    assert not any(tmp_path.iterdir())
