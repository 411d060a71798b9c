"""Ctrl-C in the middle of a call, and how long it takes until it is obeyed."""

import os
import signal
import threading
import time

import pytest

SANITIZED = "asan" in os.environ.get("LD_PRELOAD", "")
untimed = pytest.mark.skipif(SANITIZED, reason="a time, which the sanitizers stretch")


def delay_of_interruption(call, after, tries=5):
    """Return the seconds from Ctrl-C, ``after`` seconds into ``call()``, to KeyboardInterrupt.

    The least of a few tries: other users of the machine add to it, and nothing takes from it.
    """
    delays = []
    for _ in range(tries):
        sent = []

        def press(sent=sent):
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(after, press)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            call()
        delays.append(time.perf_counter() - sent[0])
        timer.join()
    return min(delays)
