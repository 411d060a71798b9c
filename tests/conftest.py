"""Fixtures of all tests; a conftest also puts its folder, with ``reference``, on the path."""

import pytest

import fastopt


@pytest.fixture
def set_threads():
    """``fastopt.set_num_threads``, undone at the end of the test."""
    before = fastopt.get_num_threads()
    yield fastopt.set_num_threads
    fastopt.set_num_threads(before)
