"""``Parts``: data that are never in one memory, and who computes with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt import _validation
from fastopt.parts import batches, sources, sums
from fastopt.parts.arrays import InMemory, spilled

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory


class Parts:
    """Data in parts, for methods that need sums over all rows: larger than memory, or far away.

    ``net.fit(parts, optimizer="lm")`` trains by any method of the full batch. Each part gives its
    sums, such as (½Σe², Jᵀe, JᵀJ), where it is read; they are added in a fixed pairwise order. So
    the result has the same bits for any number of workers and whatever computes the parts, and
    equals that of the data in one array to rounding. In memory are as many parts as are worked
    on, less where they are mapped.

    Parameters
    ----------
    parts : sequence
        (X, y) or (X, y, sample_weight) of each part, or functions without arguments that return
        these; or what :meth:`from_arrays`, :meth:`from_tables` and :meth:`from_dask` are for.
    executor : optional
        Who computes. None: this process, a part at a time on all cores. "threads" or "processes"
        of its own. An executor of ``concurrent.futures``, a ``joblib.Parallel``, or a
        ``distributed.Client`` of Dask's: then ``parts`` may lie on other machines. What a
        worker that died had not finished is done again.
    workers : int, optional
        Of "threads" or "processes"; by default as many as :func:`fastopt.get_num_threads` says.
    keep : bool
        Whether workers keep what they have loaded, so that it is read once: for parts that all
        fit into the memory of the workers. Mapped files and blocks of Dask's are kept anyway.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> X = np.linspace(-1, 1, 1000)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> parts = fastopt.Parts.from_arrays(X, y, rows=250)
    >>> net = fastopt.MLP([1, 5, 1], random_state=0)
    >>> history = net.fit(parts, optimizer="lm", epochs=20)
    >>> len(parts), history.loss[-1] < 1e-3
    (4, True)
    """

    def __init__(
        self,
        parts: Iterable[Any],
        executor: Any = None,
        *,
        workers: int | None = None,
        keep: bool = False,
    ) -> None:
        from fastopt.parts.executors import as_executor  # it is long to import

        self._sources = [_source(i, part) for i, part in enumerate(parts)]
        if not self._sources:
            raise ValueError("parts must hold at least one part")
        self._executor = as_executor(executor, workers)
        self._keep = _validation.flag("keep", keep)
        self._folder: TemporaryDirectory[str] | None = None
        self._shared: list[Any] | None = None

    @classmethod
    def from_arrays(
        cls, X: Any, y: Any, sample_weight: Any = None, *, rows: int | None = None, **settings: Any
    ) -> Parts:
        """Return arrays cut into parts: memory maps, paths of NPY files, arrays of Zarr's.

        Workers open the files for themselves. Arrays in memory are written to temporary files
        once where other processes compute.

        Parameters
        ----------
        X : array (N, d) or path
        y : array (N,) or (N, q), or path
        sample_weight : array (N,) or (N, q), or path, optional
        rows : int, optional
            Of a part; by default so many that it holds some four million numbers, in whole chunks.
        **settings
            As of the class: ``executor``, ``workers``, ``keep``.
        """
        return cls(sources.of_arrays(X, y, sample_weight, rows), **settings)

    @classmethod
    def from_tables(
        cls,
        paths: Any,
        targets: Any,
        inputs: Any = None,
        sample_weight: str | None = None,
        **settings: Any,
    ) -> Parts:
        """Return the row groups of Parquet files, or the record batches of Arrow files, as parts.

        Parameters
        ----------
        paths : path or sequence of paths
        targets : str or sequence of str
            The columns of y; of one name alone it is (N,).
        inputs : sequence of str, optional
            The columns of X; by default all others.
        sample_weight : str, optional
            The column of the weights.
        **settings
            As of the class: ``executor``, ``workers``, ``keep``.
        """
        return cls(sources.of_tables(paths, targets, inputs, sample_weight), **settings)

    @classmethod
    def from_dask(cls, X: Any, y: Any, sample_weight: Any = None, **settings: Any) -> Parts:
        """Return the blocks of rows of ``dask.array`` or ``dask.dataframe`` as parts.

        With ``executor=client`` they are persisted on the cluster, each computed with where it
        lies; else they are made anew in each pass.

        Parameters
        ----------
        X, y, sample_weight : dask.array or dask.dataframe
            Of the same blocks of rows; arrays are rechunked to those of X.
        **settings
            As of the class: ``executor``, ``workers``, ``keep``.
        """
        return cls(sources.of_dask(X, y, sample_weight), **settings)

    def __len__(self) -> int:
        return len(self._sources)

    def __repr__(self) -> str:
        return f"<{len(self)} parts, the first {self._sources[0]}>"

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Load one part after the other."""
        return (source.load() for source in self._sources)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "Parts are taken by fit, as validation_data and by evaluate; elsewhere go through "
            "them one by one: for X, y in parts"
        )

    def summed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return f(x) = the sum of ``function(x, X, y)`` over the parts, in the same fixed order.

        For :func:`fastopt.minimize` and :func:`fastopt.least_squares`: a function that returns
        (E, g) with ``jac=True``, or (½Σe², Jᵀe, JᵀJ) as ``normal_equations``. Other processes
        must be able to import it.

        Parameters
        ----------
        function : callable
            ``function(x, X, y)``, or ``function(x, X, y, sample_weight)`` where the parts have
            weights, → a number, an array, or a tuple of these.

        Examples
        --------
        >>> import numpy as np
        >>> import fastopt
        >>> t = np.linspace(0, 4, 400)
        >>> parts = fastopt.Parts.from_arrays(t, 2 * np.exp(-0.7 * t), rows=100)
        >>> def decay(x, t, y):
        ...     J = np.stack([np.exp(-x[1] * t), -x[0] * t * np.exp(-x[1] * t)], axis=1)
        ...     e = x[0] * J[:, 0] - y
        ...     return 0.5 * (e @ e), J.T @ e, J.T @ J
        >>> sums = parts.summed(decay)
        >>> result = fastopt.least_squares(normal_equations=sums, x0=[1.0, 1.0])
        >>> result.x.round(6), result.success
        (array([2. , 0.7]), True)
        """
        return partial(_summed, self, _validation.function("function", function))

    def batches(
        self,
        batch_size: int,
        *,
        shuffle: bool = True,
        parts_at_once: int = 4,
        random_state: Any = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Yield mini-batches (X, y) or (X, y, sample_weight), each row once.

        The shuffle is that of blocks and of a buffer, not of all rows: the parts come in a random
        order, ``parts_at_once`` of them are read, their rows are put into a random order
        together, and cut into batches. Rows of distant parts meet in a batch only where their
        parts are drawn into the same buffer: files that are sorted (by class, by time) want
        ``parts_at_once`` to be large, or to be written anew in random order. The last batch of
        all may be smaller; rows that are left of a buffer go into the next one.

        Parameters
        ----------
        batch_size : int
        shuffle : bool
            False: all rows in their order.
        parts_at_once : int
            So many parts are in memory.
        random_state : None, int, numpy Generator or RandomState

        Examples
        --------
        >>> import numpy as np
        >>> import fastopt
        >>> X = np.arange(10.0)[:, None]
        >>> parts = fastopt.Parts.from_arrays(X, X[:, 0], rows=4)
        >>> [len(y) for X, y in parts.batches(3, random_state=0)]
        [3, 3, 3, 1]
        """
        return batches.batches(
            self._sources,
            _validation.integer("batch_size", batch_size, low=1),
            _validation.flag("shuffle", shuffle),
            _validation.integer("parts_at_once", parts_at_once, low=1),
            random_state,
        )

    def close(self) -> None:
        """End processes of its own, and remove temporary files; both come back when needed."""
        self._executor.close()
        self._shared = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _total(self, function: Callable[..., sums.Terms], *arguments: Any) -> sums.Terms:
        """Return the sum of ``function(number, source, *arguments)`` over all parts."""
        of_workers = self._of_workers()
        count = len(of_workers)
        work = [
            sums.Work(function, start, of_workers[start:stop], arguments)
            for start, stop in sums.ranges(count, self._executor.pieces)
        ]
        with closing(self._executor.run(work)) as done:
            found = {work[i].range: terms for i, terms in done}
        return sums.combined(found, 0, count)

    def _of_workers(self) -> list[Any]:
        """Return the parts as the workers can read them."""
        if self._shared is None:
            client = getattr(self._executor, "client", None)
            if client is not None:
                self._shared = _persisted(client, self._sources)
            elif self._executor.shares_memory:
                self._shared = self._sources
            else:
                self._shared = self._spilled()
        return self._shared

    def _spilled(self) -> list[Any]:
        """Return the parts with arrays in memory written to files, each once."""
        from tempfile import TemporaryDirectory

        written: dict[int, Any] = {}

        def in_file(array: Any) -> Any:
            if not isinstance(array, InMemory):
                return array
            key = id(array.array)
            if key not in written:
                if self._folder is None:
                    self._folder = TemporaryDirectory(prefix="fastopt-parts-")
                written[key] = spilled(array, self._folder.name, len(written))
            return written[key]

        return [
            sources.Rows(tuple(map(in_file, source.arrays)), source.start, source.stop)
            if isinstance(source, sources.Rows)
            else source
            for source in self._sources
        ]


def _persisted(client: Any, given: list[Any]) -> list[Any]:
    """Return the parts with Dask's blocks, and arrays in memory, on the cluster.

    Arrays go there by a task, so that Dask can bring them back when a worker is lost.
    """
    made = []
    for number, source in enumerate(given):
        if isinstance(source, sources.DaskBlock):
            made.append(source.filled(client.compute(list(source.delayed or ()))))
        elif isinstance(source, sources.Rows) and any(
            isinstance(array, InMemory) for array in source.arrays
        ):
            arrays = [client.submit(_itself, part, pure=False) for part in source.load()]
            made.append(sources.DaskBlock(None, number, arrays))
        else:
            made.append(source)
    return made


def _itself(value: Any) -> Any:
    return value


def _source(number: int, part: Any) -> Any:
    if hasattr(part, "load") and hasattr(part, "stays_open"):
        return part
    if callable(part):
        return sources.Given(part, number)
    if isinstance(part, tuple | list) and len(part) in (2, 3):
        return sources.of_part(part)
    raise TypeError(
        f"parts[{number}] must be (X, y), (X, y, sample_weight) or a function that returns these, "
        f"got {type(part).__name__}"
    )


def _summed(parts: Parts, function: Callable[..., Any], x: Any) -> Any:
    terms = parts._total(_of_user, function, np.asarray(x))
    return terms[0] if len(terms) == 1 else terms


def _of_user(number: int, source: Any, function: Callable[..., Any], x: Any) -> sums.Terms:
    found = function(x, *source.load())
    return tuple(map(_number, found)) if isinstance(found, tuple | list) else (_number(found),)


def _number(value: Any) -> Any:
    return value if isinstance(value, float) else np.asarray(value, dtype=np.float64)


def is_parts(value: Any) -> bool:
    """Whether data are in parts."""
    return isinstance(value, Parts)
