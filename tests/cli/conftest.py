"""Tables as people have them, and commands as people call them."""

import subprocess
import sys

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
pytest.importorskip("typer")
pytest.importorskip("rich")

from fastopt.cli import main  # noqa: E402


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder in which commands are called, empty at first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


@pytest.fixture
def table(folder):
    """200 rows of a price that is linear in numbers and a category, and a kind by the length."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "length": random.uniform(1, 5, 200).round(3),
            "colour": random.choice(["red", "green", "blue"], 200),
            "age": random.integers(1, 60, 200),
        }
    )
    of_colour = frame.colour.map({"red": 300, "green": 0, "blue": -200})
    frame["price"] = 1000 * frame.length + 50 * frame.age + of_colour + random.normal(0, 20, 200)
    frame["kind"] = np.where(frame.length > 3, "long", "short")
    frame.to_csv("data.csv", index=False)
    return frame


@pytest.fixture
def call(folder, capsys):
    """Call a command; return its exit code, what it wrote, and what it said on stderr."""

    def run(*arguments):
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return run


@pytest.fixture
def process(folder):
    """Start a command as a process of its own."""

    def start(*arguments):
        command = [sys.executable, "-m", "fastopt.cli", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, **pipes)

    return start
