"""A slice with fixed seeds, in a process that may crash; ``make fuzz`` reads 100,000 files."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_damaged_files_end_in_format_errors():
    command = [sys.executable, "-m", "fuzz", "900", "0"]
    result = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    refused = int(result.stdout.split(" refused")[0].split()[-1])
    assert refused > 300  # the rest are changes that change no meaning
