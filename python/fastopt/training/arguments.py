"""The arguments of ``fit`` besides the data, checked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from fastopt import _names, _validation
from fastopt.callbacks import Callback, Monitor, as_list
from fastopt.clip import Clip
from fastopt.optimizers import BayesianRegularization, LevenbergMarquardt, Newton, Optimizer
from fastopt.parts.parts import is_parts
from fastopt.schedules import AdaptiveLearningRate
from fastopt.training.data import Data
from fastopt.training.history import NUMBERS, History
from fastopt.training.metrics import Metrics
from fastopt.training.parts import check_validation_split
from fastopt.training.state import RunState, state_of
from fastopt.training.stopping import Stopping

# Of the History, when they stand among the metrics.
RECORDED = ("gradient_norm", "layer_gradient_norms")
_VALIDATION = ("validation_data[0]", "validation_data[1]", "validation_data[2]")


def is_full_batch(optimizer: Optimizer) -> bool:
    """Whether the method, or its learning rate's rule, needs all data in each iteration."""
    return optimizer.full_batch or isinstance(optimizer._followed_rate, AdaptiveLearningRate)


def check_batch_size(batch_size: Any, optimizer: Optimizer, n_samples: int) -> int:
    """Return how many samples a batch holds."""
    full_batch = is_full_batch(optimizer)
    if batch_size is None:
        return n_samples
    if isinstance(batch_size, str):
        if batch_size != "auto":
            raise ValueError(
                f"batch_size must be 'auto', None or a positive integer, got {batch_size!r}"
            )
        return n_samples if full_batch else min(32, n_samples)
    size = _validation.integer("batch_size", batch_size, low=1)
    if full_batch:
        what = (
            type(optimizer).__name__
            if optimizer.full_batch
            else f"{type(optimizer.learning_rate).__name__} "  # type: ignore[attr-defined]
            "(a rule for full batches)"
        )
        raise ValueError(
            f"{what} works on the full batch: batch_size must be None or 'auto', got {size}"
        )
    return min(size, n_samples)


def split_validation(
    data: Data,
    validation_data: Any,
    validation_split: Any,
    make: Callable[..., Data],
    seed: int,
) -> tuple[Data, Data | None]:
    """Return the training data, and the validation data where there are some."""
    how, share = check_validation_split(validation_split)
    if validation_data is not None:
        if share > 0:
            raise ValueError("give validation_data or validation_split, not both")
        if is_parts(validation_data):
            return data, make(validation_data, names=_VALIDATION)
        if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
            raise TypeError("validation_data must be (X, y), (X, y, sample_weight) or Parts")
        return data, make(*validation_data, names=_VALIDATION)
    if share == 0:
        return data, None
    return data.split(how, share, seed)


def recorded_name(metric: Any) -> str | None:
    """Return the name of a metric that comes from the training itself, not from outputs."""
    return _names.canonical("", metric, RECORDED) if isinstance(metric, str) else None


def columns_of_numbers(optimizer: Optimizer, clipped: bool, gradient_norm: bool) -> list[str]:
    """Return which of `NUMBERS` the History of a run will have, in their order."""
    first_order = optimizer.kind == "first_order"
    bayesian = isinstance(optimizer, BayesianRegularization)
    single = bayesian and getattr(optimizer, "prior", None) == "single"  # else dicts of numbers
    squares = bayesian or isinstance(optimizer, LevenbergMarquardt)
    there = {
        "learning_rate": first_order,
        "gradient_norm": gradient_norm or not first_order,
        "clipped": clipped,
        "step_length": not first_order and not squares,
        "damping": squares,
        "alpha": single,
        "beta": bayesian,
        "gamma": single,
        "evidence": bayesian,
        "n_value": not first_order,
        "n_gradient": not first_order,
        "n_hessian": not first_order,
        "positive_definite": isinstance(optimizer, Newton),
    }
    return [name for name in NUMBERS if there.get(name, True)]


def check_callbacks(
    callbacks: Any, metrics: Metrics, has_validation: bool, numbers: Collection[str] = NUMBERS
) -> list[Callback]:
    """Return the callbacks, each of which finds in the History what it follows.

    ``numbers`` are the columns that the History will have beside the losses and the metrics.
    """
    checked = as_list(callbacks)
    followed = ["loss", *metrics.functions]
    columns = [*followed, *numbers]
    if has_validation:
        columns += [f"val_{name}" for name in followed]
    if sum(type(callback)._average is not Callback._average for callback in checked) > 1:
        raise ValueError("give one ExponentialMovingAverage: the network ends with one average")
    for callback in checked:
        if isinstance(callback, Monitor):
            callback.check_columns(columns, has_validation)
    return checked


def check_clip(clip: Any) -> None:
    """Refuse what is no rule of clipping."""
    if clip is not None and not isinstance(clip, Clip):
        raise TypeError(f"clip must be a ClipByValue, ClipByNorm or ClipByGlobalNorm, got {clip!r}")


def check_stopping(stopping: Any) -> None:
    """Refuse what is no set of criteria."""
    if stopping is not None and not isinstance(stopping, Stopping):
        raise TypeError(f"stopping must be a Stopping, got {stopping!r}")


def seed_of_run(random_state: Any, own: int, start: int | tuple[History, RunState]) -> int:
    """Return the seed of the batches and the split; a run that goes on keeps the one it has."""
    seed = own if random_state is None else _validation.seed(random_state)
    return seed if isinstance(start, int) else start[1].seed


def check_initial_epoch(initial_epoch: Any) -> int | tuple[History, RunState]:
    """Return the number of the first epoch, or rows and state of the run that goes on."""
    if isinstance(initial_epoch, History):
        return initial_epoch, state_of(initial_epoch)
    return _validation.integer("initial_epoch", initial_epoch, low=0)
