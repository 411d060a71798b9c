"""Ctrl-C in the middle of a call, and how long it takes until it is obeyed."""

import os
import signal
import threading
import time

import pytest

from process import SANITIZED

# The mark of tests that measure what the sanitizers change; conftest.py leaves out those of times.
unweighed = pytest.mark.skipif(
    SANITIZED, reason="memory, which the sanitizers keep when it is freed"
)


def delay_of_interruption(call, after, tries=5):
    """Return the seconds from Ctrl-C, ``after`` seconds into ``call()``, to KeyboardInterrupt.

    They are those for which the main thread worked, which other users of the machine do not
    stretch; time that it spent otherwise counts a tenth, so that a wait of seconds is seen. The
    least of a few tries.
    """
    main = time.pthread_getcpuclockid(threading.main_thread().ident)

    def now():
        return time.clock_gettime(main), time.perf_counter()

    delays = []
    for _ in range(tries):
        sent = []

        def press(sent=sent):
            sent.extend(now())
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(after, press)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            call()
        worked, passed = (end - start for start, end in zip(sent, now(), strict=True))
        delays.append(max(worked, passed / 10))
        timer.join()
    return min(delays)
