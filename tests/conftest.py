"""Fixtures of all tests; a conftest also puts its folder, with ``reference``, on the path."""

import signal

import pytest

import fastopt
from interruption import SANITIZED

# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them press.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Leave out what measures times where the sanitizers stretch them."""
    if SANITIZED:
        for item in items:
            if item.get_closest_marker("timing"):
                item.add_marker(pytest.mark.skip(reason="a time, which the sanitizers stretch"))


@pytest.fixture
def set_threads():
    """``fastopt.set_num_threads``, undone at the end of the test."""
    before = fastopt.get_num_threads()
    yield fastopt.set_num_threads
    fastopt.set_num_threads(before)
