"""``MLP.fit``: all that is given is checked, put together, and handed to the loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fastopt import _validation
from fastopt._evaluation import Targets, is_signed, metrics_by_name
from fastopt._names import friendly
from fastopt.callbacks import Callback
from fastopt.clip import Clip
from fastopt.optimizers import (
    BFGS,
    DFP,
    LBFGS,
    BayesianRegularization,
    ConjugateGradient,
    LevenbergMarquardt,
    OneStepSecant,
    Optimizer,
    ScaledConjugateGradient,
    resolve,
)
from fastopt.parts.data import check_of_parts, data_in_parts
from fastopt.parts.parts import is_parts
from fastopt.parts.scores import check_metrics
from fastopt.storage.checkpoints import resumed
from fastopt.training.arguments import (
    RECORDED,
    check_callbacks,
    check_initial_epoch,
    columns_of_numbers,
    recorded_name,
    seed_of_run,
    split_validation,
)
from fastopt.training.data import check_loss, check_weights_of_loss, make_data
from fastopt.training.fit import fit as run
from fastopt.training.history import History
from fastopt.training.metrics import as_list
from fastopt.training.problem import Problem
from fastopt.training.restarts import best_of_starts
from fastopt.training.scaling import warn_if_far
from fastopt.training.separable import settled
from fastopt.training.settings import FitSettings
from fastopt.training.stopping import Stopping

if TYPE_CHECKING:
    from fastopt.network import MLP

# Their first steps are of the size of the targets: they tell when they start far from order one.
_SENSITIVE_TO_SCALE = (
    *(LevenbergMarquardt, BayesianRegularization, BFGS, DFP, LBFGS),
    *(ConjugateGradient, ScaledConjugateGradient, OneStepSecant),
)


@friendly
def fit(
    net: MLP,
    X: Any,
    y: Any = None,
    optimizer: str | Optimizer = "adam",
    loss: Any = "mse",
    epochs: int = 100,
    batch_size: int | str | None = "auto",
    shuffle: bool = True,
    validation_data: Any = None,
    validation_split: float | tuple[str, float] = 0.0,
    metrics: Any = (),
    l2: float = 0.0,
    clip: Clip | None = None,
    callbacks: Callback | Iterable[Callback] | None = (),
    stopping: Stopping | None = None,
    verbose: int = 0,
    random_state: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    initial_epoch: int | History = 0,
    *,
    rng: Any = None,
    missing_targets: str = "error",
    restarts: int = 1,
    best_by: str | Callable[[Any, History], float] | None = None,
    resume_from: Any = None,
    l1: float = 0.0,
) -> History:
    """Train the network on data, from its present weights.

    Parameters
    ----------
    X : array (N, d), or Parts
        Any real dtype, layout and byte order; memory maps too. Batches are gathered from it as
        it is: it is neither copied whole nor written to. :class:`fastopt.Parts` hold targets and
        weights, too, and are for full-batch methods: ``net.fit(parts, optimizer="lm")``.
    y : array (N, q) or (N,)
        Targets; (N,) where q = 1 (:meth:`predict` then returns (N,), too), or class numbers
        0 … q−1 for "cross_entropy".
    optimizer : str or Optimizer
        "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam" (default), "adamw", "nadam",
        "amsgrad", "adamax", "adadelta", "radam", "lion", "rprop",
        "traingd", "traingdm", "traingda", "traingdx",
        "lm", "bayesian_regularization", "bfgs", "dfp", "lbfgs", "cg", "hager_zhang",
        "polak_ribiere", "fletcher_reeves", "scg", "oss", "newton", "steepest_descent" or
        an object of :mod:`fastopt.optimizers`. It is not changed.
    loss : str, Huber, Pinball or callable
        "mse" (default), "mae", "huber" (δ = 1; :class:`fastopt.Huber` has others), "log_cosh",
        "pinball" (the median; :class:`fastopt.Pinball` has other quantiles), "poisson",
        "binary_cross_entropy", "cross_entropy". With
        "identity" outputs the cross-entropies take them as logits, and "poisson" as logarithms of
        rates; with "sigmoid", "softmax" and "exp"
        the fused, stable form is used. Or a function (y_true, y_pred) → (value, d value /
        d y_pred) on arrays (B, q), called for each batch. Parameter names decide the order
        where they are known: y_true, targets, labels … and y_pred, outputs, predictions …. On
        the first batch its gradient is compared with differences of its value: swapped
        arguments are refused, other wrong slopes warned of.
    epochs : int
        The number of the last epoch: 100 by default.
    batch_size : int, "auto" or None
        "auto": min(32, N), for full-batch methods N. None: N. 1: stochastic gradient descent.
    shuffle : bool
        Whether batches are drawn anew in each epoch, without replacement.
    validation_data : (X, y), (X, y, sample_weight) or Parts, optional
    validation_split : float or (how, float)
        In [0, 1): a part of the data is held out, whose rows stand in
        ``history.validation_rows``: drawn with ``random_state`` ("random", as of a number
        alone), the last rows in their order (("last", 0.2), as Keras does), or its share of
        each class (("stratified", 0.2)). :func:`fastopt.split` has a third part, for testing.
    metrics : sequence of str or callable
        "mse", "rmse", "mae", "r2", "accuracy", "top_k_accuracy" (k = 5), or functions (y_true,
        y_pred) → number, such as scikit-learn's; parameter names decide the order as for
        ``loss``. They are weighted by ``sample_weight`` (functions where they have a parameter
        of that name), not by ``class_weight``, and rows of weight 0 are left out. In the
        History for the training data (after each epoch) and, with the
        prefix "val_", for the validation data. "gradient_norm" records ‖∇E‖ over all data after
        each epoch, "layer_gradient_norms" what :meth:`gradient_norms` returns. "accuracy": with
        "binary_cross_entropy" each output is a label of its own, 1 where its probability is
        above ½ (a logit above 0), as in Keras' "binary_accuracy" of probabilities; else the
        largest output is the class, and of one output it is 1 above ½, or, with targets −1 and
        +1 (any below 0), above 0.
    l2 : float
        (l2/2)·‖W‖² is added to E (weights only).
    clip : ClipByValue, ClipByNorm or ClipByGlobalNorm, optional
        The History's "clipped" is the share of an epoch's updates in which it acted.
    callbacks : sequence of Callback
    stopping : Stopping, optional
    verbose : int
        1: a progress bar (tqdm, where installed; else plain lines).
    random_state : None, int, numpy Generator or RandomState
        For the order of the samples and the split. None: the network's own. A run that goes on
        from a History keeps the seed that it began with, whatever is given here. ``rng`` is
        another name of it.
    sample_weight : array (N,) or (N, q), optional
        E is the weighted mean; the weights are divided by their mean. (N, q): one for each
        target, of losses that are means over outputs (all but "cross_entropy"). Rows of weight
        0 are left out: they may hold any finite numbers, do not count as samples, and do not
        move the statistics of batch normalisation.
    class_weight : dict or "balanced", optional
        A weight for each class, multiplied into ``sample_weight`` (Keras takes one of the two):
        in training alone, as in Keras. ``val_loss`` is weighted by the samples' own weights
        (with ``validation_split`` those of the rows that are held out) and so is what
        :meth:`evaluate` returns.
    initial_epoch : int or History
        The number of the first epoch, for schedules and the order of the samples; or the
        History of an earlier ``fit``: training goes on where that ended, with the optimiser's
        state, the same bits as without the interruption, and the rows of both in the new
        History. A learning rate that callbacks lowered stays lowered, unless the optimiser now
        gives another one. A full-batch method whose state belongs to other weights, or to
        another loss there, or is of another size (L-BFGS with another ``memory``), begins anew
        from the present weights; where it had found its end, nothing is added, unless a
        callback sets other weights in ``on_train_begin``. Callbacks go on with what they have
        counted (the best value and the patience of EarlyStopping and ReduceLROnPlateau, what
        ``state_dict`` of your own returns).

        ``history_`` serves too, after Ctrl-C or an exception. An epoch that was broken off is
        taken back: the network has the weights of the last whole one, and to go on from there
        gives the bits of a run that was not interrupted. A step that had been made when a
        metric or a callback raised is kept, and only what follows it is made again.

    missing_targets : {"error", "ignore"}
        What a NaN in ``y`` is. "ignore": that target has weight 0, as in MATLAB, and a row
        without any target, or of classes, is left out; metrics likewise. Functions of your own
        see NaN where other targets of the row are there.
    restarts : int
        Independent starts; 1 by default. The first is the network as it is, the others have initial
        weights of their own; the network ends as the best of them, and its History is what is
        returned. A start that diverges does not count. They run side by side on all cores, each to
        the bits of a run alone, unless a function of your own (a loss, a metric, a callback) would
        be called by several threads at once, or ``verbose`` shows one: then one after the other.
    best_by : str or callable, optional
        What the best of ``restarts`` is judged by: a column of the History (the last row; the less
        the better, but for accuracies, "r2" and "evidence"), or a function (network, history) →
        number, the less the better. By default ``val_loss`` at the weights that a start ends with,
        without validation data ``evidence`` where the method has it, else ``loss``.
    l1 : float
        l1·Σ|W| is added to E (weights only), which leaves weights at 0 exactly. A weight at 0 stays
        there while the slope of the rest is at most l1, and a step that would change a weight's
        sign ends at 0 (but with Nesterov's momentum, which computes elsewhere than at w).
        First-order methods and :class:`fastopt.LBFGS` (as OWL-QN) take it; the others need a
        gradient everywhere and refuse it. Keras' l1(c) and PyTorch's l1_loss of weights have the
        same gradient where w ≠ 0, and no exact zeros.
    resume_from : path, optional
        A file of a :class:`fastopt.ModelCheckpoint`: weights, state and rows are read from it,
        and training goes on as with ``initial_epoch`` = its History. Nothing is changed where
        the file does not fit.

    Returns
    -------
    History
        It also stands in ``history_`` of the network, from the first epoch on, and in copies
        and pickles of it: they can go on too. (``history_.solver_state``, which that takes, may
        be set to None before, to make them smaller.) Its ``stop_reason`` is "epochs", the
        criterion of ``stopping``, "early_stopping", what a callback said, or what a
        second-order method found: "gradient" (it vanishes as far as can be told), "noise_floor"
        (the loss cannot be told apart from its own rounding), "step" (``xrtol``),
        "function_change" (``ftol``), "damping" (ν has reached ``damping_max`` and no step
        lowers the loss), "line_search" (none along a descent direction does), "unbounded" (the
        loss falls without limit), "non_finite" (no finite loss or derivatives near the last
        weights). In ``history_`` of a run that was broken off it is "interrupted" (Ctrl-C) or
        the name of the exception.

    Raises
    ------
    ValueError, TypeError
        Before work starts: data or settings out of range, with name and value.
    DivergenceError
        The loss or the weights are not finite; the network keeps the best finite weights. With
        a second-order method: the loss is not finite at the weights that an epoch starts from.
    RuntimeError
        The network is being trained already, or one of the callbacks takes part in another run.
    """
    if restarts != 1:
        if resume_from is not None:
            raise ValueError(f"restarts={restarts} begins anew: give it or resume_from")
        own = {n: v for n, v in locals().items() if n not in ("net", "restarts", "best_by")}
        return best_of_starts(net, restarts, own, best_by)
    optimizer = settled(resolve(optimizer), net, is_parts(X))
    loss = check_loss(loss, check_slopes=True)
    checkpoint = None
    if resume_from is not None:
        if isinstance(initial_epoch, History) or initial_epoch != 0:
            raise ValueError("give initial_epoch or resume_from, not both")
        checkpoint = resumed(net, resume_from)
        initial_epoch = checkpoint.history_
    sizes = net._layer_sizes
    scalings = net._scalings if checkpoint is None else checkpoint._scalings
    scalings.check_loss(loss)

    def make(*arrays: Any, **names: Any) -> Any:
        names |= {"missing_targets": missing_targets, "scalings": scalings}
        if is_parts(arrays[0]):
            return data_in_parts(net, loss, *arrays, **names)
        return make_data(arrays[0], arrays[1], loss, sizes, net._dtype, *arrays[2:], **names)

    if is_parts(X):
        check_of_parts(net, optimizer, metrics, validation_split)
    elif is_parts(validation_data):
        check_metrics(metrics)
    data = make(X, y, sample_weight)
    one_dimensional = data.one_dimensional and sizes[-1] == 1
    signed = data.signed if is_parts(X) else is_signed(data.targets_of_rows())
    check_weights_of_loss(loss, class_weight, "class_weight")
    start = check_initial_epoch(initial_epoch)
    random_state = _validation.one_seed(random_state, rng)
    seed = seed_of_run(random_state, net._seed, start)
    data, validation = split_validation(data, validation_data, validation_split, make, seed)
    if not scalings.is_learned:
        scalings = scalings.learned(data)
    data = data.scaled(scalings, net._dtype).weighted(class_weight, sizes[-1])
    if validation is not None:
        validation = validation.scaled(scalings, net._dtype, "validation_data[0]")
    names = as_list(metrics)
    of_outputs = [name for name in names if recorded_name(name) is None]
    chosen = metrics_by_name(net, of_outputs, loss, RECORDED, signed)
    settings = FitSettings.checked(
        optimizer,
        len(data),
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        clip=clip,
        stopping=stopping,
        metrics=names,
        verbose=verbose,
    )
    numbers = columns_of_numbers(optimizer, clip is not None, settings.gradient_norm)
    callbacks = check_callbacks(callbacks, chosen, validation is not None, numbers)
    net._hidden.check_batch(settings.batch_size, len(data))
    if isinstance(optimizer, _SENSITIVE_TO_SCALE) and isinstance(start, int):
        net._told_scale = net._told_scale or warn_if_far(scalings, data, optimizer)
    l2 = _validation.number("l2", l2, low=0)
    l1 = _validation.number("l1", l1, low=0)
    targets = Targets(one_dimensional, signed)
    problem = Problem(net, data, loss, l2, targets, l1)
    drawn = validation if validation_data is None else None
    rows = None if drawn is None else drawn.rows
    before, learned = getattr(net, "history_", None), None
    net._core.begin_training()
    try:
        learned = net._learned()
        if checkpoint is not None:
            net._learn(checkpoint._learned())
        elif scalings is not net._scalings:
            net._take_scalings(scalings)
        history = run(
            *(problem, optimizer, settings, validation, chosen, callbacks, start, rows),
            resumed_from=resume_from,
        )
    except BaseException:
        if learned is not None and getattr(net, "history_", None) is before:
            net._learn(learned)  # it was refused before it began
        raise
    finally:
        net._core.end_training()
        for part in (data, validation):
            if part is not None:
                part.forget()
    return history
