"""Thirteen of the NIST StRD problems of nonlinear regression, with their certified values."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_FUNCTIONS = {"exp": np.exp, "arctan": np.arctan, "sin": np.sin, "cos": np.cos, "pi": np.pi}


@dataclass(frozen=True)
class NistProblem:
    name: str
    formula: str
    x: np.ndarray
    y: np.ndarray
    starts: tuple
    certified: np.ndarray
    certified_sd: np.ndarray
    sum_of_squares: float

    def model(self, x, *b):
        """The fitted curve; b may be complex."""
        names = {f"b{i + 1}": value for i, value in enumerate(b)}
        with np.errstate(all="ignore"):
            return eval(self.formula, {**_FUNCTIONS, **names, "x": x})

    def residuals(self, b):
        return self.model(self.x, *b) - self.y

    def jacobian(self, b):
        """Exact to rounding, by a complex step."""
        columns = []
        for i in range(len(b)):
            shifted = np.array(b, dtype=complex)
            shifted[i] += 1e-30j
            columns.append(np.imag(self.model(self.x, *shifted)) / 1e-30)
        return np.stack(columns, axis=1)

    def digits(self, b):
        """Correct digits of the worst parameter, at most 11."""
        error = np.abs(b - self.certified) / np.abs(self.certified)
        return float(min(11.0, -np.log10(max(error.max(), 1e-99))))


def load():
    path = Path(__file__).parents[1] / "data" / "nist_strd_13.json"
    problems = json.loads(path.read_text())["problems"]
    return [
        NistProblem(
            name=name,
            formula=p["model"],
            x=np.array(p["x"], dtype=float),
            y=np.array(p["y"], dtype=float),
            starts=(np.array(p["start_1"], dtype=float), np.array(p["start_2"], dtype=float)),
            certified=np.array(p["certified"]),
            certified_sd=np.array(p["certified_sd"]),
            sum_of_squares=p["rss"],
        )
        for name, p in problems.items()
    ]


PROBLEMS = load()
