"""How much of a thread's stack calls need, and stacks of unusual sizes."""

import platform

import pytest
from calls import CALLS, SETUP

from interruption import SANITIZED
from process import run_python

pytestmark = [
    pytest.mark.skipif(SANITIZED, reason="the sanitizers need more of the stack"),
    pytest.mark.skipif(platform.system() != "Linux", reason="the least stack is another elsewhere"),
]

# 64 KB for fastopt and as much for what Python and NumPy need themselves. The call is made outside
# the thread first: what it imports needs more.
IN_A_THREAD = """
call = lambda: {call}
call()
ended = []
threading.stack_size(128 * 1024)
thread = threading.Thread(target=lambda: ended.append(call()))
thread.start()
thread.join()
print(len(ended))
"""


OF_BOTH_TYPES = ["fit", "fit deep", "predict", "evaluate", "loss_and_gradient", "step", "pickle"]


@pytest.mark.parametrize(
    ("call", "dtype"),
    [(call, "float64") for call in CALLS] + [(call, "float32") for call in OF_BOTH_TYPES],
)
def test_small_stack(call, dtype):
    """The caller works along with one other thread, so its stack holds what the work needs."""
    code = SETUP + IN_A_THREAD.format(call=CALLS[call])
    assert run_python(code, DTYPE=dtype, FASTOPT_NUM_THREADS="2") == "1"


@pytest.mark.parametrize("stack", ["unlimited", "256"])
def test_limit_on_stacks(stack):
    """The limit says how large the stacks of new threads are, or, with none, 2 MB."""
    limit = "-1" if stack == "unlimited" else str(int(stack) * 1024)
    code = f"""
import resource, subprocess, sys
hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
if {limit} == -1 and hard != -1:
    print("refused")
    sys.exit()
inner = {SETUP + "LARGE.fit(WIDE, T, batch_size=128, epochs=2)" + chr(10) + "print('done')"!r}
resource.setrlimit(resource.RLIMIT_STACK, ({limit}, hard))
print(subprocess.run([sys.executable, "-c", inner], capture_output=True, text=True).stdout)
"""
    found = run_python(code, DTYPE="float32", FASTOPT_NUM_THREADS="2")
    if found == "refused":
        pytest.skip("a limit on stacks cannot be lifted here")
    assert found == "done"
