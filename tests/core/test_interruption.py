"""The measure of the tests that press Ctrl-C: it does not miss what is deaf."""

import hashlib
import time

import pytest

from interruption import delay_of_interruption


def hash_again_and_again(times):
    """Work without Python's lock, and return the seconds that it took."""
    start = time.thread_time()
    hashlib.pbkdf2_hmac("sha256", b"", b"", times)
    return time.thread_time() - start


RATE = 50_000 / hash_again_and_again(50_000)


def work(seconds, pieces):
    """Work for so long; signals are heard between the pieces."""
    for _ in range(pieces):
        hash_again_and_again(int(RATE * seconds / pieces))


def wait(seconds):
    end, pressed = time.monotonic() + seconds, False
    while time.monotonic() < end:
        try:
            time.sleep(0.1)
        except KeyboardInterrupt:
            pressed = True
    if pressed:
        raise KeyboardInterrupt


@pytest.mark.timing
@pytest.mark.parametrize(
    ("call", "heard"),
    [
        (lambda: work(0.8, pieces=40), True),
        (lambda: work(0.8, pieces=1), False),
        (lambda: wait(1.6), False),
    ],
)
def test_what_is_told_of_calls(call, heard):
    assert (delay_of_interruption(call, after=0.2, tries=1 + heard) < 0.1) == heard
