"""A fork in the middle of work: the child has the memory of its parent and none of its threads."""

import os

import pytest
from calls import SETUP

from process import run_python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

# The child uses the network that is being trained, and another. It is given a time: what it waits
# for may never come.
CHILD = """
import signal
def child(busy):
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(60)
    assert np.isfinite(busy.predict(X)).all()
    busy.fit(X, Y, epochs=2, batch_size=100)
    other = net([50, 220, 2])
    other.fit(X, Y, epochs=2, batch_size=200)
    return other.parameters
def code_of_a_child():
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if (child(busy) == expected).all() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
expected = child(net([50, 220, 2]))
signal.alarm(0)
"""


@pytest.mark.parametrize("threads", ["1", "2", "3"])
@pytest.mark.parametrize("optimizer", ["adam", "lm", "lbfgs"])
def test_in_a_signal_handler(optimizer, threads):
    """The forking thread is the one that trains: it goes on afterwards."""
    found = run_python(
        SETUP
        + CHILD
        + f"""
codes = []
class Enough(Exception):
    pass
def handler(number, frame):
    codes.append(code_of_a_child())
    if len(codes) == 5:
        raise Enough
    signal.setitimer(signal.ITIMER_REAL, 0.03)
signal.signal(signal.SIGALRM, handler)
busy = net([50, {12 if optimizer == "lm" else 220}, 2])
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    while True:
        busy.fit(X, Y, {optimizer!r}, epochs=1000)
except Enough:
    print(codes, (child(net([50, 220, 2])) == expected).all())
""",
        FASTOPT_NUM_THREADS=threads,
    )
    assert found == "[0, 0, 0, 0, 0] True"


@pytest.mark.parametrize("threads", ["1", "2"])
def test_child_goes_on_with_the_run(threads):
    """A child that returns from the signal handler ends the run as its parent does."""
    found = run_python(
        SETUP
        + """
import signal
def handler(number, frame):
    pids.append(os.fork())
    if pids[-1] == 0:
        signal.alarm(100)
pids = []
signal.signal(signal.SIGALRM, handler)
alone, busy = net([50, 220, 2]), net([50, 220, 2])
alone.fit(X, Y, epochs=400, batch_size=200)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0)
busy.fit(X, Y, epochs=400, batch_size=200)
same = (busy.parameters == alone.parameters).all()
if not pids:
    time.sleep(0.1)
if pids[-1] == 0:
    os._exit(0 if same else 3)
print(same, os.waitstatus_to_exitcode(os.waitpid(pids[-1], 0)[1]))
""",
        FASTOPT_NUM_THREADS=threads,
    )
    assert found == "True 0"


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("optimizer", ["adam", "lm", "bfgs"])
def test_of_another_thread(optimizer, threads):
    """The network is being trained by a thread that does not exist in the child."""
    found = run_python(
        SETUP
        + CHILD
        + f"""
busy, end = net([50, 12, 2]), threading.Event()
def train():
    while not end.is_set():
        busy.fit(X, Y, {optimizer!r}, epochs=50)
trainer = threading.Thread(target=train)
trainer.start()
codes = []
for k in range(5):
    time.sleep(0.02)
    codes.append(code_of_a_child())
end.set()
trainer.join()
print(codes)
""",
        FASTOPT_NUM_THREADS=threads,
    )
    assert found == "[0, 0, 0, 0, 0]"
