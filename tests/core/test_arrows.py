"""The rooms of the C++ code look one way: each includes its own headers and those below it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "cpp" / "fastopt"

# What each room may include beside itself. docs/architecture.md draws the same.
BELOW = {
    "core": set(),
    "linalg": {"core"},
    "update": {"core"},
    "differences": {"core", "linalg"},
    "data": {"core"},
    "network": {"core", "linalg", "data"},
    "objective": {"core", "linalg", "data", "network"},
    "solver": {"core", "linalg", "data", "differences", "network", "objective", "update"},
}


def included_rooms(text):
    return re.findall(r'^#include "fastopt/(\w+)/', text, re.MULTILINE)


def test_every_room_is_known():
    assert {path.name for path in SOURCES.iterdir() if path.is_dir()} == set(BELOW)


def test_no_circle():
    """The rooms stand in an order in which each is above all that it includes."""
    seen = set()
    for room, below in BELOW.items():
        assert below <= seen
        seen.add(room)


@pytest.mark.parametrize("room", BELOW)
def test_no_include_points_up(room):
    wrong, found = [], 0
    for path in sorted((SOURCES / room).rglob("*.[hc]pp")):
        rooms = included_rooms(path.read_text(encoding="utf-8"))
        found += len(rooms)
        wrong += [
            f"{path.relative_to(SOURCES)} includes {other}"
            for other in rooms
            if other not in BELOW[room] | {room}
        ]
    assert found > 0
    assert not wrong


def test_only_bindings_know_python():
    known = re.compile(r"#include [<\"](pybind11|Python\.h|bindings)")
    wrong = [str(p) for p in SOURCES.rglob("*.[hc]pp") if known.search(p.read_text("utf-8"))]
    assert not wrong


def test_the_page_draws_the_same_arrows():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)/` \|.*\| ([^|]*) \|$", page, re.MULTILINE)
    assert {room: set(re.findall(r"\w+", below)) for room, below in rows} == BELOW
