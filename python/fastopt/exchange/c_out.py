"""A network as one C99 file: no allocation, no dependencies but the C library's math.h."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from fastopt import _validation
from fastopt.exchange.files import write
from fastopt.exchange.plan import Affine, LayerNorm, Plan, Step, plan_of

# Bodies of functions of z, for `real` (float or double) and F, what math.h calls its functions by.
_ACTIVATIONS = {
    "sigmoid": "return ONE / (ONE + EXP(-z));",
    "tanh": "return TANH(z);",
    "relu": "return z < 0 ? 0 : z; /* a NaN stays one */",
    "leaky_relu": "return z > 0 ? z : (real)0.01 * z;",
    "elu": "return z > 0 ? z : EXPM1(z);",
    "selu": "return z > 0 ? (real)1.0507009873554805 * z : (real)1.7580993408473766 * EXPM1(z);",
    "gelu": "return (real)0.5 * z * ERFC((real)-0.7071067811865476 * z);",
    "silu": "return z / (ONE + EXP(-z));",
    "exp": "return EXP(z);",
    "softplus": "return (z > 0 ? z : 0) + LOG1P(EXP(z > 0 ? -z : z));",
}
_NUMBERS_IN_A_LINE = 6
_TEST_ROWS = 8
# What the self-test lets pass, beside numbers of order one.
_TOLERANCES = {"float32": 1e-5, "float64": 1e-12}


def export(net: Any, path: Any, name: str = "model", dtype: str = "float32") -> None:
    """Write ``net.to_c``."""
    write(path, source(net, name, dtype).encode("ascii"))


def source(net: Any, name: str = "model", dtype: str = "float32") -> str:
    """Return the text of the file."""
    if not isinstance(name, str):
        raise TypeError(f"name must be a str, got {name!r}")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name, re.ASCII):
        raise ValueError(f"name must be a name in C: letters, digits and _, got {name!r}")
    dtype = _validation.choice("dtype", dtype, ("float32", "float64"))
    return _Writer(net, plan_of(net), name, np.dtype(dtype)).text()


class _Writer:
    def __init__(self, net: Any, plan: Plan, name: str, dtype: np.dtype[Any]) -> None:
        self.net, self.plan, self.name, self.dtype = net, plan, name, dtype
        self.double = dtype == np.float64
        self.lines: list[str] = []

    def text(self) -> str:
        head, functions = self.header(), self.functions()
        body = self.body()
        parts = [head, functions, *self.lines, body, self.self_test()]
        return (
            "\n".join(part for part in parts if part) + f"#endif /* {self.upper}_HEADER_ONLY */\n"
        )

    @property
    def upper(self) -> str:
        return self.name.upper()

    @property
    def real(self) -> str:
        return "double" if self.double else "float"

    def header(self) -> str:
        name, upper, plan = self.name, self.upper, self.plan
        widths = "-".join(map(str, self.net.layer_sizes))
        suffix = "" if self.double else "f"
        macros = "\n".join(f"#define {m.upper()} {m}{suffix}" for m in self.math() if m)
        return f"""\
/* A {widths} network, written by fastopt. C99; link with -lm.
 *
 * As a header:  #define {upper}_HEADER_ONLY before #include "{name}.c", in all files but one.
 * Self-test:    cc -std=c99 -D{upper}_TEST {name}.c -lm && ./a.out
 */
#ifndef {upper}_INCLUDED
#define {upper}_INCLUDED
#define {upper}_INPUTS {plan.n_inputs}
#define {upper}_OUTPUTS {plan.n_outputs}

/* y = the network's outputs for one sample x. Any number of threads may call it. */
void {name}_predict(const {self.real} x[{upper}_INPUTS], {self.real} y[{upper}_OUTPUTS]);
#endif /* {upper}_INCLUDED */

#ifndef {upper}_HEADER_ONLY
#include <math.h>

typedef {self.real} real;
#define ONE ((real)1)
{macros}
"""

    def math(self) -> list[str]:
        """Return the functions of math.h that are used."""
        code = " ".join(_ACTIVATIONS[n] for n in self.used() if n in _ACTIVATIONS)
        names = [m for m in ("exp", "expm1", "log1p", "tanh", "erfc") if f"{m.upper()}(" in code]
        if "softmax" in self.used() and "exp" not in names:
            names.append("exp")
        if "increasing" in self.used():
            names += [m for m in ("exp", "log1p") if m not in names]
        steps = self.plan.steps
        if any(isinstance(n, LayerNorm) for s in steps for n in (s.before, s.after)):
            names.append("sqrt")
        return names

    def used(self) -> list[str]:
        return sorted({step.activation for step in self.plan.steps})

    def functions(self) -> str:
        texts = [
            f"static real {name}(real z) {{ {_ACTIVATIONS[name]} }}\n".replace(
                f"real {name}(", f"real {self.name}_{name}("
            )
            for name in self.used()
            if name in _ACTIVATIONS
        ]
        return "".join(texts)

    def array(self, name: str, values: Any, double: bool = False) -> str:
        """Write a constant array; return its name."""
        double = double or self.double
        with np.errstate(over="ignore"):  # an overflow is reported below
            flat = (
                np.asarray(values, np.float64).astype(np.float64 if double else np.float32).ravel()
            )
        if not np.isfinite(flat).all():
            raise ValueError(f"a weight is not finite in {flat.dtype}: dtype='float64' holds more")
        full = f"{self.name}_{name}"
        numbers = [_number(v, double) for v in flat]
        rows = [
            "  " + ", ".join(numbers[i : i + _NUMBERS_IN_A_LINE])
            for i in range(0, len(numbers), _NUMBERS_IN_A_LINE)
        ]
        kind = "double" if double else "float"
        self.lines.append(
            f"static const {kind} {full}[{flat.size}] = {{\n" + ",\n".join(rows) + "};\n"
        )
        return full

    def body(self) -> str:
        plan, n = self.plan, self.plan.n_inputs
        code = [f"void {self.name}_predict(const real x[{n}], real y[{plan.n_outputs}]) {{"]
        names = ["x"]
        if plan.input_offset is not None:
            offset = self.array("input_offset", plan.input_offset, double=True)
            factor = self.array("input_factor", plan.input_factor, double=True)
            # In double: small differences of large numbers.
            code += [
                f"  real h0[{n}];",
                f"  for (int i = 0; i < {n}; ++i) h0[i] = "
                f"(real)(((double)x[i] - {offset}[i]) * {factor}[i]);",
            ]
            names = ["h0"]
        for index, step in enumerate(plan.steps, start=1):
            last = index == len(plan.steps)
            to = "y" if last else f"h{index}"
            if not last:
                code.append(f"  real {to}[{step.W.shape[1]}];")
            code += self.layer(step, index, names, to)
            names.append(to)
        if plan.output_scale is not None:
            scale = self.array("output_scale", plan.output_scale, double=True)
            offset = self.array("output_offset", plan.output_offset, double=True)
            code.append(
                f"  for (int k = 0; k < {plan.n_outputs}; ++k) "
                f"y[k] = (real)((double)y[k] * {scale}[k] + {offset}[k]);"
            )
        return "\n".join([*code, "}\n"])

    def layer(self, step: Step, index: int, names: list[str], to: str) -> list[str]:
        rows, width = step.W.shape
        W, b = self.array(f"W{index}", step.W), self.array(f"b{index}", step.b)
        loop = f"  for (int j = 0; j < {width}; ++j)"
        code = [f"{loop} {to}[j] = {b}[j];", *self.add_product(names[-1], W, rows, width, to)]
        if step.before is not None:
            code += self.normalized(step.before, index, to, width)
        if step.activation == "softmax":
            code += self.softmax(to, width)
        elif step.activation == "increasing":
            code += self.increasing(to, width)
        elif step.activation != "identity":
            code.append(f"{loop} {to}[j] = {self.name}_{step.activation}({to}[j]);")
        if isinstance(step.after, LayerNorm):
            code += self.normalized(step.after, index, to, width)
        elif isinstance(step.after, Affine):
            factor = self.array(f"factor{index}", step.after.factor)
            shift = self.array(f"shift{index}", step.after.shift)
            code.append(f"{loop} {to}[j] = {to}[j] * {factor}[j] + {shift}[j];")
        if step.start is not None:
            start = names[step.start]
            if step.P is None:
                code.append(f"{loop} {to}[j] += {start}[j];")
            else:
                P = self.array(f"P{index}", step.P)
                code += self.add_product(start, P, step.P.shape[0], width, to)
        return code

    @staticmethod
    def add_product(x: str, W: str, rows: int, width: int, to: str) -> list[str]:
        return [
            f"  for (int i = 0; i < {rows}; ++i)",
            f"    for (int j = 0; j < {width}; ++j) {to}[j] += {x}[i] * {W}[i * {width} + j];",
        ]

    def normalized(self, norm: LayerNorm, index: int, to: str, width: int) -> list[str]:
        gamma, beta = self.array(f"gamma{index}", norm.gamma), self.array(f"beta{index}", norm.beta)
        loop = f"    for (int j = 0; j < {width}; ++j)"
        epsilon = _number(np.dtype(self.dtype).type(norm.epsilon), self.double)
        return [
            "  {",
            "    real mean = 0, variance = 0, scale;",
            f"{loop} mean += {to}[j];",
            f"    mean /= {width};",
            f"{loop} variance += ({to}[j] - mean) * ({to}[j] - mean);",
            f"    scale = ONE / SQRT(variance / {width} + {epsilon});",
            f"{loop} {to}[j] = ({to}[j] - mean) * scale * {gamma}[j] + {beta}[j];",
            "  }",
        ]

    @staticmethod
    def softmax(to: str, width: int) -> list[str]:
        loop = f"    for (int j = 0; j < {width}; ++j)"
        return [
            "  {",
            f"    real largest = {to}[0], sum = 0;",
            f"{loop} if ({to}[j] > largest) largest = {to}[j];",
            f"{loop} sum += {to}[j] = EXP({to}[j] - largest);",
            f"{loop} {to}[j] /= sum;",
            "  }",
        ]

    @staticmethod
    def increasing(to: str, width: int) -> list[str]:
        positive = f"({to}[j] > 0 ? {to}[j] : 0) + LOG1P(EXP({to}[j] > 0 ? -{to}[j] : {to}[j]))"
        return [f"  for (int j = 1; j < {width}; ++j) {to}[j] = {to}[j - 1] + {positive};"]

    def self_test(self) -> str:
        plan = self.plan
        X = plan.samples(_TEST_ROWS).astype(self.dtype)
        Y = np.asarray(self.net.predict(X), dtype=np.float64).reshape(_TEST_ROWS, -1)
        kept, self.lines = self.lines, []
        xs, ys = self.array("test_x", X), self.array("test_y", Y, double=True)
        arrays, self.lines = "\n".join(self.lines), kept
        single = not self.double or self.net.dtype == np.float32
        tolerance = _TOLERANCES["float32" if single else "float64"]
        return f"""\
#ifdef {self.upper}_TEST
#include <stdio.h>

{arrays}
int main(void) {{
  double worst = 0;
  for (int s = 0; s < {_TEST_ROWS}; ++s) {{
    real y[{plan.n_outputs}];
    {self.name}_predict({xs} + s * {plan.n_inputs}, y);
    for (int k = 0; k < {plan.n_outputs}; ++k) {{
      const double t = {ys}[s * {plan.n_outputs} + k], size = fabs(t) > 1 ? fabs(t) : 1;
      const double apart = fabs((double)y[k] - t) / size;
      if (!(apart <= worst)) worst = apart;
    }}
  }}
  printf("largest difference: %g\\n", worst);
  return worst <= {tolerance:g} ? 0 : 1;
}}
#endif /* {self.upper}_TEST */
"""


def _number(value: Any, double: bool) -> str:
    """Return a number as C reads it back to the bit."""
    text = f"{float(value):.17g}" if double else f"{float(value):.9g}"
    if not any(c in text for c in ".e"):
        text += ".0"
    return text if double else text + "f"
