"""Networks, with the rows and the state of their last run, as files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt import _core, _validation
from fastopt._architecture import check_activations, check_dtype, check_sizes
from fastopt._evaluation import ForgottenLoss
from fastopt._runtime import version
from fastopt._trainable import Trainable, check_tied, check_trainable
from fastopt.layers import BatchNormalization, HiddenLayers, LayerNormalization, Residual
from fastopt.losses import check_outputs
from fastopt.storage import atomic, safetensors
from fastopt.storage.histories import packed_history, read_history
from fastopt.storage.uncertainties import packed_uncertainty, read_uncertainty
from fastopt.storage.values import Reader, entry, packed, refuse
from fastopt.training.data import check_loss
from fastopt.training.scaling import Scalings
from fastopt.training.state import state_of

if TYPE_CHECKING:
    from fastopt.network import MLP

# Of the files that this version writes, and the latest that it reads.
FORMAT = 1

# Entries of a description that say which parameters there are, and what is computed with them.
ARCHITECTURE = (
    *("layer_sizes", "activations", "output_activation", "dtype"),
    *("normalization", "dropout", "residual"),
)

_NORMALIZATIONS = {"batch": BatchNormalization, "layer": LayerNormalization}


def save(net: MLP, path: Any, state: dict[str, Any] | None = None) -> None:
    """Write a network to a file, and the state of a run where one is to go on from it."""
    arrays: dict[str, Any] = {}
    own = net.__getstate__()
    arrays["parameters"], arrays["statistics"] = own["parameters"], own["statistics"]
    document = {
        "format": FORMAT,
        "library": version(),
        "network": described(own),
        "scalings": packed("scalings", list(own["scalings"]), arrays),
        "history": packed_history(own["history"], arrays),
        "state": None if state is None else packed("state", state, arrays),
    }
    if own["metadata"]:
        document["metadata"] = own["metadata"]
    known = own["uncertainty"]
    if known is not None and np.array_equal(known.parameters, own["parameters"]):
        document["uncertainty"] = packed_uncertainty(known, arrays)
    atomic.write(path, safetensors.encode(arrays, document))


def load(path: str | os.PathLike[str]) -> MLP:
    """Read a network that ``save`` or a ``ModelCheckpoint`` has written.

    Nothing in a file is executed, and no more memory is taken than it is large. Rows and, of a
    checkpoint, the state of the run come with it: ``history_``.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    MLP
        It predicts what the saved one did, to the bit.

    Raises
    ------
    FormatError
        The file is damaged, or none of fastopt's; its ``field`` says where.
    OSError
        It cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import fastopt
    >>> net = fastopt.MLP([2, 3, 1], random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "net.safetensors")
    ...     net.save(path)
    ...     same = fastopt.load(path)
    >>> bool((same.predict([[1, 2]]) == net.predict([[1, 2]])).all())
    True
    """
    try:
        return _load(path)
    except RecursionError:
        refuse("header", "its values stand too deep within each other")


def _load(path: str | os.PathLike[str]) -> MLP:
    from fastopt.network import MLP

    arrays, document = safetensors.decode(Path(path).read_bytes())
    number = entry("", document, "format", int)
    if not 1 <= number <= FORMAT:
        refuse("format", f"this fastopt reads 1 … {FORMAT}, got {number}: a later one wrote it")
    entry("", document, "library", str)
    reader = Reader(arrays)
    state = _read_network(entry("", document, "network", dict), reader)
    scalings = reader.value("scalings", entry("", document, "scalings", list))
    output = state["output_activation"]
    state["scalings"] = _checked(
        "scalings", lambda: _scalings(scalings, state["layer_sizes"], output)
    )
    history = read_history(entry("", document, "history", dict, type(None)), reader)
    run = entry("", document, "state", dict, type(None))
    if run is not None:
        if history is None:
            refuse("history", "it is missing, and there is a state that goes on from it")
        history.solver_state = reader.value("state", run)
        _checked("state", lambda: state_of(history))
    metadata = entry("", {"metadata": {}} | document, "metadata", dict)
    net = MLP.__new__(MLP)
    net.__setstate__({**state, "history": history, "metadata": metadata})
    if "uncertainty" in document:
        known = entry("", document, "uncertainty", dict)
        net._estimated = read_uncertainty(known, reader, net)
    reader.close()
    return net


def described(own: dict[str, Any]) -> dict[str, Any]:
    """Return what a network is made of, as JSON."""
    normalization, residual, loss = own["normalization"], own["residual"], own["loss"]
    initializer = own["initializer"]
    if normalization is not None:
        kind = "batch" if isinstance(normalization, BatchNormalization) else "layer"
        normalization = {"kind": kind, **normalization.get_params()}
    if isinstance(residual, Residual):
        residual = residual.get_params()
    return {
        "layer_sizes": list(own["layer_sizes"]),
        "activations": list(own["activations"]),
        "output_activation": own["output_activation"],
        "dtype": own["dtype"],
        "seed": own["seed"],
        "normalization": normalization,
        "dropout": list(own["dropout"]),
        "residual": residual,
        # For ``restarts``. An object would have to be made by name: it is taken for an array.
        "initializer": initializer if isinstance(initializer, str | None) else False,
        "one_dimensional": bool(own["targets"][0]),
        "signed": bool(own["targets"][1]),
        "loss": {"own": loss.name} if isinstance(loss, ForgottenLoss) else loss,
        # Files of networks that are trained whole are as they were before there was a choice.
        **({"trainable": list(own["trainable"])} if own["trainable"] is not None else {}),
        **({"tied": [list(group) for group in own["tied"]]} if own["tied"] else {}),
        # Penalties of the last training, which intervals take part of.
        **{name: own[name] for name in ("l2", "l1") if own[name] > 0},
    }


def _read_network(document: dict[str, Any], reader: Reader) -> dict[str, Any]:
    """Return the state of a network, each entry checked before memory is taken for it."""

    def get(name: str, *kinds: type) -> Any:
        return entry("network", document, name, *kinds)

    def checked(name: str, check: Callable[[], Any]) -> Any:
        return _checked(f"network.{name}", check)

    sizes = checked("layer_sizes", lambda: check_sizes(get("layer_sizes", list)))
    names = get("activations", list)
    known = _core.activation_names
    output = get("output_activation", str)
    dtype = checked("dtype", lambda: check_dtype(get("dtype", str)))
    normalization = get("normalization", dict, type(None))
    if normalization is not None:
        normalization = checked("normalization", lambda: _normalization(normalization))
    residual = get("residual", bool, int, str, dict)
    if isinstance(residual, dict):
        residual = checked("residual", lambda: Residual(**residual))
    dropout = tuple(get("dropout", list))
    hidden = checked("", lambda: HiddenLayers(sizes, normalization, dropout or 0.0, residual))
    loss = get("loss", str, dict, type(None))
    if isinstance(loss, dict):
        loss = ForgottenLoss(entry("network.loss", loss, "own", str))
    elif loss is not None:
        loss = checked("loss", lambda: _loss(loss, sizes[-1]))
    trained = None
    if "trainable" in document:
        trained = checked("trainable", lambda: check_trainable(get("trainable", list), hidden))
    groups: Any = ()
    if "tied" in document:
        groups = checked("tied", lambda: check_tied(get("tied", list), hidden))
        checked("tied", lambda: Trainable(hidden, trained, groups))
    parameters, statistics = reader.array("parameters"), reader.array("statistics")
    _check_array("parameters", parameters, hidden.n_parameters, dtype)
    _check_array("statistics", statistics, 2 * sum(hidden.normalized_widths), dtype)
    return {
        "layer_sizes": sizes,
        "activations": checked("activations", lambda: check_activations(names, len(sizes) - 2)),
        "output_activation": checked(
            "output_activation", lambda: _validation.choice("output_activation", output, known)
        ),
        "dtype": dtype.name,
        "seed": checked("seed", lambda: _validation.seed(get("seed", int))),
        "normalization": normalization,
        "dropout": hidden.rates,
        "residual": hidden.residual,
        "parameters": parameters,
        "statistics": statistics,
        "targets": (get("one_dimensional", bool), get("signed", bool)),
        "initializer": get("initializer", str, bool, type(None)),
        "loss": loss,
        "trainable": trained,
        "tied": groups,
        **{
            name: checked(name, lambda name=name: _validation.number(name, get(name, float), low=0))  # type: ignore[misc]
            for name in ("l2", "l1")
            if name in document
        },
    }


def _loss(loss: str, n_outputs: int) -> str:
    name = check_loss(loss)
    check_outputs(name, n_outputs)
    return str(name)


def _normalization(settings: dict[str, Any]) -> Any:
    kind = _validation.choice("kind", settings.get("kind"), _NORMALIZATIONS)
    return _NORMALIZATIONS[kind](**{k: v for k, v in settings.items() if k != "kind"})


def _scalings(state: list[Any], sizes: tuple[int, ...], output: str) -> tuple[Any, ...]:
    """Return what a network's scalings were, with finite numbers for each column."""
    inputs_kind, targets_kind, *pairs = state
    asked = Scalings.checked(inputs_kind, targets_kind, output)
    if len(pairs) != 2:
        raise ValueError(f"there must be 2 of them, got {len(pairs)}")
    for kind, pair, width in zip(state, pairs, (sizes[0], sizes[-1]), strict=False):
        if pair is None:
            continue
        if kind is None or not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(f"a scaling must be offset and scale of {width} columns")
        for array in pair:
            fits = isinstance(array, np.ndarray) and array.dtype == np.float64
            if not fits or array.shape != (width,) or not np.isfinite(array).all():
                raise ValueError(f"offset and scale must be {width} finite numbers")
    return asked.scale_inputs, asked.scale_targets, *pairs


def _check_array(name: str, array: Any, size: int, dtype: np.dtype[Any]) -> None:
    if array.dtype != dtype or array.shape != (size,):
        refuse(
            name,
            f"the network has ({size},) numbers of {dtype}, got {array.shape} of {array.dtype}",
        )


def _checked(field: str, check: Callable[[], Any]) -> Any:
    """Return what a check returns; what it refuses is a fault of the file."""
    try:
        return check()
    except (ValueError, TypeError, AttributeError) as error:
        refuse(field.rstrip("."), str(error))
