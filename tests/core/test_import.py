"""What ``import fastopt`` brings into a process, and what the package shows of itself."""

import ast
import importlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import fastopt


def python(code):
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return run.stdout.split()


def test_import_takes_little_beyond_numpy():
    """The heavy modules come when they are first needed; nothing is timed here."""
    before = set(python("import sys, numpy, numpy.typing; print(*sys.modules)"))
    after = set(python("import sys, fastopt; print(*sys.modules)"))
    heavy = ("importlib.metadata", "email", "difflib", "json", "html", "csv", "matplotlib")
    heavy += (
        "pandas",
        "sklearn",
        "scipy",
        "tqdm",
        "torch",
        "fastopt.network",
        "fastopt.optimizers",
    )
    assert not (after - before) & set(heavy)
    ours = {name for name in after if name.startswith("fastopt")}
    assert len(ours) <= 12, ours


def test_names_are_there_when_they_are_asked_for():
    code = "import fastopt, sys; fastopt.MLP; print('fastopt.network' in sys.modules)"
    assert python(code) == ["True"]
    code = "from fastopt import *; print(MLP.__name__, minimize.__name__, split.__name__)"
    assert python(code) == ["MLP", "minimize", "split"]
    assert fastopt.__version__ == version("fastopt") == fastopt.build_info()["version"]


def test_the_package_shows_its_public_names_only():
    shown = dir(fastopt)
    assert shown == sorted(shown)
    modules = {n for n in shown if type(getattr(fastopt, n)).__name__ == "module"}
    assert set(shown) == {*fastopt.__all__, *fastopt._OF_EXTRAS, *modules, "__version__"}
    assert modules == {
        *("callbacks", "clip", "initializers", "layers", "losses", "optimizers", "plots"),
        "schedules",
    }
    assert dir(fastopt.plots) == sorted(fastopt.plots.__all__)
    for name in fastopt.plots.__all__:
        assert getattr(fastopt.plots, name).__module__.startswith("fastopt.")


def test_what_types_are_checked_by_is_what_is_imported():
    """The imports that type checkers read name the same homes as the table."""
    tree = ast.parse(Path(fastopt.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    read = {alias.name: node.module for node in imports for alias in node.names}
    for name in fastopt.__all__:
        assert getattr(importlib.import_module(read[name]), name) is getattr(fastopt, name)
    for name, home in {**fastopt._HOME, **fastopt._OF_EXTRAS}.items():
        assert read[name] == f"fastopt.{home}"
    assert set(fastopt._HOME) <= set(fastopt.__all__)
