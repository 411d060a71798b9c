"""The commands of docs/cli.md do what the page says."""

import re
import shlex
from pathlib import Path

import fastopt

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def test_commands_run(call, folder):
    namespace = {}
    for made in blocks("python"):
        exec(compile(made, str(PAGE), "exec"), namespace)
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) >= 10
    for command in commands:
        name, *arguments = shlex.split(command)
        assert name == "fastopt"
        code, _, err = call(*arguments)
        assert code == 0, (command, err)
    assert fastopt.load("price.safetensors").history_.best["val_loss"] < 0.02
    assert len(fastopt.load("slow.safetensors").history_) == 40
    for name in (
        "predicted.csv",
        "probabilities.csv",
        "price.c",
        "again.safetensors",
        "curve.csv",
        "price.html",
    ):
        assert (folder / name).stat().st_size > 0


def test_the_experiment_runs(call, folder):
    exec(compile(blocks("python")[0], str(PAGE), "exec"), {})
    (text,) = blocks("toml")
    (folder / "e.toml").write_text(text)
    assert call("train", "e.toml")[0] == 0
