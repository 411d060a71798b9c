"""A training from a table to a network, by the settings of an experiment."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

import fastopt
from fastopt import _validation
from fastopt._errors import DivergenceError
from fastopt.callbacks import EarlyStopping
from fastopt.cli import building
from fastopt.cli.data.blocks import Blocks, blocks_of
from fastopt.cli.data.columns import numbers_of
from fastopt.cli.data.preprocessing import Preprocessing, learn
from fastopt.cli.data.tables import Reading, read
from fastopt.cli.experiment import Experiment
from fastopt.cli.failure import Failure, Misuse, misuse, unknown
from fastopt.cli.results import described, one_hot
from fastopt.cli.streaming import LARGE, learn_streamed, spool, targets_of
from fastopt.cli.watching import RichProgress, Starts, TimedCheckpoint, checkpoint_of
from fastopt.loggers import JSONLinesLogger, _plain
from fastopt.storage import atomic
from fastopt.training.history import History
from fastopt.training.stopping import Stopping


@dataclass
class Part:
    """Some rows of the table, as a network takes them."""

    name: str
    rows: Any
    X: Any
    y: Any
    weights: Any = None


@dataclass
class Data:
    """A table, split."""

    path: Path
    n_rows: int
    preprocessing: Preprocessing
    parts: list[Part]
    split: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)  # values, by column
    streamed: bool = False

    def part(self, name: str) -> Part | None:
        """Return a part by its name."""
        return next((part for part in self.parts if part.name == name), None)


def check_output(path: Path, what: str, *used: Path) -> None:
    """Refuse, before the work, a place that no file can be written to, and what is read as well."""
    if path.is_dir():
        raise Misuse(f"{what} {path} is a folder: give a file such as {path / 'model.safetensors'}")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise Misuse(f"{what} {path}: there is no folder {folder}; make it first")
    if path.exists() and any(other.exists() and path.samefile(other) for other in used):
        raise Misuse(f"{what} {path} is what is read, and would be replaced: give another file")


def reading_of(data: dict[str, Any]) -> Reading:
    """Return how a section of settings says that a table is read."""
    return Reading(data["separator"], data["decimal"], data["header"], data["sheet"])


def load_data(experiment: Experiment) -> Data:
    """Read the table, split its rows and learn what becomes of its columns."""
    settings = experiment["data"]
    if settings["path"] is None:
        raise Misuse('no data are named: fastopt train data.csv, or path = "…" below [data]')
    path = Path(settings["path"])
    blocks = _streamed(path, settings)
    frame: Any = None if blocks is not None else read(path, reading_of(settings))
    names = blocks.names if blocks is not None else list(frame.columns)
    n = blocks.n_rows if blocks is not None else len(frame)
    if not settings["target"]:
        raise Misuse(
            f"which column is to be learned? --target {quote(names[-1])}; {path.name} has "
            f"{', '.join(names[:12])}"
        )
    weights = settings["weights"]
    if weights is not None and weights not in names:
        raise unknown("column (--weights)", weights, names)
    ignored = [*settings["ignore"], *([weights] if weights else [])]
    held_out = _shares(n, experiment)
    if blocks is not None:
        return _data_of_blocks(blocks, experiment, ignored, held_out)
    targets = settings["target"]
    options = {
        "inputs": settings["inputs"] or None,
        "ignore": ignored,
        "categorical": settings["categorical"],
        "task": settings["task"],
        "impute": settings["impute"],
    }
    whole = learn(frame, targets, **options)
    labels = whole.y(frame) if whole.task == "classification" else None
    split, shares = _split(n, labels, experiment, *held_out)
    preprocessing = whole
    if settings["impute"]:
        preprocessing = learn(frame, targets, **options, training_rows=split.train)
    missing = {column.name: int(frame[column.name].isna().sum()) for column in whole.inputs}
    w = None if weights is None else _weights(frame[weights])
    X = preprocessing.X(frame)
    rows = _rows_of_parts(split)
    order = _order(len(split.train), experiment)
    inputs = {name: X[at] for name, at in rows.items()}
    if order is not None:
        inputs["training"] = inputs["training"][np.argsort(order)]
    parts = _parts(rows, inputs, preprocessing.y(frame), w, order)
    return Data(path, n, preprocessing, parts, shares, missing)


def _streamed(path: Path, settings: dict[str, Any]) -> Blocks | None:
    """Return the table as blocks where it is read so."""
    asked = settings["stream"]
    if asked is False:
        return None
    blocks = blocks_of(path)
    if blocks is None:
        if asked and path.exists():
            raise Misuse(
                f"--stream reads Parquet and NPY in blocks, and {path.name!r} is of another kind"
            )
        return None
    return blocks if asked or blocks.size > LARGE else None


def _data_of_blocks(
    blocks: Blocks, experiment: Experiment, ignored: list[str], held_out: tuple[float, float, int]
) -> Data:
    settings = experiment["data"]
    made, whole, dtype = learn_streamed(blocks, settings, ignored)
    y = targets_of(made, whole)
    weights = settings["weights"]
    w = None if weights is None else _weights(whole[weights])
    labels = y if made.task == "classification" else None
    split, shares = _split(blocks.n_rows, labels, experiment, *held_out)
    rows = _rows_of_parts(split)
    order = _order(len(split.train), experiment)
    folder = Path(experiment["output"]["model"]).absolute().parent
    inputs = spool(blocks, made, list(rows.values()), dtype, folder, order)
    parts = _parts(rows, dict(zip(rows, inputs, strict=True)), y, w, order)
    return Data(blocks.path, blocks.n_rows, made, parts, shares, streamed=True)


def _rows_of_parts(split: Any) -> dict[str, Any]:
    rows = {"training": split.train, "validation": split.validation, "test": split.test}
    return {name: at for name, at in rows.items() if len(at)}


def _order(n: int, experiment: Experiment) -> Any:
    """Return where rows of training are put if they are shuffled once, before the first epoch."""
    shuffle = experiment["training"]["shuffle"]
    if shuffle != "once":
        if not isinstance(shuffle, bool):
            raise Misuse(f'shuffle must be true, false or "once", got {shuffle!r}')
        return None
    return np.random.default_rng(experiment["training"]["seed"]).permutation(n)


def _parts(rows: dict[str, Any], inputs: dict[str, Any], y: Any, w: Any, order: Any) -> list[Part]:
    """Return the parts; the inputs of the first are in their order already."""
    if order is not None:
        rows = {**rows, "training": rows["training"][np.argsort(order)]}
    return [
        Part(name, at, inputs[name], y[at], None if w is None else w[at])
        for name, at in rows.items()
    ]


def _weights(column: Any) -> Any:
    values = numbers_of(column)
    wrong = ~(values >= 0)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise Failure(
            f"column {column.name!r} of weights has {values[row]} in row {row + 1}: weights are "
            "numbers >= 0"
        )
    return values


def _shares(n: int, experiment: Experiment) -> tuple[float, float, int]:
    """Return the shares that are held out, and the seed that draws them."""
    settings = experiment["data"]
    with misuse():
        validation = _validation.number("validation", settings["validation"], low=0, below=1)
        test = _validation.number("test", settings["test"], low=0, below=1)
        seed = _validation.integer("seed", experiment["training"]["seed"], low=0)
    if validation + test >= 1:
        raise Misuse(
            f"validation={validation:g} and test={test:g} leave no rows for training: their sum "
            "must be below 1"
        )
    fewest = 1 + (validation > 0) + (test > 0)
    if n < max(2, fewest):
        raise Failure(
            f"{settings['path']} has {n} row{'s' * (n > 1)}: training needs 2 and more, and one "
            "more for each part that is held out (--validation 0 holds none out)"
        )
    return validation, test, seed


def _split(
    n: int, labels: Any, experiment: Experiment, validation: float, test: float, seed: int
) -> Any:
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    # Where a class has one sample alone its rows cannot stand in several parts.
    stratified = labels is not None and np.bincount(labels).min() >= 2
    try:
        parts = fastopt.split(
            n, **shares, stratify=labels if stratified else None, random_state=seed
        )
    except ValueError as error:
        path = experiment["data"]["path"]
        raise Failure(f"{path}: {error}; give other --validation and --test") from error
    return parts, {**shares, "seed": seed, "stratified": bool(stratified), "rows": n}


def make_network(experiment: Experiment, preprocessing: Preprocessing) -> fastopt.MLP:
    """Return the network, with what belongs to its table."""
    settings = experiment.network_settings()
    for key, known in (
        ("normalization", building.NORMALIZATIONS),
        ("residual", building.RESIDUALS),
        ("initializer", building.INITIALIZERS),
    ):
        if key in settings:
            settings[key] = building.build(key, settings[key], known, plain_name=False)
    classifies = preprocessing.task == "classification"
    if settings.get("scale_targets") == "auto":
        settings["scale_targets"] = None if classifies else "standard"
    for key in ("scale_inputs", "scale_targets"):
        settings[key] = None if settings.get(key) in (None, "none") else settings[key]
    if classifies:
        settings.setdefault("output_activation", "softmax")
    elif experiment["training"]["loss"] == "poisson":
        settings.setdefault("output_activation", "exp")
    if settings["scale_targets"] and settings.get("output_activation", "identity") != "identity":
        settings["scale_targets"] = None  # bounded outputs mean the units of the targets
    sizes = [preprocessing.width, *experiment.hidden(), preprocessing.n_outputs]
    with misuse():
        return fastopt.MLP(sizes, random_state=experiment["training"]["seed"], **settings)


@dataclass
class Fit:
    """A network that was trained, and how that ended."""

    net: fastopt.MLP
    history: History
    loss: str
    interrupted: bool = False
    checkpoint: Path | None = None


def train(experiment: Experiment, data: Data, console: Any, quiet: bool, resume: bool) -> Fit:
    """Train a network; Ctrl-C ends the training and loses nothing of it."""
    settings, output = experiment["training"], experiment["output"]
    net = make_network(experiment, data.preprocessing)
    data.preprocessing.attach(net, split=data.split)
    optimizer = building.build("optimizer", experiment["optimizer"], building.OPTIMIZERS)
    classifies = data.preprocessing.task == "classification"
    loss = settings["loss"]
    if loss == "auto":
        squares = isinstance(optimizer, fastopt.LevenbergMarquardt) or not classifies
        loss = "mse" if squares else "cross_entropy"
    metrics = settings["metrics"]
    if metrics == "auto":
        metrics = ["accuracy"] if classifies else []
    with misuse():
        restarts = _validation.integer("restarts", settings["restarts"], low=1)
        patience = _validation.integer("patience", settings["patience"], low=0)
        stopping = Stopping(**experiment["stopping"]) if experiment["stopping"] else None
    validation = data.part("validation")
    callbacks = [
        building.build("callback", given, building.CALLBACKS) for given in experiment.callbacks
    ]
    early = [c for c in callbacks if isinstance(c, EarlyStopping)]
    if validation is not None and patience and not early:
        early = [EarlyStopping(patience=patience)]
        callbacks += early
    model = Path(output["model"])
    checkpoint = TimedCheckpoint.beside(model) if output["checkpoint"] and restarts == 1 else None
    log = output["log"]
    if log is not None and restarts == 1:
        callbacks.append(JSONLinesLogger(log))
    starts = Starts(console, restarts, quiet, described(data))
    callbacks += [RichProgress(starts, early), *([checkpoint] if checkpoint else [])]
    training = data.part("training")
    assert training is not None
    held_out = None
    if validation is not None:
        held_out = (validation.X, one_hot(data.preprocessing, validation.y, loss))
        held_out += () if validation.weights is None else (validation.weights,)
    fit = Fit(net, History(), loss)
    try:
        with starts:
            fit.history = net.fit(
                training.X,
                one_hot(data.preprocessing, training.y, loss),
                optimizer,
                loss=loss,
                epochs=settings["epochs"],
                batch_size=None if settings["batch_size"] == "all" else settings["batch_size"],
                shuffle=settings["shuffle"] is True,
                validation_data=held_out,
                metrics=metrics,
                l2=settings["l2"],
                l1=settings["l1"],
                clip=building.build("clip", settings["clip"], building.CLIPS),
                class_weight=settings["class_weight"],
                callbacks=callbacks,
                stopping=stopping,
                random_state=settings["seed"],
                sample_weight=training.weights,
                restarts=restarts,
                best_by=settings["best_by"],
                resume_from=_resumed(model, restarts) if resume else None,
            )
    except KeyboardInterrupt:
        kept = starts.kept()
        fit.net = net if kept is None else kept.network
        fit.history, fit.interrupted = getattr(fit.net, "history_", History()), True
        if not len(fit.history):
            raise Failure("interrupted before the first epoch: nothing is saved") from None
        if checkpoint is not None:
            checkpoint.write()
        if kept is not None and not kept.ended:
            for callback in kept.early:  # which give the best weights back at the end of a run
                callback.on_train_end()
    except DivergenceError as error:
        raise Failure(f"{error} (--learning-rate, --set training.clip=…)") from error
    except (ValueError, TypeError) as error:
        if starts.begun:
            raise
        raise Misuse(str(error)) from error  # of a setting that fit refuses before it begins
    if log is not None and restarts > 1:
        _write_log(Path(log), fit.history)
    fit.checkpoint = checkpoint_of(model) if checkpoint else None
    return fit


def _resumed(model: Path, restarts: int) -> Path:
    if restarts > 1:
        raise Misuse(
            f"--resume goes on with one training, and --restarts {restarts} begins several"
        )
    path = checkpoint_of(model)
    if not path.exists():
        raise Failure(
            f"there is nothing to resume: {path} is not there. A training of {model} writes it "
            "as it goes; start without --resume"
        )
    return path


def _write_log(path: Path, history: History) -> None:
    """Write the rows of the best of several starts."""
    rows = zip(*(history[name] for name in history), strict=True)
    lines = (json.dumps(_plain(dict(zip(history, row, strict=True)))) + "\n" for row in rows)
    atomic.write(path, (line.encode() for line in lines))
