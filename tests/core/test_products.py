"""Products of small matrices, without Python: see small_products.cpp."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fastopt import _core

FLAGS = {"base": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4"]}


@pytest.mark.skipif(shutil.which("c++") is None, reason="needs a C++ compiler")
def test_against_plain_loops(tmp_path):
    """Every shape of tile and every remainder, in the instructions of the variant in use."""
    cpp = Path(__file__).parents[2] / "cpp"
    command = ["c++", "-std=c++17", "-O1", *FLAGS[_core.variant], f"-I{cpp}"]
    command += [f"-isystem{cpp / 'third_party' / 'eigen'}", "-o", tmp_path / "products"]
    source = Path(__file__).with_name("small_products.cpp")
    # Not with the sanitizers' libraries under which the tests may run.
    environment = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    subprocess.run([*command, source], check=True, env=environment, timeout=200)
    result = subprocess.run(
        [tmp_path / "products"], env=environment, capture_output=True, text=True, timeout=100
    )
    assert (result.returncode, result.stdout.strip()) == (0, "done")
