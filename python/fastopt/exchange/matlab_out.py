"""A network as one MATLAB function: a .m file that MATLAB and GNU Octave run, without a toolbox.

Names and layout are those of genFunction, so that what reads its files reads these.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from fastopt.exchange.files import write
from fastopt.exchange.plan import Affine, LayerNorm, Plan, Step, plan_of, without_affines

# By fastopt's name: what the function is called, and its body for the matrix n. A NaN stays one.
FUNCTIONS = {
    "sigmoid": ("logsig", "a = 1 ./ (1 + exp(-n));"),
    "tanh": ("tansig", "a = tanh(n);"),
    "relu": ("poslin", "a = n; a(n < 0) = 0;"),
    "leaky_relu": ("leaky_relu", "a = n; a(n < 0) = 0.01 * n(n < 0);"),
    "elu": ("elu", "a = n; a(n < 0) = expm1(n(n < 0));"),
    "selu": (
        "selu",
        "a = 1.0507009873554805 * n; a(n < 0) = 1.7580993408473766 * expm1(n(n < 0));",
    ),
    "gelu": ("gelu", "a = 0.5 * n .* erfc(-0.7071067811865476 * n);"),
    "silu": ("silu", "a = n ./ (1 + exp(-n));"),
    "softplus": ("softplus", "a = n; a(n < 0) = 0; a = a + log1p(exp(-abs(n)));"),
    "exp": ("exponential", "a = exp(n);"),
    "increasing": (
        "increasing",
        "s = n; s(n < 0) = 0; s = s + log1p(exp(-abs(n))); s(1, :) = n(1, :); a = cumsum(s, 1);",
    ),
    "softmax": (
        "softmax",
        "e = exp(bsxfun(@minus, n, max(n, [], 1))); a = bsxfun(@rdivide, e, sum(e, 1));",
    ),
}
_HELPERS = {
    "mapminmax_apply": (
        "y = mapminmax_apply(x, s)",
        "y = bsxfun(@times, bsxfun(@minus, x, s.xoffset), s.gain) + s.ymin;",
    ),
    "mapminmax_reverse": (
        "x = mapminmax_reverse(y, s)",
        "x = bsxfun(@plus, bsxfun(@rdivide, y - s.ymin, s.gain), s.xoffset);",
    ),
    "layernorm_apply": (
        "a = layernorm_apply(n, s)",
        "d = bsxfun(@minus, n, mean(n, 1)); "
        "z = bsxfun(@rdivide, d, sqrt(mean(d .^ 2, 1) + s.epsilon)); "
        "a = bsxfun(@plus, bsxfun(@times, z, s.gamma), s.beta);",
    ),
}
_LONGEST_NAME = 63  # namelengthmax


def export(net: Any, path: Any) -> None:
    """Write ``net.to_matlab``."""
    name = Path(os.fspath(path))
    if name.suffix != ".m" or not re.fullmatch(r"[A-Za-z]\w*", name.stem, re.ASCII):
        raise ValueError(
            f"a MATLAB function is called as its file: path must end in a name of letters, digits "
            f"and _, then .m, got {name.name!r}"
        )
    if len(name.stem) > _LONGEST_NAME:
        raise ValueError(f"MATLAB's names have at most {_LONGEST_NAME} letters, got {name.stem!r}")
    write(path, source(net, name.stem).encode("ascii"))


def source(net: Any, name: str) -> str:
    """Return the text of the file."""
    return _Writer(net, without_affines(plan_of(net)), name).text()


class _Writer:
    def __init__(self, net: Any, plan: Plan, name: str) -> None:
        self.net, self.plan, self.name = net, plan, name
        self.constants: list[str] = []
        self.calls: list[str] = []
        self.used: set[str] = set()

    def text(self) -> str:
        plan, name = self.plan, self.name
        self.body()
        widths = "-".join(map(str, self.net.layer_sizes))
        own = [FUNCTIONS[s.activation] for s in plan.steps if s.activation != "identity"]
        functions = [(f"a = {f}_apply(n)", code) for f, code in sorted(set(own))]
        functions += [_HELPERS[helper] for helper in sorted(self.used)]
        return "\n".join(
            [
                f"function y1 = {name}(x1)",
                f"%{name.upper()} A {widths} network, written by fastopt.",
                f"%   y1 = {name}(x1) for samples in columns:",
                f"%     x1 = {plan.n_inputs}xQ matrix, input #1",
                f"%     y1 = {plan.n_outputs}xQ matrix, output #1",
                "",
                *self.constants,
                "Q = size(x1, 2);",
                "x1 = double(x1);",
                *self.calls,
                "end",
                *(f"\nfunction {head}\n{_lines(code)}\nend" for head, code in functions),
                "",
            ]
        )

    def constant(self, name: str, values: Any) -> None:
        matrix = np.asarray(values, dtype=np.float64)
        matrix = matrix.reshape(-1, 1) if matrix.ndim < 2 else matrix
        rows = [" ".join(f"{v:.17g}" for v in row) for row in matrix]
        text = rows[0] if matrix.size == 1 else "[" + ";\n  ".join(rows) + "]"
        self.constants.append(f"{name} = {text};")

    def affine(self, step: str, offset: Any, gain: Any) -> None:
        self.constant(f"{step}.xoffset", offset)
        self.constant(f"{step}.gain", gain)
        self.constant(f"{step}.ymin", 0.0)

    def body(self) -> None:
        plan, names = self.plan, ["x1"]
        if plan.input_offset is not None:
            self.affine("x1_step1", plan.input_offset, plan.input_factor)
            self.calls.append("xp1 = mapminmax_apply(x1, x1_step1);")
            self.used.add("mapminmax_apply")
            names = ["xp1"]
        *steps, last = plan.steps
        scale, offset = plan.output_scale, plan.output_offset
        if scale is not None and offset is not None:
            # A constant target comes from its offset alone.
            kept = scale != 0
            last = Step(**{**vars(last), "W": last.W * kept, "b": last.b * kept})
        for index, step in enumerate([*steps, last], start=1):
            self.layer(step, index, names)
            names.append(f"a{index}")
        if scale is None or offset is None:
            self.calls.append(f"y1 = {names[-1]};")
            return
        self.affine("y1_step1", offset, 1 / np.where(scale != 0, scale, 1.0))
        self.calls.append(f"y1 = mapminmax_reverse({names[-1]}, y1_step1);")
        self.used.add("mapminmax_reverse")

    def layer(self, step: Step, index: int, names: list[str]) -> None:
        weights = "IW1_1" if index == 1 else f"LW{index}_{index - 1}"
        self.constants.append(f"% Layer {index}")
        self.constant(f"b{index}", step.b)
        self.constant(weights, step.W.T)
        a, total = f"a{index}", f"repmat(b{index}, 1, Q) + {weights} * {names[-1]}"
        function = None if step.activation == "identity" else FUNCTIONS[step.activation][0]
        if step.before is not None:
            self.calls.append(f"{a} = {total};")
            self.normalized(step.before, index)
            total = a
        if function is not None:
            total = f"{function}_apply({total})"
        if total != a:
            self.calls.append(f"{a} = {total};")
        if isinstance(step.after, LayerNorm):
            self.normalized(step.after, index)
        elif isinstance(step.after, Affine):
            self.constant(f"{a}_factor", step.after.factor)
            self.constant(f"{a}_shift", step.after.shift)
            scaled = f"bsxfun(@times, {a}, {a}_factor)"
            self.calls.append(f"{a} = bsxfun(@plus, {scaled}, {a}_shift);")
        if step.start is not None:
            start = names[step.start]
            if step.P is not None:
                self.constant(f"P{index}", step.P.T)
                start = f"P{index} * {start}"
            self.calls.append(f"{a} = {a} + {start};")

    def normalized(self, norm: LayerNorm, index: int) -> None:
        step = f"a{index}_norm"
        for name in ("gamma", "beta", "epsilon"):
            self.constant(f"{step}.{name}", getattr(norm, name))
        self.calls.append(f"a{index} = layernorm_apply(a{index}, {step});")
        self.used.add("layernorm_apply")


def _lines(code: str) -> str:
    return "\n".join(f"  {part};" for part in code.rstrip(";").split("; "))
