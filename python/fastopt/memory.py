"""How much memory methods need, and whether there is as much."""

from __future__ import annotations

from pathlib import Path

try:
    import resource
except ImportError:  # of Unix alone
    resource = None  # type: ignore[assignment]

from fastopt import _core, _validation
from fastopt.optimizers import FirstOrder, registry, resolve
from fastopt.schedules import AdaptiveLearningRate

BYTES = 8  # of a double

# Vectors of a first-order rule beside its state: the gradient, the weights before an epoch, the
# best ones, the start's. At the end comes a copy of the state, and before there is one, a vector
# to compare with.
_FIRST_ORDER_VECTORS = 4
# With l1: the penalty of each weight, and the side of zero that it is on.
_L1_VECTORS = 2
# Of the same rule on a function: x, g and those of a trial, what the function gets and returns, the
# result's.
_FIRST_ORDER_VECTORS_OF_FUNCTION = 14
# Of a full-batch method: w, g, p, those of a trial and of the best one, copies in the state.
_VECTORS = 16
# Of those without a matrix, beside their pairs: on a network, whose state holds copies, and on a
# function, which gets and returns vectors of its own.
_VECTORS_WITHOUT_MATRIX = 12
_VECTORS_WITHOUT_MATRIX_OF_FUNCTION = 20
# Where some parameters are frozen or tied, those of all: the weights and their derivatives, and of
# first-order rules the copies of an epoch.
_VECTORS_OF_ALL = 6
# With fewer residuals than weights there are the metric and the penalty of each weight besides.
_DUAL_VECTORS = 21
# n × n matrices that a method holds.
_SQUARE = {"newton": 4, "bfgs": 2, "dfp": 2, "lm": 2, "bayesian_regularization": 1}
# At most so many numbers of a network's layers wait for their products in JᵀJ.
_BLOCKS_OF_SUMS = 6_000_000

# Vectors that those without a matrix keep from step to step; L-BFGS two for each pair.
_KEPT = {"steepest_descent": 0, "newton_cg": 0, "lbfgs": 0, "scg": 3, "oss": 2, "cg": 4}
_KEPT |= {"hager_zhang": 2, "polak_ribiere": 2, "fletcher_reeves": 2}

_RULES = {name: rule for name in registry if isinstance(rule := resolve(name), FirstOrder)}
METHODS = (*_RULES, *_KEPT, *_SQUARE)


def memory_needed(
    method: str | FirstOrder,
    n: int,
    N: int | None = None,
    q: int = 1,
    *,
    memory: int = 10,
    function: bool = False,
    separable: int = 0,
    trainable: int | None = None,
    l1: bool = False,
) -> int:
    """Return the bytes that a method needs for n parameters in double precision.

    Parameters
    ----------
    method : str or FirstOrder
        A name of an optimiser: "sgd", "adam", "newton", "bfgs", "dfp", "lbfgs", "lm",
        "bayesian_regularization" …; or a first-order one with its settings,
        ``fastopt.Adam(amsgrad=True)``.
    n : int
        The number of parameters.
    N, q : int, optional
        A network's N samples of q outputs, in one batch. "lm": m = N·q residuals; where m < n, the
        m × m dual system is solved; without N JᵀJ comes from a function of the caller's. A
        first-order rule without N: on mini-batches, which take a vector less.
    memory : int
        "lbfgs": the number of pairs.
    function : bool
        For ``minimize`` instead of a network; "lm" with N: for ``least_squares`` with m = N·q
        residuals.
    separable : int
        "lm" with ``separable=True`` on a network: how many of the n weights are those of the output
        layer, (its inputs + 1) · q.
    trainable : int, optional
        How many of a network's n parameters are free, where some are frozen or tied: the method
        holds that many, beside derivatives by all n, before they are summed.
    l1 : bool
        A first-order rule with ``fit(l1=...)``.

    Returns
    -------
    int
        Bytes that a run takes at its peak beside the parameters, the state in the result included;
        the data and the layers' outputs are not. Scaling inside a network adds nothing: it is done
        while batches are gathered, and the data are not copied.

    Notes
    -----
    Newton holds H, its factor and, where H is indefinite, a scaled copy and its eigenvectors, 4 n².
    BFGS and DFP hold V, and a copy goes into the result, 2 n². Levenberg-Marquardt on a network
    holds JᵀJ and its factor in one square, n², beside blocks of layers that are summed at once, at
    most n² and 48 MB (up to 16 MB where n² is less, which is not counted), and so does Bayesian
    regularisation, whatever m is; Levenberg-Marquardt with m < n residuals J,
    JJᵀ and its factor, m·n + 2 m²; with a function's JᵀJ a copy of that too, 2 n². With
    ``separable`` n is that of the hidden weights, whatever m is, and three rows of as many numbers
    for each output weight come to it.
    ``least_squares`` holds J and its factors at two points, and a J in the result, 5 m·n + 4 n²;
    with m ≤ n residuals the rank comes from singular values, 8 m·n + 6 n² + 4 m². L-BFGS holds its
    pairs, 2 · memory · n once there were as many iterations, and a copy of them in the result of
    ``fit``; first-order rules their means and a copy of them, a gradient and three copies of the
    weights. A float32 network takes half as much.

    Examples
    --------
    VGG16: the Hessian alone has n² = 19,142,809,981,711,936 entries.

    >>> import fastopt
    >>> n = 138_357_544
    >>> f"{fastopt.memory_needed('bfgs', n):.3g} bytes, {fastopt.memory_needed('adam', n):.3g}"
    '3.06e+17 bytes, 8.85e+09'
    """
    if not isinstance(method, FirstOrder):
        name = _validation.choice("method", method, METHODS)
        method = _RULES.get(name, name)
    n = _validation.integer("n", n, low=1)
    if N is not None:
        N = _validation.integer("N", N, low=1)
    q = _validation.integer("q", q, low=1)
    memory = _validation.integer("memory", memory, low=1)
    function = _validation.flag("function", function)
    separable = _validation.integer("separable", separable, low=0, high=n - 1)
    if trainable is not None and not function:
        free = _validation.integer("trainable", trainable, low=1, high=n)
        # A matrix of all parameters where the method has one; where m < n, J.
        has_one = isinstance(method, str) and method in _SQUARE and method not in ("bfgs", "dfp")
        whole = n * n if has_one else 0
        if method == "lm" and N is not None and N * q < free:
            whole = N * q * n
        own = memory_needed(method, free, N, q, memory=memory, l1=l1)
        return own + BYTES * (whole + _VECTORS_OF_ALL * n)
    if isinstance(method, FirstOrder):
        vectors = _vectors_of_rule(method, N is not None, function)
        return BYTES * n * (vectors + (_L1_VECTORS if l1 else 0))
    if method in _KEPT:
        function = function or method == "newton_cg"
        kept = 2 * memory if method == "lbfgs" else _KEPT[method]
        if function:
            return BYTES * n * (kept + _VECTORS_WITHOUT_MATRIX_OF_FUNCTION)
        return BYTES * n * (2 * kept + _VECTORS_WITHOUT_MATRIX)
    vectors = _VECTORS * n
    if method == "lm" and separable > 0:
        p = n - separable  # JᵀJ, and for each output weight a row of S and of T
        return BYTES * (p * p + min(p * p, _BLOCKS_OF_SUMS) + 3 * separable * p + vectors)
    if method == "lm" and N is not None:
        m = N * q
        if function:
            if m <= n:
                return BYTES * (8 * m * n + 6 * n * n + 4 * m * m)
            return BYTES * (5 * m * n + 4 * n * n)
        if m < n:
            return BYTES * (m * n + 2 * m * m + _DUAL_VECTORS * n)
        return BYTES * (n * n + min(n * n, _BLOCKS_OF_SUMS) + vectors)
    if method == "bayesian_regularization":
        return BYTES * (n * n + min(n * n, _BLOCKS_OF_SUMS) + vectors)
    return BYTES * (_SQUARE[method] * n * n + vectors)


def _vectors_of_rule(optimizer: FirstOrder, full_batch: bool, function: bool) -> int:
    """Return how many vectors of n numbers a first-order rule needs."""
    rule, settings, _ = optimizer._rule()
    states = _core.rule_states(rule, settings)
    if function:
        return _FIRST_ORDER_VECTORS_OF_FUNCTION + states
    # What brings the weights back where the loss grew too much.
    undo = isinstance(optimizer._followed_rate, AdaptiveLearningRate)
    return _FIRST_ORDER_VECTORS + full_batch + undo + max(1, 2 * states)


def available_memory() -> int | None:
    """Return the bytes that this process may still take, or None where that is unknown.

    Of the machine, of the control groups that the process is in and of its own limit on addresses
    (``ulimit -v``), the smallest.
    """
    found = [_available_of_machine(), _available_of_limit(), *_available_of_groups()]
    known = [number for number in found if number is not None]
    return min(known) if known else None


def check_memory(
    method: str | FirstOrder,
    n: int,
    instead: str,
    N: int | None = None,
    q: int = 1,
    *,
    memory: int = 10,
    itemsize: int = BYTES,
    function: bool = False,
    separable: int = 0,
    trainable: int | None = None,
    l1: bool = False,
) -> None:
    """Raise MemoryError where a method needs more than there is, before anything is allocated.

    A method that is not in the list keeps a few vectors, as steepest descent does.
    """
    of_rule = isinstance(method, FirstOrder)
    needed = memory_needed(
        method if of_rule or method in METHODS else "steepest_descent",
        *(n, N, q),
        memory=memory,
        function=function,
        separable=separable,
        trainable=trainable,
        l1=l1,
    )
    name = type(method).__name__ if of_rule else method
    check_bytes(f"{name} on n = {n:,} parameters", needed * itemsize // BYTES, instead)


def check_bytes(what: str, needed: int, instead: str) -> None:
    """Raise MemoryError where ``what`` needs more than there is."""
    if needed < 1 << 26:
        return
    available = available_memory()
    if available is not None and needed > available:
        raise MemoryError(
            f"{what} needs {needed:,} bytes ({_readable(needed)}), and {available:,} "
            f"({_readable(available)}) are available: use {instead}"
        )


def _readable(number: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.0f} PB"


def _number_in(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # not there, not readable, or "max"
        return None


def _available_of_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    return None


def _available_of_limit() -> int | None:
    """Return what the limit on the address space leaves, where there is one."""
    if resource is None:
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return max(0, limit - pages * resource.getpagesize())


def _available_of_groups(root: Path = Path("/sys/fs/cgroup")) -> list[int]:
    """Return what the limits of the control groups leave, of version 2 and of version 1."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        if controllers == "":
            base, limit, usage = root, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            base = root / "memory"
            limit, usage = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        # A group is bound by its parents too; inside a container the path may not be there.
        group = base / name.strip("/")
        for folder in (group, *group.parents):
            most, now = _number_in(folder / limit), _number_in(folder / usage)
            if most is not None and now is not None:
                found.append(max(0, most - now))
            if folder == base:
                break
    return found
