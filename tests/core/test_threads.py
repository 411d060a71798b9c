"""The thread pool: its number of threads, many of them, changes while others are at work."""

import os
import threading

import numpy as np
import pytest

import fastopt
from process import run_process

X = np.random.default_rng(0).normal(size=(700, 60))
NET = fastopt.MLP([60, 220, 5], random_state=0)


SHOW = "import fastopt; print(fastopt.get_num_threads(), fastopt.build_info()['threads'])"


@pytest.mark.parametrize("wanted", ["1", "3", "64", "1024"])
def test_environment_variable(wanted):
    assert run_process(SHOW, FASTOPT_NUM_THREADS=wanted).stdout.split() == [wanted, wanted]


@pytest.mark.parametrize("unset", [None, ""])
def test_default_is_what_the_process_may_use(unset):
    code = f"import os; os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}}); {SHOW}"
    assert run_process(code, FASTOPT_NUM_THREADS=unset).stdout.split() == ["1", "1"]
    usable = str(len(os.sched_getaffinity(0)))
    assert run_process(SHOW, FASTOPT_NUM_THREADS=unset).stdout.split() == [usable, usable]


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5", "1025", " "])
def test_environment_variable_out_of_range(wrong):
    result = run_process(SHOW, FASTOPT_NUM_THREADS=wrong)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: FASTOPT_NUM_THREADS must be an integer in [1, 1024]")
    assert repr(wrong) in last


@pytest.mark.parametrize("wrong", [0, -1, 1025, 1.0, "2", None, True])
def test_number_out_of_range(wrong, set_threads):
    with pytest.raises((ValueError, TypeError), match=r"threads must be an integer in \[1, 1024\]"):
        set_threads(wrong)


def test_number_of_any_integer_type(set_threads):
    set_threads(np.int8(3))
    assert fastopt.get_num_threads() == 3


@pytest.mark.parametrize("threads", [2, 3, 16, 50])
def test_more_threads_than_processors(threads, set_threads):
    set_threads(1)
    expected = NET.predict(X), NET.loss_and_gradient(X, X[:, :5])
    set_threads(threads)
    for _ in range(30):
        np.testing.assert_array_equal(NET.predict(X), expected[0])
        value, gradient = NET.loss_and_gradient(X, X[:, :5])
        assert value == expected[1][0]
        np.testing.assert_array_equal(gradient, expected[1][1])


def test_number_changes_while_others_are_at_work(set_threads):
    expected = NET.loss_and_gradient(X, X[:, :5])[1]
    wrong, end = [], threading.Event()

    def work():
        while not end.is_set():
            if (NET.loss_and_gradient(X, X[:, :5])[1] != expected).any():
                wrong.append(fastopt.get_num_threads())

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for k in range(200):
        set_threads(1 + k % 5)
        NET.predict(X[:128])
    end.set()
    for worker in workers:
        worker.join()
    assert not wrong


def test_work_within_work(set_threads):
    """A loss of one's own, called from within C++, may use other networks."""
    set_threads(2)
    expected = NET.predict(X)

    def loss(outputs, targets):
        np.testing.assert_array_equal(NET.predict(X), expected)
        return 0.0, np.zeros_like(outputs)

    other = fastopt.MLP([60, 220, 5], random_state=1)
    other.fit(X, X[:, :5], loss=loss, epochs=2, batch_size=200)


def test_exception_in_the_midst_of_threads(set_threads):
    """The pool is free again after work that ended early."""
    set_threads(2)

    def loss(outputs, targets):
        raise ZeroDivisionError

    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            NET.loss_and_gradient(X, X[:, :5], loss)
        assert NET.predict(X).shape == (700, 5)


def test_no_more_threads_to_be_had():
    """Where the system refuses a thread, the work is done with those that there are."""
    pytest.importorskip("resource")
    result = run_process(
        """
import resource, numpy as np, fastopt
X = np.random.default_rng(0).normal(size=(700, 60))
net = fastopt.MLP([60, 220, 5], random_state=0)
expected = net.loss_and_gradient(X, X[:, :5])[1]
pages = int(open("/proc/self/statm").read().split()[0])
used = pages * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (6 << 20), used + (6 << 20)))
fastopt.set_num_threads(8)  # a stack is 8 MB
assert (net.loss_and_gradient(X, X[:, :5])[1] == expected).all()
print("done")
""",
        FASTOPT_NUM_THREADS="1",
    )
    assert result.stdout.strip() == "done", result.stderr
