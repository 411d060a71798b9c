"""How much a model needs each of its inputs."""

from __future__ import annotations

from typing import Any

from fastopt import _validation
from fastopt.network import MLP


def permutation_importance(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: Any = None,
    n_repeats: int = 5,
    random_state: Any = None,
    **settings: Any,
) -> Any:
    """Return by how much a model gets worse where a column of X is shuffled, by scikit-learn.

    It is :func:`sklearn.inspection.permutation_importance`, for networks by the increase of their
    loss, and needs the extra ``fastopt[sklearn]``. Take data that the model has not seen. Of
    columns that say the same neither is important alone.

    Parameters
    ----------
    model : MLP or estimator
        Trained.
    X : array (N, d)
    y : array
    loss : str or callable, optional
        Of a network, as for :meth:`MLP.evaluate`; by default that of its training. Estimators have
        ``scoring``.
    n_repeats : int
        How often each column is shuffled.
    random_state : None, int or RandomState
    **settings
        What scikit-learn takes besides: ``scoring``, ``n_jobs``, ``max_samples``.

    Returns
    -------
    Bunch
        ``importances_mean`` (d,), ``importances_std`` (d,), ``importances`` (d, n_repeats).

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> X = np.random.default_rng(0).uniform(-1, 1, (300, 3))
    >>> net = fastopt.MLP([3, 10, 1], random_state=0)
    >>> _ = net.fit(X, X[:, 0] + 0.3 * X[:, 1], "lm", epochs=30)
    >>> found = fastopt.permutation_importance(net, X, X[:, 0] + 0.3 * X[:, 1], random_state=0)
    >>> found.importances_mean.argsort()[::-1].tolist()
    [0, 1, 2]
    """
    try:
        from sklearn.inspection import permutation_importance as of_sklearn
    except ImportError as error:
        raise ImportError(
            "permutation_importance needs scikit-learn: pip install 'fastopt[sklearn]'"
        ) from error
    n_repeats = _validation.integer("n_repeats", n_repeats, low=1)
    if isinstance(model, MLP):
        if "scoring" in settings:
            raise ValueError("scoring is for estimators: a network has loss=")
        settings["scoring"] = lambda net, X, y: -net.evaluate(X, y, loss)
    elif loss is not None:
        raise ValueError("loss is for networks: an estimator has scoring=")
    return of_sklearn(model, X, y, n_repeats=n_repeats, random_state=random_state, **settings)
