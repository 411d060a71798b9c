"""Golden values of PyTorch and Keras, kept as data so that the tests need neither.

Each set is a pair of files: NAME.json lists the cases with their settings, NAME.npz holds the
arrays. ``make_golden.py`` made them and says with which versions.
"""

import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent


def load(name):
    """(cases, arrays) of one set: a list of dicts and a dict of arrays."""
    cases = json.loads((FOLDER / f"{name}.json").read_text())["cases"]
    with np.load(FOLDER / f"{name}.npz") as archive:
        return cases, dict(archive)
