"""What a training is made of: sections of settings from a file, from the command line, or both."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import Any

from fastopt._names import check_keywords, nearest
from fastopt.cli.failure import Failure, Misuse, listed
from fastopt.network import MLP
from fastopt.training.stopping import Stopping

Section = dict[str, Any]

DEFAULTS: dict[str, Section] = {
    "data": {
        "path": None,
        "target": [],
        "inputs": [],
        "ignore": [],
        "categorical": [],
        "weights": None,
        "task": "auto",
        "impute": False,
        "validation": 0.2,
        "test": 0.0,
        "separator": None,
        "decimal": ".",
        "header": True,
        "sheet": None,
        "stream": None,
    },
    "network": {
        "hidden": [16],
        "scale_inputs": "standard",
        # "standard" of numbers; classes are not scaled.
        "scale_targets": "auto",
    },
    "optimizer": {"name": "adam"},
    "training": {
        "epochs": 500,
        "patience": 50,
        "restarts": 1,
        "best_by": None,
        "seed": 0,
        "loss": "auto",
        "metrics": "auto",
        "batch_size": "auto",
        "shuffle": True,
        "l2": 0.0,
        "l1": 0.0,
        "clip": None,
        "class_weight": None,
    },
    "stopping": {},
    "output": {
        "model": "model.safetensors",
        "log": None,
        "checkpoint": True,
        "report": None,
        "interval": None,
        "pictures": None,
    },
}
_OF_NETWORK = [
    name
    for name in inspect.signature(MLP.__init__).parameters
    if name not in ("self", "layer_sizes", "random_state", "rng")
]
# The keys of each section; None: what they are is known to the class that is made of them.
KEYS: dict[str, list[str] | None] = {
    "data": list(DEFAULTS["data"]),
    "network": ["hidden", *_OF_NETWORK],
    "optimizer": None,
    "training": list(DEFAULTS["training"]),
    "stopping": [f.name for f in fields(Stopping)],
    "output": list(DEFAULTS["output"]),
    "callbacks": None,
}
_PATHS = (
    ("data", "path"),
    *(("output", key) for key in ("model", "log", "report", "pictures")),
)
_LISTS = ("target", "inputs", "ignore", "categorical")
_TASKS = ("auto", "regression", "classification")


class Experiment:
    """The settings of a training, section by section.

    Examples
    --------
    >>> from fastopt.cli.experiment import Experiment
    >>> experiment = Experiment()
    >>> experiment.update("training", {"epochs": 20})
    >>> experiment["training"]["epochs"], experiment["data"]["validation"]
    (20, 0.2)
    """

    def __init__(self) -> None:
        self._sections: dict[str, Section] = deepcopy(DEFAULTS)
        self.callbacks: list[Section] = []

    def __getitem__(self, section: str) -> Section:
        return self._sections[section]

    @classmethod
    def read(cls, path: Path) -> Experiment:
        """Return what a TOML file holds; paths in it start from its folder.

        Raises
        ------
        Misuse
            For a key that is not known, with the nearest one.
        """
        document = _parsed(path)
        for section, key in _PATHS:
            given = document.get(section, {})
            if isinstance(given, dict) and isinstance(given.get(key), str):
                given[key] = str(path.parent / given[key])
        experiment = cls()
        experiment._take(document, str(path))
        return experiment

    def _take(self, document: Mapping[str, Any], where: str) -> None:
        for section, values in document.items():
            if section not in KEYS:
                raise _unknown_key(where, section, list(KEYS), f"[{section}]")
            if section == "callbacks":
                if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
                    raise Misuse(f"{where}: callbacks are written [[callbacks]], each a table")
                self.callbacks = list(values)
                continue
            if not isinstance(values, Mapping):
                raise Misuse(f"{where}: {section} is a section: write [{section}] and keys below")
            self.update(section, values, where)

    def update(self, section: str, values: Mapping[str, Any], where: str = "") -> None:
        """Set some of the keys of a section."""
        known = KEYS[section]
        for key, value in values.items():
            if known is not None and key not in known:
                raise _unknown_key(where, key, known, f"[{section}] {key}")
            if section == "data" and key in _LISTS:
                value = [value] if isinstance(value, str) else value
                if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                    raise Misuse(f"{where}: [data] {key} must be names of columns, got {value!r}")
            self._sections[section][key] = value
        if section == "data" and self["data"]["task"] not in _TASKS:
            raise Misuse(f"task must be one of {listed(_TASKS)}, got {self['data']['task']!r}")

    def choose_optimizer(self, name: str) -> None:
        """Take another method: the settings of the one before do not belong to it."""
        if self["optimizer"].get("name") != name:
            self._sections["optimizer"] = {"name": name}

    def set(self, assignment: str) -> None:
        """Set one key, ``section.key=value`` with a value of TOML's, or a text as it is."""
        place, equals, text = assignment.partition("=")
        section, dot, key = place.strip().partition(".")
        if not (equals and dot and key):
            raise Misuse(
                f"--set {assignment!r} must be section.key=value, as training.l2=0.001 or "
                "optimizer.beta_1=0.8"
            )
        if section not in KEYS or section == "callbacks":
            raise _unknown_key("--set", section, [k for k in KEYS if k != "callbacks"], section)
        try:
            value = _toml().loads(f"value = {text}")["value"]
        except ValueError:
            value = text.strip()
        head, *rest = key.split(".")
        for name in reversed(rest):  # optimizer.learning_rate.initial=0.1
            inner = self._sections[section].get(head)
            value = {**(inner if isinstance(inner, dict) else {}), name: value}
        if section == "optimizer" and head == "name":
            self.choose_optimizer(value)
        else:
            self.update(section, {head: value}, "--set")

    def network_settings(self) -> Section:
        """Return the keywords of ``MLP``, but for sizes and seed."""
        settings = {k: v for k, v in self["network"].items() if k != "hidden"}
        check_keywords("MLP", settings, _OF_NETWORK)
        return settings

    def hidden(self) -> list[int]:
        """Return the widths of the hidden layers."""
        widths = self["network"]["hidden"]
        widths = [widths] if isinstance(widths, int) else widths
        if not isinstance(widths, list) or not all(
            isinstance(w, int) and not isinstance(w, bool) and w >= 1 for w in widths
        ):
            raise Misuse(
                f"hidden must be widths of hidden layers >= 1, as 64,64, got {_told(widths)}; "
                "--hidden none makes a network without hidden layers"
            )
        return widths

    def text(self) -> str:
        """Return all settings as the TOML of a file that does the same."""
        tables = [(f"[{name}]", section) for name, section in self._sections.items()]
        tables += [("[[callbacks]]", callback) for callback in self.callbacks]
        return "\n".join(
            "\n".join([head, *(f"{_key(k)} = {_value(v)}" for k, v in t.items() if v is not None)])
            + "\n"
            for head, t in tables
        )


def _key(key: str) -> str:
    plain = key.replace("_", "").replace("-", "")
    return key if plain.isascii() and plain.isalnum() else _value(key)


def _value(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float):
        return repr(value)  # inf and nan too
    return json.dumps(value, ensure_ascii=False)


def _told(widths: Any) -> str:
    return ",".join(map(str, widths)) if isinstance(widths, list) else repr(widths)


def _unknown_key(where: str, key: str, known: list[str], shown: str) -> Misuse:
    near = nearest(key, known)
    cure = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}"
    return Misuse(f"{where}: {shown} is not known: {cure}".removeprefix(": "))


def _toml() -> Any:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib


def _parsed(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise Misuse(
            f"there is no file {str(path)!r}: fastopt init writes an experiment to fill in"
        )
    try:
        document: dict[str, Any] = _toml().loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Failure(f"{path} is no TOML: {error}") from error
    return document
