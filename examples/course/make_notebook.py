"""Write course.ipynb, the course as a notebook for a class, from the scripts beside it.

    python examples/course/make_notebook.py

Each statement has its text, its formula, its picture, and a question with the code to answer it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from course_texts import read, statements

NOTEBOOK = Path(__file__).with_name("course.ipynb")

INTRODUCTION = """\
# The course, statement by statement

Each section draws a picture from the script that it names, and ends with a question: change the
numbers in its cell and run it again. It needs `pip install 'fastopt[plot,sklearn]'` and the
folder `examples` of fastopt's sources, in which this notebook lies."""

# The scripts set matplotlib to write files; the pictures of a notebook come after them.
PREPARATION = """\
import sys

sys.path.append("..")  # for vanishing_gradient.py

import matplotlib.pyplot as plt
import numpy as np
{imports}

%matplotlib inline"""

# By script: how it is drawn where that is not draw(), a question, and code that answers it.
FOURTEENTH = """\
for name in vanishing_gradient.NETWORKS:
    plt.semilogy(vanishing_gradient.gradient_norms(name), label=name)
plt.xlabel("layer")
plt.ylabel("norm of the gradient before training")
plt.legend();"""

QUESTIONS = {
    "statement_01_crawl": (
        "The larger curvature is 10. From which η on does descent diverge?",
        """\
for learning_rate in (0.05, 0.15, 0.19, 0.21):
    print(learning_rate, statement_01_crawl.quadratic(learning_rate)[[0, 10, 100]])""",
    ),
    "statement_02_iterations": (
        "How many iterations is an epoch in batches of 64, and how many examples has the last one?",
        """\
print(statement_02_iterations.iterations(64), 20_000 % 64)""",
    ),
    "statement_03_noise": (
        "Which share of the runs leaves the poor minimum in batches of 2, 8 and 64?",
        """\
for batch_size in (2, 8, 64):
    print(batch_size, statement_03_noise.escapes(batch_size))""",
    ),
    "statement_04_momentum": (
        "How long is a step under a constant gradient, in multiples of η g, and how late does it "
        "turn?",
        """\
for momentum in (0.5, 0.9, 0.95):
    length = -statement_04_momentum.steps(momentum)[199] / statement_04_momentum.RATE
    print(momentum, length, 1 / (1 - momentum), statement_04_momentum.turns_after(momentum))""",
    ),
    "statement_05_ravine": (
        "Which β needs the fewest iterations along this ravine?",
        """\
for momentum in (0.5, 0.8, 0.9, 0.95, 0.99):
    print(momentum, statement_05_ravine.iterations_along(momentum))""",
    ),
    "statement_06_nesterov": (
        "How many iterations do they need, in the median of the starts?",
        """\
plain, nesterov = statement_06_nesterov.on_function("ravine")
print(np.median(plain), np.median(nesterov))""",
    ),
    "statement_07_adagrad": (
        "Is there a learning rate with which AdaGrad learns the two periods?",
        """\
for learning_rate in (0.01, 0.1, 0.5):
    print(learning_rate, statement_07_adagrad.network("adagrad", learning_rate).loss[-1])""",
    ),
    "statement_08_bias_correction": (
        "After how many steps is the correction of s less than 10 %?",
        """\
_, of_s = statement_08_bias_correction.corrections()
print(of_s[:5], 1 + np.argmax(of_s < 1.1))""",
    ),
    "statement_09_newton": (
        "What is the error after each iteration over the square of the one before?",
        """\
errors = statement_09_newton.errors()
print(errors[1:4] / errors[:3] ** 2)""",
    ),
    "statement_10_variable_metric": (
        "Is V positive definite after each step?",
        """\
for steps in range(1, statement_10_variable_metric.N + 1):
    V = statement_10_variable_metric.run(statement_10_variable_metric.fastopt.BFGS, steps).hess_inv
    print(steps, np.linalg.eigvalsh(V)[[0, -1]])""",
    ),
    "statement_11_levenberg_marquardt": (
        "At which ν does the step leave the direction of descent?",
        """\
for damping in (1e-6, 1e-3, 1, 1e3):
    print(damping, statement_11_levenberg_marquardt.towards_descent(damping))""",
    ),
    "statement_12_memory": (
        "What does fastopt say to a network that is too large?",
        """\
for method in ("newton", "lm"):
    print(statement_12_memory.refusal(method))""",
    ),
    "statement_13_symmetry": (
        "How far apart do the neurons end?",
        """\
for name, settings in statement_13_symmetry.RUNS.items():
    print(name, statement_13_symmetry.spread(**settings)[-1])""",
    ),
    "vanishing_gradient": (
        "By which factor does the gradient of the first layer lie below that of the last?",
        """\
for name in vanishing_gradient.NETWORKS:
    norms = vanishing_gradient.gradient_norms(name)
    print(name, norms[0] / norms[-1])""",
    ),
    "statement_15_schedules": (
        "Which schedule ends closest to the minimum?",
        """\
for name in statement_15_schedules.FALLING:
    print(name, statement_15_schedules.stochastic(name)[-1])""",
    ),
    "statement_16_any_function": (
        "How many iterations does each method need, and where does it end?",
        """\
for name in statement_16_any_function.METHODS:
    result = statement_16_any_function.run(name)
    print(name, result.nit, result.x)""",
    ),
}


def cells() -> list[tuple[str, str]]:
    """Return the kinds and the texts of the cells."""
    scripts = statements()
    imports = "\n".join(f"import {stem}" for stem in sorted(script.stem for script in scripts))
    found = [("markdown", INTRODUCTION), ("code", PREPARATION.format(imports=imports))]
    for script in scripts:
        text = read(script)
        formulas = "\n".join(f"    {line}" for line in text.formulas)
        found.append(("markdown", "\n\n".join([f"## {text.title}", formulas, *text.paragraphs])))
        drawn = FOURTEENTH if script.stem == "vanishing_gradient" else f"{script.stem}.draw();"
        question, code = QUESTIONS[script.stem]
        found += [("code", drawn), ("markdown", f"**Question.** {question}"), ("code", code)]
    return found


def notebook() -> dict[str, Any]:
    """Return the notebook, without outputs."""
    of_code = {"execution_count": None, "outputs": []}
    return {
        "cells": [
            {
                "cell_type": kind,
                "id": f"cell-{i}",
                "metadata": {},
                "source": text.splitlines(keepends=True),
                **(of_code if kind == "code" else {}),
            }
            for i, (kind, text) in enumerate(cells())
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def as_text() -> str:
    """Return what stands in the file."""
    return json.dumps(notebook(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    NOTEBOOK.write_text(as_text(), encoding="utf-8")
    print(NOTEBOOK)
