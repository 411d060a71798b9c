"""The text of functions that MATLAB's genFunction writes, read as numbers: never executed.

Only assignments of numbers, vectors and matrices to the names that genFunction gives are taken, and
which functions the layers call. Everything else in such a file is the same in all of them.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt._errors import FormatError

Numbers = npt.NDArray[np.float64]

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[Ii]nf|NaN)"
_VALUE = re.compile(rf"\[[^\]]*\]|{_NUMBER}")
# x1_step1.xoffset, x1_step1_xoffset, b1, IW1_1, LW2_1, y1_step1.ymin.
_NAME = re.compile(
    r"(?:^|;)[ \t]*((?:x|y)\d+_step\d+[._]\w+|b\d+|IW\d+_\d+|LW\d+_\d+)[ \t]*=(?!=)[ \t]*",
    re.MULTILINE,
)
# a1 = tansig_apply(repmat(b1,1,Q) + IW1_1*xp1);
_LAYER = re.compile(
    r"^[ \t]*a(\d+)[ \t]*=[ \t]*(?:(\w+?)_apply\()?[ \t]*(?:repmat|bsxfun|b\d|[IL]W\d)",
    re.MULTILINE,
)
_OUTPUTS = re.compile(r"(?:^|;)[ \t]*a(\d+)[ \t]*=(?!=)", re.MULTILINE)
_STEP = re.compile(r"=[ \t]*(\w+?)_(apply|reverse)\(\w+(?:\{[^}\n]*\})?,[ \t]*((?:x|y)\d+_step\d+)")
# In the comment on top, in either orientation.
_INPUTS = re.compile(r"(?:(\d+)xQ|Qx(\d+)) matrix, input #1")


class Text:
    """What the text of a function says.

    Attributes
    ----------
    numbers : dict
        By name; the fields of steps as "x1_step1.gain".
    n_inputs : int or None
        How many inputs the comment on top tells of.
    transfers : dict of int
        The transfer function of each layer; "purelin" where none is called.
    changed : set of int
        The layers whose outputs are assigned more than once.
    steps : list of tuples
        (function, "apply" or "reverse", step), in the order of the file.
    """

    def __init__(self, text: str) -> None:
        code = "\n".join(line.split("%", 1)[0] for line in text.splitlines())
        code = re.sub(r"\.\.\.[^\n]*\n", " ", code)  # lines that go on
        if "IW1_1" not in code:
            raise FormatError(
                "this is no function that genFunction wrote for a feed-forward network: it assigns "
                "no IW1_1"
            )
        if "tapdelay" in code or re.search(r"\bIW1_2\b", code):
            what = "delays" if "tapdelay" in code else "several inputs"
            raise ValueError(f"{what} are not known here: feed-forward networks of one input are")
        self._names = set(re.findall(r"\b(?:LW\d+_\d+|b\d+)\b", code))
        found = _INPUTS.search(text)
        self.n_inputs = None if found is None else int(found[1] or found[2])
        self.numbers = {
            re.sub(r"(_step\d+)[._]", r"\1.", m[1]): _value(m[1], code, m.end())
            for m in _NAME.finditer(code)
        }
        self.transfers = {int(m[1]): (m[2] or "purelin") for m in _LAYER.finditer(code)}
        outputs = [int(m[1]) for m in _OUTPUTS.finditer(code)]
        self.changed = {i for i, times in Counter(outputs).items() if times > 1}
        self.steps = [(m[1], m[2], m[3]) for m in _STEP.finditer(code)]

    def matrix(self, name: str) -> Numbers:
        """Return an array of the file."""
        if name not in self.numbers:
            raise FormatError(f"{name} is missing: the file is cut off, or was edited")
        return self.numbers[name]

    def uses(self, name: str) -> bool:
        """Whether the name of a weight or bias stands in the file at all."""
        return name in self._names

    def fields(self, step: str) -> dict[str, Any]:
        """Return the settings of one step by name."""
        prefix = f"{step}."
        return {k[len(prefix) :]: v for k, v in self.numbers.items() if k.startswith(prefix)}


def _value(name: str, code: str, at: int) -> Numbers:
    """Return what is assigned at a place: a number, or a matrix in brackets."""
    found = _VALUE.match(code, at)
    if found is None:
        raise FormatError(
            f"{name}: {code[at : at + 40].strip()!r} is no number or matrix in brackets"
        )
    text, rest = found[0], code[found.end() : found.end() + 40].lstrip(" \t")
    turned = rest.startswith("'")
    if rest[turned : turned + 1] not in ("", ";", ",", "\n"):
        raise FormatError(f"{name}: {rest.splitlines()[0]!r} after its numbers is not known here")
    if not text.startswith("["):
        return np.array([[float(text)]])
    rows = [row.replace(",", " ").split() for row in re.split(r"[;\n]", text[1:-1])]
    rows = [row for row in rows if row]
    try:
        matrix = np.array([[float(word) for word in row] for row in rows], dtype=np.float64)
    except ValueError as error:
        raise FormatError(f"{name} is no matrix of numbers: {error}") from None
    return matrix.T if turned else matrix
