"""Networks of delayed inputs that feed their outputs back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt._errors import FormatError, NonFiniteError
from fastopt._evaluation import outputs_of
from fastopt._names import friendly
from fastopt.network import MLP
from fastopt.optimizers import Optimizer
from fastopt.series.delays import Delays, as_columns, each, is_several, of_series, series_array
from fastopt.storage.networks import load
from fastopt.training.history import History
from fastopt.training.parts import check_validation_split, split_by_time

Array = npt.NDArray[Any]


class NARX:
    """A network of delayed inputs and delayed outputs of its own: y(t) = f(x(t − d) …, y(t − f) …).

    Nonlinear autoregression with exogenous inputs. Without ``feedback_delays`` it is a time-delay
    network, without ``input_delays`` (``x`` is then None) an autoregression, without hidden layers
    a linear ARX model. It is trained on the measured past (open loop, or series-parallel), and
    predicts by it, or by its own predictions (closed loop, or parallel), any number of steps ahead.

    Parameters
    ----------
    input_delays : iterable of int
        Delays d ≥ 0 of x, (1, 2) by default; 0 is the present.
    feedback_delays : iterable of int
        Delays f ≥ 1 of y, (1, 2) by default.
    hidden : int or sequence of int
        Units of the hidden layers, 10 by default; () for none.
    scale_inputs, scale_targets : None, "standard" or "minmax"
        As of :class:`fastopt.MLP`, each delayed column by itself; "standard" by default.
    random_state : None, int, numpy Generator or RandomState
        As of :class:`fastopt.MLP`. ``rng`` is another name of it.
    **settings
        Others of :class:`fastopt.MLP`: ``activation``, ``dtype``, ``initializer`` …

    Attributes
    ----------
    input_delays, feedback_delays : tuple of int
    lag : int
        The longest delay: predictions of a series begin at its row ``lag``.
    network_ : MLP
        Made by the first :meth:`fit`, when the columns are known; ``history_`` is its History.

    Notes
    -----
    Missing values are refused, by their row: each would stand in several rows. Cut a series there
    and give the pieces as several series.

    References
    ----------
    Leontaritis & Billings 1985; Narendra & Parthasarathy 1990 (series-parallel and parallel).
    MATLAB's names: ``narxnet``, ``narnet``, ``timedelaynet``, ``preparets``, ``closeloop``.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> x = np.random.default_rng(0).uniform(-1, 1, 300)
    >>> y = np.zeros(300)
    >>> for t in range(2, 300):
    ...     y[t] = 0.6 * y[t - 1] - 0.2 * y[t - 2] + np.tanh(x[t - 1])
    >>> model = fastopt.NARX([1], [1, 2], hidden=6, random_state=0)
    >>> history = model.fit(x[:200], y[:200], "lm", epochs=50)
    >>> free = model.predict(x[200:], y[200:], closed_loop=True)  # starts from two values of y
    >>> free.shape, bool(np.abs(free - y[202:]).max() < 0.05)
    ((98,), True)
    """

    def __init__(
        self,
        input_delays: Iterable[int] = (1, 2),
        feedback_delays: Iterable[int] = (1, 2),
        hidden: int | Iterable[int] = 10,
        *,
        scale_inputs: str | None = "standard",
        scale_targets: str | None = "standard",
        random_state: Any = None,
        rng: Any = None,
        **settings: Any,
    ) -> None:
        self._delays = Delays.checked(input_delays, feedback_delays)
        self._hidden = tuple(hidden) if isinstance(hidden, Iterable) else (hidden,)
        seed = _validation.seed(_validation.one_seed(random_state, rng))
        self._settings = {
            **settings,
            "scale_inputs": scale_inputs,
            "scale_targets": scale_targets,
            "random_state": seed,
        }
        self._network: MLP | None = None
        # What is wrong with the settings is told here, not by the first fit.
        MLP(
            [1, *self._hidden, 1], **{n: v for n, v in self._settings.items() if n != "initializer"}
        )

    @property
    def input_delays(self) -> tuple[int, ...]:
        """Delays of x."""
        return self._delays.inputs

    @property
    def feedback_delays(self) -> tuple[int, ...]:
        """Delays of y."""
        return self._delays.feedback

    @property
    def lag(self) -> int:
        """The longest delay: predictions of a series begin at this row of it."""
        return self._delays.longest

    @property
    def network_(self) -> MLP:
        """The network; there is one from the first ``fit`` on."""
        if self._network is None:
            raise AttributeError("the network is made by the first fit(x, y), which knows columns")
        return self._network

    @property
    def history_(self) -> History:
        """The History of the last ``fit``."""
        return self.network_.history_

    def __repr__(self) -> str:
        net = "" if self._network is None else f", {self._network!r}"
        return (
            f"NARX(input_delays={self.input_delays}, feedback_delays={self.feedback_delays}{net})"
        )

    def fit(
        self,
        x: Any,
        y: Any,
        optimizer: str | Optimizer = "lm",
        *,
        validation_split: float = 0.0,
        validation_data: Any = None,
        sample_weight: Any = None,
        **settings: Any,
    ) -> History:
        """Train the network on the measured past (open loop), from its present weights.

        Parameters
        ----------
        x : array (T,) or (T, d), a list of them, or None
            As for :func:`fastopt.lagged`.
        y : array (T,) or (T, q), or a list of them
        optimizer : str or Optimizer
            As for :meth:`MLP.fit`; Levenberg-Marquardt by default.
        validation_split : float
            In [0, 1): the last part of each series in time is held out, and as many rows as the
            longest delay before it are left out, so that training sees no value which
            validation predicts from, and none that it is to predict.
        validation_data : (x, y) or (x, y, sample_weight), optional
            Series of their own.
        sample_weight : array (T,), or a list of them, optional
            Of the rows of ``y``.
        **settings
            Others of :meth:`MLP.fit`: ``epochs``, ``loss``, ``callbacks``, ``restarts`` …

        Returns
        -------
        History
        """
        share = self._check_split(validation_split, validation_data)
        data = self._rows(x, y, sample_weight)
        if validation_data is not None:
            held = self._rows(*_parts_of(validation_data), "validation_data")
            settings["validation_data"] = held[:3]
        elif share > 0:
            data, settings["validation_data"] = self._split(data, share)
        inputs, targets, weights, _ = data
        width = targets.shape[1] if targets.ndim == 2 else 1
        before = net = self._network
        if net is None:
            net = MLP([inputs.shape[1], *self._hidden, width], **self._settings)
        elif (inputs.shape[1], width) != (net.layer_sizes[0], net.layer_sizes[-1]):
            raise ValueError(
                f"the network was made for {self._n_inputs()} columns of x and "
                f"{net.layer_sizes[-1]} of y, got {width} of y and {inputs.shape[1]} delayed ones"
            )
        self._network = net
        try:
            return net.fit(inputs, targets, optimizer, sample_weight=weights, **settings)
        finally:
            if not hasattr(net, "history_"):  # refused before it began
                self._network = before

    def predict(
        self,
        x: Any,
        y: Any,
        *,
        closed_loop: bool = False,
        interval: float | None = None,
        kind: str = "prediction",
    ) -> Any:
        """Return predictions of the rows ``lag`` … T − 1 of each series.

        Parameters
        ----------
        x : array (T,) or (T, d), a list of them, or None
        y : array (T,) or (T, q), or a list of them
        closed_loop : bool
            False: one step ahead, from the measured past. True: only the first ``lag`` rows of
            ``y`` are looked at, then the network's own predictions.
        interval, kind
            As for :meth:`MLP.predict`, of one step ahead.

        Returns
        -------
        array (T − lag,) or (T − lag, q), of several series a list of them
            With ``interval`` three, or three lists.
        """
        closed_loop = _validation.flag("closed_loop", closed_loop)
        if closed_loop and interval is not None:
            raise ValueError(
                "interval is of one step ahead, and closed_loop=True feeds errors back: compare "
                "closed-loop predictions with held-out series"
            )
        net = self.network_
        xs, ys = self._series(x, y)
        rows = self._delays.rows(xs, ys)
        several = is_several(y)
        if closed_loop:
            free = [self._run(*pair, len(pair[1])) for pair in zip(xs, ys, strict=True)]
            return free if several else free[0]
        if interval is None:
            outputs = [net.predict(rows.inputs)]
        else:
            outputs = list(net.predict(rows.inputs, interval=interval, kind=kind))
        if several:
            ends = np.cumsum([len(part) - self.lag for part in ys])[:-1]
            outputs = [np.split(part, ends) for part in outputs]  # type: ignore[misc]
        return outputs[0] if interval is None else tuple(outputs)

    def forecast(self, steps: int, x: Any, y: Any) -> Any:
        """Return what follows a series, ``steps`` rows, each from the predictions before it.

        Parameters
        ----------
        steps : int
        x : array (T',) or (T', d), a list of them, or None
            What drives the series, from the same row on as ``y`` and as far beyond its end as
            the last step needs: T' ≥ T + steps − the shortest of ``input_delays``.
        y : array (T,) or (T, q), or a list of them
            The series up to now, at least ``lag`` rows.

        Returns
        -------
        array (steps,) or (steps, q), of several series a list of them

        Examples
        --------
        >>> import numpy as np
        >>> import fastopt
        >>> y = np.sin(0.3 * np.arange(200))
        >>> model = fastopt.NARX((), [1, 2], hidden=(), random_state=0)  # y(t) is linear in them
        >>> _ = model.fit(None, y, epochs=20)
        >>> bool(np.allclose(model.forecast(50, None, y), np.sin(0.3 * np.arange(200, 250))))
        True
        """
        steps = _validation.integer("steps", steps, low=1)
        xs, ys = self._series(x, y)
        found = []
        for k, (inputs, own) in enumerate(zip(xs, ys, strict=True)):
            end = len(own) + steps
            if len(own) < self.lag:
                raise ValueError(
                    f"y has {len(own)} rows{of_series(k)}, and predictions need lag={self.lag}"
                )
            if inputs is not None and len(inputs) < end - min(self.input_delays):
                raise ValueError(
                    f"x has {len(inputs)} rows{of_series(k)}, and {steps} steps beyond the "
                    f"{len(own)} rows of y need {end - min(self.input_delays)}"
                )
            first = len(own) - self.lag
            past = None if inputs is None else inputs[first:]
            found.append(self._run(past, own[first:], end - first))
        return found if is_several(y) else found[0]

    @friendly
    def evaluate(self, x: Any, y: Any, loss: Any = None, metrics: Any = ()) -> Any:
        """Return the loss one step ahead, with ``metrics`` a dict: as :meth:`MLP.evaluate`."""
        rows = self._delays.rows(*self._series(x, y))
        return self.network_.evaluate(rows.inputs, rows.targets, loss, metrics=metrics)

    def save(self, path: Any) -> None:
        """Write the network with its delays to a file, which :meth:`load` reads.

        :func:`fastopt.load` reads it, too, as a network of delayed columns.
        """
        net = self.network_.copy()
        net.metadata = {**net.metadata, _ENTRY: self._delays._asdict()}
        net.save(path)

    @classmethod
    def load(cls, path: str | Path) -> NARX:
        """Read what :meth:`save` has written.

        Raises
        ------
        FormatError
            The file is damaged, or it is of a network without delays.
        """
        net = load(path)
        metadata = dict(net.metadata)
        entry = metadata.pop(_ENTRY, None)
        if not isinstance(entry, dict):
            raise FormatError(
                "the file holds a network without delays: fastopt.load reads it",
                f"metadata.{_ENTRY}",
            )
        try:
            delays = Delays.checked(entry.get("inputs"), entry.get("feedback"))
        except (ValueError, TypeError) as error:
            raise FormatError(str(error), f"metadata.{_ENTRY}") from None
        left = net.layer_sizes[0] - net.layer_sizes[-1] * len(delays.feedback)
        if left < 0 or (left % len(delays.inputs) if delays.inputs else left):
            raise FormatError(
                f"{delays} do not give the {net.layer_sizes[0]} inputs of the network",
                f"metadata.{_ENTRY}",
            )
        net.metadata = metadata
        model = cls.__new__(cls)
        model._delays, model._network = delays, net
        model._hidden, model._settings = net.layer_sizes[1:-1], {}
        return model

    # --- series in rows ------------------------------------------------------------------------

    def _n_inputs(self) -> int:
        sizes = self.network_.layer_sizes
        left = sizes[0] - sizes[-1] * len(self.feedback_delays)
        return left // len(self.input_delays) if self.input_delays else 0

    def _series(self, x: Any, y: Any) -> tuple[list[Array | None], list[Array]]:
        """Return series of as many columns as the network has been trained on."""
        net = self.network_
        xs, ys = self._delays.check_series(x, y)
        width = ys[0].shape[1] if ys[0].ndim == 2 else 1
        if width != net.layer_sizes[-1]:
            raise ValueError(f"y must have {net.layer_sizes[-1]} columns, got {width}")
        if xs[0] is not None and xs[0].shape[1] != self._n_inputs():
            raise ValueError(f"x must have {self._n_inputs()} columns, got {xs[0].shape[1]}")
        return xs, ys

    def _rows(
        self, x: Any, y: Any, sample_weight: Any = None, name: str = ""
    ) -> tuple[Array, Array, Array | None, list[int]]:
        """Return delayed columns, targets and weights, and how many rows each series has."""
        try:
            xs, ys = self._delays.check_series(x, y)
            rows = self._delays.rows(xs, ys)
        except (ValueError, TypeError) as error:
            if name:
                raise type(error)(f"{name}: {error}") from None
            raise
        weights = None
        if sample_weight is not None:
            parts = [series_array(own, part) for own, part in each("sample_weight", sample_weight)]
            if [len(part) for part in parts] != [len(part) for part in ys]:
                raise ValueError(
                    f"sample_weight must have a number for each row of y, {[len(p) for p in ys]}, "
                    f"got {[len(p) for p in parts]}"
                )
            weights = np.concatenate([part[self.lag :] for part in parts])
        return rows.inputs, rows.targets, weights, [len(part) - self.lag for part in ys]

    @staticmethod
    def _check_split(validation_split: Any, validation_data: Any) -> float:
        """Return the share of each series that is held out."""
        kind, share = check_validation_split(validation_split)
        if isinstance(validation_split, tuple | list) and kind != "last":
            raise ValueError(
                "the part of a series for validation is its last in time, got validation_split="
                f"{validation_split!r}: rows next to each other are too alike to be drawn"
            )
        if share > 0 and validation_data is not None:
            raise ValueError("give validation_data or validation_split, not both")
        return share

    def _split(
        self, data: tuple[Array, Array, Array | None, list[int]], share: float
    ) -> tuple[tuple[Array, Array, Array | None, list[int]], tuple[Array, ...]]:
        """Return the earlier rows of each series, and the later ones for validation."""
        inputs, targets, weights, counts = data
        starts = np.cumsum([0, *counts[:-1]])
        parts = [split_by_time(n, 1 - share, share, 0.0, gap=self.lag) for n in counts]
        train = np.concatenate([s + p.train for s, p in zip(starts, parts, strict=True)])
        later = np.concatenate([s + p.validation for s, p in zip(starts, parts, strict=True)])
        held = (inputs[later], targets[later])
        if weights is None:
            return (inputs[train], targets[train], None, counts), held
        return (inputs[train], targets[train], weights[train], counts), (*held, weights[later])

    def _run(self, x: Array | None, y: Array, end: int) -> Array:
        """Return rows ``lag`` … ``end`` − 1 of one series, in closed loop."""
        net, lag = self.network_, self.lag
        own = np.empty((end, net.layer_sizes[-1]))
        own[:lag] = as_columns(y)[:lag]
        back, inputs = np.array(self.feedback_delays, int), np.array(self.input_delays, int)
        row = np.empty((1, net.layer_sizes[0]))
        driven = 0 if x is None else x.shape[1] * len(inputs)
        for t in range(lag, end):
            if x is not None:
                row[0, :driven] = x[t - inputs].reshape(-1)
            row[0, driven:] = own[t - back].reshape(-1)
            own[t] = outputs_of(net, row)[0]
        if not np.isfinite(own[lag:]).all():
            wrong = int(np.argmin(np.isfinite(own).all(axis=1)))
            raise NonFiniteError(
                f"the closed loop leaves the finite numbers at its step {wrong - lag + 1}: what "
                "the network feeds back grows. Train it longer, or with more data; tanh is "
                "bounded"
            )
        free: Array = own[lag:].astype(outputs_of(net, row).dtype)  # as one step ahead
        return free[:, 0] if y.ndim == 1 else free


# Where delays stand in a network's ``metadata``, and so in files.
_ENTRY = "series"


def _parts_of(validation_data: Any) -> tuple[Any, Any, Any]:
    """Return x, y and the weights or None."""
    if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
        raise ValueError("validation_data must be (x, y) or (x, y, sample_weight)")
    x, y, *weights = validation_data
    return x, y, weights[0] if weights else None
