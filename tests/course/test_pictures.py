from importlib import import_module
from pathlib import Path

import pytest

COURSE = Path(__file__).parents[2] / "examples" / "course"


@pytest.mark.parametrize("script", sorted(path.stem for path in COURSE.glob("statement_*.py")))
def test_every_statement_is_drawn(script):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure = import_module(script).draw()
    try:
        figure.draw_without_rendering()
        assert all(axes.has_data() for axes in figure.axes)
        assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes)
    finally:
        pyplot.close(figure)
