"""Python code in a fresh process."""

import os
import subprocess
import sys

SANITIZED = "asan" in os.environ.get("LD_PRELOAD", "")
STRETCH = 10 if SANITIZED else 1  # of times, by the sanitizers, roughly


def run_process(code, timeout=120, **environment):
    """Return the process when it has ended; variables that are None are not set in it."""
    merged = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={name: value for name, value in merged.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=STRETCH * timeout,
    )


def run_python(code, timeout=120, **environment):
    """Return what the code prints, which has to succeed."""
    result = run_process(code, timeout, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()
