"""Parts on a cluster of Dask's, and workers that are killed."""

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

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
    import dask

    # A cluster ends a nanny whose worker is gone 15 s after any of its workers has been: of one
    # that is killed again and again all are, and it stays without workers.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"})
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


def watch(parts, finished):
    """Set an event whenever a piece of work is done."""
    executor = parts._executor
    run = executor.run

    def watched(work):
        for found in run(work):
            finished.set()
            yield found

    executor.run = watched


class Killer(fastopt.Callback):
    """Kills one worker after the other while a run goes on.

    Each time once something was finished after the death before: on a loaded machine workers take
    their time to begin, and one that never gets to work is another case.
    """

    def __init__(self, parts, pids, kills):
        self.pids, self.kills, self.killed = pids, kills, []
        self.finished, self.over = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._work)
        watch(parts, self.finished)

    def _work(self):
        random = np.random.default_rng(0)
        while len(self.killed) < self.kills and not self.over.is_set():
            if not self.finished.wait(0.1):
                continue
            self.over.wait(0.05 * random.uniform())
            alive = self.pids()
            if alive:
                pid = int(random.choice(alive))
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self.killed.append(pid)
                self.finished.clear()

    def on_epoch_end(self, epoch, logs):
        if len(self.killed) >= self.kills:
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
    assert len(killer.killed) == KILLS
    assert history.stop_reason == "all are killed"
    calm = network()
    calm.fit(slow_parts(keep=True), optimizer="steepest_descent", epochs=len(history))
    assert net.parameters.tobytes() == calm.parameters.tobytes()


def test_processes_that_are_killed_cost_time_alone():
    with slow_parts(executor="processes", workers=2) as parts:
        check_bits(parts, Killer(parts, lambda: parts._executor.pids, KILLS))


def test_workers_of_dask_that_are_killed_cost_time_alone(client):
    cluster = client.cluster

    def pids():
        """Return the workers that have begun: a nanny gives up on one that dies before."""
        begun = [n for n in list(cluster.workers.values()) if n.status.name == "running"]
        found = [n.process.pid for n in begun if n.process is not None]
        return [pid for pid in found if pid and pid not in killer.killed]

    parts = slow_parts(executor=client)
    killer = Killer(parts, pids, KILLS)
    check_bits(parts, killer)


def test_pieces_go_on_where_all_workers_of_dask_were_gone_at_once(client):
    """A task that prefers a worker which is gone waits for it for ever: it is handed in anew."""
    cluster = client.cluster
    expected = trained(slow_parts(), epochs=3)
    finished = threading.Event()
    parts = slow_parts(executor=client)
    watch(parts, finished)

    def kill_all():
        finished.wait()
        for nanny in list(cluster.workers.values()):
            os.kill(nanny.process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        assert trained(parts, epochs=3) == expected
    finally:
        finished.set()
        killer.join()


def test_processes_of_its_own_take_over_from_a_pool_that_breaks():
    expected = trained(slow_parts(), epochs=3)
    for moment in ("before", "meanwhile"):
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            parts = slow_parts(executor=pool)
            pool.submit(int).result()
            pid = next(iter(pool._processes))
            kill = threading.Timer(0.05 * (moment == "meanwhile"), os.kill, (pid, signal.SIGKILL))
            kill.start()
            with pytest.warns(RuntimeWarning, match=r"a worker of the executor died.*part \d+, "):
                assert trained(parts, epochs=3) == expected
            kill.join()
            assert trained(parts, epochs=3) == expected  # and from then on
            parts.close()


def test_a_pool_that_was_shut_down_is_told():
    pool = ProcessPoolExecutor(1, get_context("spawn"))
    pool.shutdown()
    with pytest.raises(RuntimeError, match=r"takes no work.*was it shut down\? Make new Parts"):
        network().fit(slow_parts(executor=pool), optimizer="lm")


def test_a_part_that_kills_its_workers_is_told():
    with (
        fastopt.Parts([Deadly()], executor="processes", workers=1) as parts,
        pytest.raises(
            RuntimeError, match=r"workers died 5 times at part 0, .*Deadly.*smaller parts"
        ),
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
