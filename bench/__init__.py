"""Benchmarks against other libraries: `python -m bench`, `python -m bench --help`."""

import sys
from pathlib import Path

# The problems that tests and benchmarks share.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
