"""The programs of ``cpp/tests``, built by CMake with the flags of the variant in use."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fastopt import _core

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(path.stem for path in (ROOT / "cpp" / "tests").glob("*.cpp"))
TOOLS = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
CMAKE = shutil.which("cmake", path=TOOLS)

pytestmark = [
    pytest.mark.cpp,
    pytest.mark.skipif(CMAKE is None or shutil.which("c++") is None, reason="no CMake or compiler"),
]


def run(*command, **options):
    # Not with the sanitizers' libraries under which the tests may run.
    environment = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=1200, **options
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def folder():
    """Where the programs are built; it stays, so that a second run compiles only what changed."""
    folder = ROOT / "build" / f"cpp-tests-{_core.variant}"
    # No errors of warnings: GCC 12 falsely sees Eigen's packets beyond vectors of constant size.
    options = {"MODULES": "OFF", "TESTS": "ON", "WERROR": "OFF", "VARIANTS": _core.variant}
    definitions = [f"-DFASTOPT_{name}={value}" for name, value in options.items()]
    run(CMAKE, "-S", ROOT, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", *definitions)
    run(CMAKE, "--build", folder, "--parallel", str(min(os.cpu_count() or 1, 8)))
    return folder


@pytest.mark.parametrize("program", PROGRAMS)
def test_program(folder, program):
    test = f"^{program}_{_core.variant}$"
    ctest = Path(CMAKE).with_name("ctest")
    shown = run(ctest, "--output-on-failure", "--tests-regex", test, cwd=folder)
    assert "100% tests passed" in shown
