"""``fastopt info``, ``export`` and ``import``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import fastopt
from fastopt.cli import options
from fastopt.cli.commands.use import load_model
from fastopt.cli.data.preprocessing import Preprocessing
from fastopt.cli.failure import Misuse
from fastopt.cli.training import check_output


def info(model: options.Model, as_json: options.AsJson = False) -> int:
    """Tell what a model is made of, what it takes and gives, and how it was trained."""
    net = load_model(model)
    facts = facts_of(net)
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
        return 0
    table = Table(show_header=False, show_edge=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in facts.items():
        if isinstance(value, list):
            value = ", ".join(map(_told, value))
        table.add_row(name.replace("_", " "), _plain(value))
    Console(highlight=False).print(table)
    return 0


def _told(value: Any) -> str:
    if isinstance(value, dict):
        name, categories = str(value["name"]), value.get("categories")
        return f"{name} ({', '.join(map(str, categories))})" if categories else name
    return str(value)


def _plain(value: Any) -> Any:
    from rich.text import Text

    return Text(f"{value:.6g}" if isinstance(value, float) else str(value))


def facts_of(net: fastopt.MLP) -> dict[str, Any]:
    """Return what is worth knowing of a network."""
    facts: dict[str, Any] = {
        "network": repr(net),
        "parameters": net.n_parameters,
        "scale_inputs": net.scale_inputs or "none",
        "scale_targets": net.scale_targets or "none",
    }
    preprocessing = Preprocessing.of(net)
    if preprocessing is not None:
        facts["task"] = preprocessing.task
        facts["inputs"] = [
            {"name": c.name, "categories": list(c.categories)} for c in preprocessing.inputs
        ]
        facts["targets"] = [target.name for target in preprocessing.targets]
        if preprocessing.classes:
            facts["classes"] = list(preprocessing.classes)
        filled = {c.name: c.fill for c in preprocessing.inputs if c.fill is not None}
        if filled:
            facts["missing_values_become"] = ", ".join(f"{k}: {v}" for k, v in filled.items())
    history = getattr(net, "history_", None)
    if history is not None and len(history):
        best = history.best
        facts |= {"epochs": history.epoch[-1] + 1, "ended_by": history.stop_reason or "running"}
        facts["best_epoch"] = best["epoch"] + 1
        facts |= {k: best[k] for k in ("loss", "val_loss") if k in best}
    if "command" in net.metadata:
        facts["command"] = net.metadata["command"]
    return facts


def export(
    model: options.Model,
    onnx: Annotated[Path | None, typer.Option(help="A file for ONNX Runtime.")] = None,
    c: Annotated[Path | None, typer.Option("--c", help="One C99 file.")] = None,
    matlab: Annotated[
        Path | None, typer.Option(help="A function of MATLAB's and Octave's, name.m.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="float32 or float64, of ONNX and C.")] = "float32",
    quiet: options.Quiet = False,
) -> int:
    """Write a model as ONNX, C or MATLAB."""
    if onnx is None and c is None and matlab is None:
        raise Misuse("what is it to be written as? --onnx net.onnx, --c net.c or --matlab net.m")
    for path, option in ((onnx, "--onnx"), (c, "--c"), (matlab, "--matlab")):
        if path is not None:
            check_output(path, option, model)
    net = load_model(model)
    if onnx is not None:
        net.to_onnx(onnx, dtype=dtype)
    if c is not None:
        name = "".join(ch if ch.isalnum() else "_" for ch in c.stem)
        net.to_c(c, name=name if name[:1].isalpha() else f"net_{name}", dtype=dtype)
    if matlab is not None:
        net.to_matlab(matlab)
    if not quiet:
        written = ", ".join(str(path) for path in (onnx, c, matlab) if path is not None)
        print(f"wrote {written}")
        preprocessing = Preprocessing.of(net)
        if preprocessing is not None:
            print("inputs in this order:", ", ".join(preprocessing.labels))
            if preprocessing.classes:
                print("outputs: probabilities of", ", ".join(map(str, preprocessing.classes)))
            else:
                print("outputs:", ", ".join(target.name for target in preprocessing.targets))
    return 0


def import_model(
    source: Annotated[
        Path, typer.Argument(help="model.onnx, net.mat, net.m, model.keras, model.h5.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The model's file.")] = Path(
        "model.safetensors"
    ),
    quiet: options.Quiet = False,
) -> int:
    """Make a model of fastopt's from one of other software."""
    readers: dict[str, Any] = {
        ".onnx": fastopt.from_onnx,
        **dict.fromkeys((".mat", ".m"), fastopt.from_matlab),
        **dict.fromkeys((".keras", ".h5", ".hdf5"), fastopt.from_keras),
    }
    if not source.is_file():
        raise Misuse(f"there is no file {str(source)!r}")
    suffix = source.suffix.casefold()
    if suffix not in readers:
        raise Misuse(f"{source.name!r} is of no kind that is read: {', '.join(readers)}")
    check_output(out, "--out", source)
    net = readers[suffix](str(source))
    net.save(out)
    if not quiet:
        print(f"wrote {out}: {net!r}")
    return 0
