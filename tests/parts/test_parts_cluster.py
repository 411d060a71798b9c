"""Parts on a cluster of Dask's, and workers that are killed."""

import os
import signal
import threading

import numpy as np
import pytest
from slow_parts import Deadly, SlowPart, X, Y

import fastopt

KILLS = 20

pytestmark = [
    pytest.mark.slow,
    # Of tornado and of sockets that Dask leaves to the collector.
    pytest.mark.filterwarnings("ignore"),
]


def network():
    return fastopt.MLP([3, 5, 1], random_state=0)


def trained(parts, epochs=4, callbacks=()):
    net = network()
    net.fit(parts, optimizer="lm", epochs=epochs, callbacks=callbacks)
    return net.parameters.tobytes()


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def test_all_kinds_of_parts(client, tmp_path):
    da = pytest.importorskip("dask.array")
    expected = trained(fastopt.Parts.from_arrays(X, Y, rows=50))
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", Y)
    paths = tmp_path / "X.npy", tmp_path / "y.npy"
    collections = da.from_array(X, (50, 3)), da.from_array(Y, 50)
    for parts in (
        fastopt.Parts.from_arrays(X, Y, rows=50, executor=client),
        fastopt.Parts.from_arrays(*paths, rows=50, executor=client),
        fastopt.Parts.from_dask(*collections, executor=client),
    ):
        assert trained(parts) == expected


def test_frames(client):
    dd = pytest.importorskip("dask.dataframe")
    import pandas as pd

    frame = pd.DataFrame(X, columns=list("abc")).assign(y=Y)
    parts = dd.from_pandas(frame, npartitions=4)
    net = network()
    net.fit(
        fastopt.Parts.from_dask(parts[["a", "b", "c"]], parts["y"], executor=client),
        optimizer="bfgs",
        epochs=3,
    )
    whole = network()
    whole.fit(X, Y, "bfgs", epochs=3)
    assert np.allclose(net.parameters, whole.parameters, rtol=1e-7)
    assert net.predict(X).shape == (800,)


def test_an_exception_names_its_part(client):
    y = Y.copy()
    y[130] = np.nan
    with pytest.raises(fastopt.PartError, match=r"part 2, .*ValueError: y"):
        network().fit(fastopt.Parts.from_arrays(X, y, rows=50, executor=client), optimizer="lm")


def slow_parts(**settings):
    return fastopt.Parts([SlowPart(start) for start in range(0, 800, 50)], **settings)


class Killer(fastopt.Callback):
    """Kills one worker after the other while a run goes on.

    Each time once something was finished after the death before: on a loaded machine workers take
    their time to begin, and one that never gets to work is another case.
    """

    def __init__(self, parts, pids, kills):
        self.pids, self.kills, self.killed = pids, kills, 0
        self.finished, self.over = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._work)
        executor = parts._executor
        run = executor.run

        def watched(work):
            for found in run(work):
                self.finished.set()
                yield found

        executor.run = watched

    def _work(self):
        random = np.random.default_rng(0)
        while self.killed < self.kills and not self.over.is_set():
            if not self.finished.wait(0.1):
                continue
            self.over.wait(0.05 * random.uniform())
            alive = self.pids()
            if alive:
                try:
                    os.kill(int(random.choice(alive)), signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self.killed += 1
                self.finished.clear()

    def on_epoch_end(self, epoch, logs):
        if self.killed >= self.kills:
            self.stop("all are killed")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def check_bits(parts, killer):
    """Train while workers are killed, until all kills are done; the same without any."""
    net = network()
    with killer:
        # Without an end of its own: steps along the gradient, of which no minimum is reached.
        history = net.fit(parts, optimizer="steepest_descent", epochs=5000, callbacks=killer)
    assert killer.killed == KILLS
    assert history.stop_reason == "all are killed"
    calm = network()
    calm.fit(slow_parts(keep=True), optimizer="steepest_descent", epochs=len(history))
    assert net.parameters.tobytes() == calm.parameters.tobytes()


def test_processes_that_are_killed_cost_time_alone():
    with slow_parts(executor="processes", workers=2) as parts:

        def pids():
            pool = parts._executor._pool
            return list(dict(pool._processes or {})) if pool is not None else []

        check_bits(parts, Killer(parts, pids, KILLS))


def test_a_part_that_kills_its_workers_is_told():
    with (
        fastopt.Parts([Deadly()], executor="processes", workers=1) as parts,
        pytest.raises(RuntimeError, match=r"workers died 5 times in a row.*Deadly"),
    ):
        network().fit(parts, optimizer="lm")


def test_grid_search_and_restarts_through_joblibs_dask_backend(client):
    joblib = pytest.importorskip("joblib")
    from sklearn.model_selection import GridSearchCV

    estimator = fastopt.MLPRegressor(
        hidden_layer_sizes=(4,), optimizer="lm", restarts=2, max_iter=5, random_state=0
    )
    search = GridSearchCV(estimator, {"hidden_layer_sizes": [(2,), (5,)]}, cv=2)
    alone = GridSearchCV(estimator, {"hidden_layer_sizes": [(2,), (5,)]}, cv=2).fit(X, Y)
    with joblib.parallel_config("dask"):
        search.set_params(n_jobs=2).fit(X, Y)
    assert np.array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
    assert np.array_equal(search.predict(X), alone.predict(X))
