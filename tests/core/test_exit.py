"""The program ends while a daemon thread is inside fastopt: its exit code is its own."""

import pytest
from calls import CALLS, SETUP

from process import run_process

# The thread calls again and again, so that the end comes at any of its instructions; and the end
# takes a while, in which each call comes back to the GIL.
EXIT = """
class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(0.2)
slow = Slow()
started = threading.Event()
def work():
    started.set()
    while True:
        {call}
threading.Thread(target=work, daemon=True).start()
started.wait()
time.sleep({delay})
sys.exit(7)
"""


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("call", CALLS)
def test_exit_code(call, threads):
    """A thread that asks for the GIL at the end is not unwound through C++, which aborts."""
    for delay in (0.0, 0.2):
        code = SETUP + EXIT.format(call=CALLS[call], delay=delay)
        result = run_process(code, DTYPE="float64", FASTOPT_NUM_THREADS=threads)
        assert (result.returncode, result.stderr) == (7, ""), delay


@pytest.mark.parametrize("call", ["fit", "fit lm", "minimize"])
def test_several_threads_inside(call):
    code = SETUP + EXIT.format(call=CALLS[call], delay=0.05).replace(
        "threading.Thread(target=work, daemon=True).start()\n",
        "for _ in range(4): threading.Thread(target=work, daemon=True).start()\n",
    )
    result = run_process(code, FASTOPT_NUM_THREADS="2")
    assert (result.returncode, result.stderr) == (7, "")
