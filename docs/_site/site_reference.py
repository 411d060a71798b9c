"""The reference: a page for each public class and function, and a list for each room.

The names are those of the package itself, so that nothing public can be missing.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

import fastopt
from fastopt.cli.app import app as commands

# Title, text, and where the names of the room are at home in the package.
ROOMS = {
    "functions": ("Functions", "Functions of your own: minima and fits.", ("functions",)),
    "optimizers": ("Optimisers", "For networks, functions and arrays alike.", ("optimizers",)),
    "schedules": ("Learning rates and clipping", "", ("schedules", "clip")),
    "network": ("Networks", "", ("network", "layers", "initializers", "ensemble", "memory")),
    "training": ("Training", "What `fit` takes and returns.", ("training", "callbacks", "loggers")),
    "estimators": ("Estimators", "In scikit-learn: `fastopt[sklearn]`.", ("estimators",)),
    "exchange": ("Exchange", "Models of other software.", ("exchange",)),
    "storage": ("Storage", "Files of networks and of runs.", ("storage",)),
    "plots": ("Pictures", "They need `fastopt[plot]`.", ("plots",)),
    "other": ("Settings and errors", "", ()),
}
# Bases of what users name, which have the methods that all of a kind share.
BASES = {
    "optimizers": ("Optimizer", "FirstOrder"),
    "schedules": ("Schedule",),
    "clip": ("Clip",),
    "initializers": ("Initializer",),
    "functions.result": ("Status",),
    "estimators.base": ("MLPEstimator",),
}
# scikit-learn makes them for every estimator, and documents them itself.
ROUTED = ("fit", "partial_fit", "predict", "predict_proba", "predict_interval", "score")
ROUTING = ", ".join(f"set_{method}_request" for method in ROUTED)


def public() -> dict[str, str]:
    """Return the public objects: the name by which users reach each, and its home."""
    names = [*fastopt.__all__, *fastopt._OF_EXTRAS]
    found = {f"fastopt.{name}": getattr(fastopt, name).__module__ for name in names}
    for module in ("initializers", "plots"):
        for name, value in vars(import_module(f"fastopt.{module}")).items():
            of_the_module = getattr(value, "__module__", "").startswith(f"fastopt.{module}")
            if (
                of_the_module
                and not name.startswith("_")
                and inspect.isroutine(value) | (inspect.isclass(value))
            ):
                found[f"fastopt.{module}.{name}"] = value.__module__
    for module, bases in BASES.items():
        found |= {f"fastopt.{module}.{name}": f"fastopt.{module}" for name in bases}
    return found


def room_of(home: str) -> str:
    """Return the room in which an object of a module is listed."""
    folder = home.removeprefix("fastopt.").split(".")[0]
    return next((room for room, (*_, homes) in ROOMS.items() if folder in homes), "other")


def find(name: str) -> Any:
    """Return the object that has a name such as fastopt.plots.roc."""
    value: Any = fastopt
    for part in name.split(".")[1:]:
        value = getattr(value, part, None) or import_module(f"{value.__name__}.{part}")
    return value


def summary(value: Any) -> str:
    """Return the first paragraph of a docstring as one line of a table."""
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split()).replace("|", "\\|")


def page(name: str) -> str:
    """Return the page of an object."""
    value = find(name)
    title = f"# {name.removeprefix('fastopt.')}\n\n"
    if not inspect.isclass(value):
        return f"{title}```{{eval-rst}}\n.. autofunction:: {name}\n```\n"
    others = {find(other): other for other in public()}
    base = next((others[kind] for kind in value.__mro__[1:] if kind in others), None)
    kind = f"A kind of {{any}}`{base}`, whose methods it has.\n\n" if base else ""
    directive = f".. autoclass:: {name}\n   :members:\n   :exclude-members: {ROUTING}"
    return f"{title}{kind}```{{eval-rst}}\n{directive}\n```\n"


def room_page(room: str, names: list[str]) -> str:
    """Return the list of a room."""
    title, text, homes = ROOMS[room]
    modules = [f".. automodule:: fastopt.{home}" for home in homes if home in fastopt._MODULES]
    rows = [f"| {{any}}`{n.removeprefix('fastopt.')} <{n}>` | {summary(find(n))} |" for n in names]
    lines = [f"# {title}", "", text, "", "```{eval-rst}", "\n\n".join(modules), "```", ""]
    lines += ["| | |", "|---|---|", *rows, ""]
    lines += ["```{toctree}", ":hidden:", "", *[n.removeprefix("fastopt.") for n in names], "```"]
    return "\n".join(lines) + "\n"


def cli_page() -> str:
    """Return the commands with their arguments and options, as --help tells them."""
    text = ["# Command line", "", "With `fastopt[cli]`; {doc}`../cli` shows how it is used.", ""]
    for name, command in typer.main.get_command(commands).commands.items():
        text += [f"## fastopt {name}", "", inspect.cleandoc(command.help or ""), ""]
        text += ["| | |", "|---|---|"]
        for parameter in command.params:
            names = ", ".join(f"`{o}`" for o in [*parameter.opts, *parameter.secondary_opts])
            help = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
            text.append(f"| {names} | {help} |")
        text.append("")
    return "\n".join(text)


def write(app: Any) -> None:
    """Write the pages into docs/api."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    names = public()
    pages = {name.removeprefix("fastopt."): page(name) for name in names}
    for room in ROOMS:
        inside = [name for name, home in names.items() if room_of(home) == room]
        pages[f"room_{room}"] = room_page(room, sorted(inside, key=str.lower))
    pages["cli"] = cli_page()
    rooms = [f"room_{room}" for room in ROOMS]
    pages["index"] = "\n".join(
        ["# API reference", "", "```{toctree}", ":maxdepth: 2", "", *rooms, "cli", "```", ""]
    )
    for path in set(folder.glob("*.md")) - {folder / f"{name}.md" for name in pages}:
        path.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
