"""What a new user does, against the installed package alone: in by MATLAB, out as ONNX and C."""

import os
import shutil
import subprocess
import sys

import pytest

SCRIPT = """
import subprocess

import numpy as np
import onnxruntime

import fastopt

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (200, 2)) * [50, 1] + [300, 0]  # as measured: samples in rows
y = 20 + 5 * np.sin((X[:, 0] - 300) / 25) * X[:, 1]

net = fastopt.from_matlab("net.m")
before = net.evaluate(X, y[:, None])
net.fit(X, y[:, None], "lm", epochs=100)
after = net.evaluate(X, y[:, None])
assert after < 0.1 * before, (before, after)
net.to_onnx("net.onnx", dtype="float64", verify=X)
net.to_c("net.c", name="net", dtype="float64")

expected = net.predict(X)
session = onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
(by_onnx,) = session.run(None, {"x": X})
subprocess.run(
    ["cc", "-std=c99", "-Wall", "-Werror", "-O1", "-o", "net", "main.c", "net.c", "-lm"], check=True
)
text = "\\n".join(" ".join(f"{v:.17g}" for v in row) for row in X)
out = subprocess.run(["./net"], input=text, text=True, capture_output=True, check=True).stdout
by_c = np.array([[float(line)] for line in out.split()])
size = np.abs(expected).max()
assert np.abs(by_onnx - expected).max() <= 1e-12 * size
assert np.abs(by_c - expected).max() <= 1e-12 * size
print(fastopt.__file__)
"""

FUNCTION = """\
function [y1] = net(x1)
% a fitted network, as genFunction writes it
%   x = 2xQ matrix, input #1
x1_step1.xoffset = [250;-1];
x1_step1.gain = [0.02;1];
x1_step1.ymin = -1;
b1 = [1.5;-0.5;0.25;-1.25;0.75;2];
IW1_1 = [1 0.5;-1 1;0.75 -1.5;2 0.25;-0.5 1;1.25 -0.75];
b2 = 0.1;
LW2_1 = [0.5 -0.25 1 0.125 -0.75 0.3];
y1_step1.ymin = -1;
y1_step1.gain = 0.2;
y1_step1.xoffset = 15;
Q = size(x1,2); % samples
xp1 = mapminmax_apply(x1,x1_step1);
a1 = tansig_apply(repmat(b1,1,Q) + IW1_1*xp1);
a2 = repmat(b2,1,Q) + LW2_1*a1;
y1 = mapminmax_reverse(a2,y1_step1);
end
"""

MAIN = """
#define NET_HEADER_ONLY
#include "net.c"
#include <stdio.h>
int main(void) {
  double x[NET_INPUTS], y[NET_OUTPUTS];
  while (scanf("%lf %lf", &x[0], &x[1]) == 2) {
    net_predict(x, y);
    printf("%.17g\\n", y[0]);
  }
  return 0;
}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_in_by_matlab_out_as_onnx_and_c(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    for name, text in {"script.py": SCRIPT, "net.m": FUNCTION, "main.c": MAIN}.items():
        (tmp_path / name).write_text(text)
    own = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    command = [sys.executable, "script.py"]
    result = subprocess.run(
        command, cwd=tmp_path, env=own, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
