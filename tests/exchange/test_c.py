"""``to_c``: each file is compiled with all warnings as errors, run, and compared."""

import shutil
import subprocess

import numpy as np
import pytest

import fastopt

CC = shutil.which("cc")
pytestmark = pytest.mark.skipif(CC is None, reason="no C compiler")

HIDDEN = "identity sigmoid tanh relu leaky_relu elu selu gelu silu softplus".split()  # noqa: SIM905
DTYPES = ["float32", "float64"]
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
FLAGS = ["-Wall", "-Wextra", "-Werror", "-std=c99", "-pedantic"]

MAIN = """
#define {upper}_HEADER_ONLY
#include "{name}.c"
#include <stdio.h>
int main(void) {{
  {real} x[{upper}_INPUTS], y[{upper}_OUTPUTS];
  for (;;) {{
    for (int i = 0; i < {upper}_INPUTS; ++i)
      if (scanf("{read}", &x[i]) != 1) return 0;
    {name}_predict(x, y);
    for (int k = 0; k < {upper}_OUTPUTS; ++k) printf("%.17g ", (double)y[k]);
    printf("\\n");
  }}
}}
"""


def run(folder, *command, data=None):
    return subprocess.run(
        command, cwd=folder, input=data, text=True, capture_output=True, check=True, timeout=120
    ).stdout


def compiled(net, X, folder, dtype, name="model"):
    """What the compiled program computes, and what its self-test says."""
    net.to_c(folder / f"{name}.c", name, dtype)
    real = {"float32": "float", "float64": "double"}[dtype]
    read = {"float32": "%f", "float64": "%lf"}[dtype]
    main = MAIN.format(upper=name.upper(), name=name, real=real, read=read)
    (folder / "main.c").write_text(main)
    run(folder, CC, *FLAGS, "-O1", "-o", "program", "main.c", f"{name}.c", "-lm")
    lines = "\n".join(" ".join(f"{v:.17g}" for v in row) for row in X.astype(dtype))
    text = run(folder, "./program", data=lines)
    run(folder, CC, *FLAGS, f"-D{name.upper()}_TEST", "-o", "test", f"{name}.c", "-lm")
    assert run(folder, "./test").startswith("largest difference: ")
    return np.array([[float(v) for v in line.split()] for line in text.splitlines()])


def compare(net, X, folder, dtype, **settings):
    found = compiled(net, X, folder, dtype, **settings)
    expected = net.predict(X.astype(dtype)).reshape(found.shape)
    np.testing.assert_allclose(
        found, expected, rtol=0, atol=TOLERANCE[dtype] * max(1, abs(expected).max())
    )


def network(d, q, activation, output="identity", **settings):
    rng = np.random.default_rng(0)
    net = fastopt.MLP([d, 6, 6, 4, q], activation, output, random_state=0, **settings)
    net.parameters += 0.1 * rng.normal(size=net.n_parameters)
    net.statistics = np.abs(net.statistics + 0.3 * rng.normal(size=net.statistics.size))
    return net


X = 2 * np.random.default_rng(1).normal(size=(20, 3))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", HIDDEN)
def test_activations(activation, dtype, tmp_path):
    compare(network(3, 2, activation), X, tmp_path, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "softplus"])
def test_outputs(output, dtype, tmp_path):
    compare(network(3, 3, "relu", output), X, tmp_path, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "normalization",
    [
        None,
        "batch",
        "layer",
        fastopt.BatchNormalization(position="after"),
        fastopt.LayerNormalization(position="after", epsilon=1e-3),
    ],
    ids=str,
)
@pytest.mark.parametrize("residual", [False, "projection", fastopt.Residual(2, True)], ids=str)
def test_normalization_and_shortcuts(residual, normalization, dtype, tmp_path):
    net = network(3, 2, "tanh", normalization=normalization, residual=residual, dropout=0.1)
    compare(net, X, tmp_path, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_scalings(dtype, tmp_path):
    """Centred in double precision: features near 5e4 keep their digits in a float program."""
    far = X * [1e3, 1, 0] + [5e4, 0, 7]  # the last column is constant
    Y = np.column_stack([1e4 + 1e3 * np.sin(X[:, 0]), np.full(20, 3.5)])
    scales = {"scale_inputs": "standard", "scale_targets": "minmax"}
    net = fastopt.MLP([3, 5, 2], random_state=0, dtype=dtype, **scales)
    net.fit(far, Y, epochs=3)
    compare(net, far.astype(dtype).astype(np.float64), tmp_path, dtype)


def test_no_hidden_layer_and_a_name_of_ones_own(tmp_path):
    net = fastopt.MLP([3, 1], random_state=0)
    net.fit(X, X[:, 0], epochs=1)
    compare(net, X, tmp_path, "float64", name="Pump2_control")


def test_a_self_test_that_fails_says_so(tmp_path):
    network(3, 2, "tanh").to_c(tmp_path / "model.c")
    text = (tmp_path / "model.c").read_text()
    (tmp_path / "model.c").write_text(text.replace("model_tanh(h1[j])", "model_tanh(2 * h1[j])"))
    run(tmp_path, CC, *FLAGS, "-DMODEL_TEST", "-o", "test", "model.c", "-lm")
    with pytest.raises(subprocess.CalledProcessError):
        run(tmp_path, "./test")


def test_nothing_is_allocated(tmp_path):
    network(3, 2, "tanh", "softmax").to_c(tmp_path / "model.c")
    run(tmp_path, CC, *FLAGS, "-c", "model.c")
    symbols = {line.split()[-1] for line in run(tmp_path, "nm", "-u", "model.o").splitlines()}
    assert symbols <= {"expf", "tanhf", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"name": "2fast"}, ValueError, "name must be a name in C"),
        ({"name": "a b"}, ValueError, "name must be a name in C"),
        ({"name": 3}, TypeError, "name must be a str"),
        ({"dtype": "float16"}, ValueError, "dtype must be one of"),
    ],
)
def test_bad_settings(settings, error, match, tmp_path):
    with pytest.raises(error, match=match):
        fastopt.MLP([2, 1]).to_c(tmp_path / "model.c", **settings)
    assert not any(tmp_path.iterdir())
