"""The examples in the docstrings do what they show."""

import doctest
import importlib
import pkgutil

import pytest

import fastopt

MODULES = ["fastopt"] + [
    module.name
    for module in pkgutil.walk_packages(fastopt.__path__, "fastopt.")
    if not module.name.startswith("fastopt._core._") and not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failures, _ = doctest.testmod(importlib.import_module(name))
    assert failures == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = sum(
        len(t.examples) for n in MODULES for t in finder.find(importlib.import_module(n))
    )
    assert examples > 50


@pytest.mark.parametrize("name", fastopt.__all__)
def test_whatever_is_public_has_an_example(name):
    assert ">>> " in getattr(fastopt, name).__doc__
