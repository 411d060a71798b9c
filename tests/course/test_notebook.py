"""The notebook for classes is that of the scripts, has no outputs and runs."""

import json

import pytest

pytest.importorskip("matplotlib")
import make_notebook
from course_texts import read, statements


def test_it_is_made_from_the_scripts():
    written = json.loads(make_notebook.NOTEBOOK.read_text(encoding="utf-8"))
    assert written == make_notebook.notebook(), "python examples/course/make_notebook.py"


def test_every_statement_has_a_title_a_formula_and_a_question():
    scripts = statements()
    assert [read(script).title.split(".")[0] for script in scripts] == [
        str(i) for i in range(1, 17)
    ]
    assert all(read(script).formulas for script in scripts)
    assert set(make_notebook.QUESTIONS) == {script.stem for script in scripts}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of Jupyter are not ours to mend
def test_it_runs():
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    pytest.importorskip("sklearn")
    notebook = nbformat.reads(make_notebook.as_text(), as_version=4)
    nbformat.validate(notebook)
    folder = str(make_notebook.NOTEBOOK.parent)
    resources = {"metadata": {"path": folder}}
    # The kernel is this Python. A limit for a cell, generous since others may compute.
    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources=resources
    ).execute()
    drawn = [
        cell
        for cell in notebook.cells
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    ]
    assert len(drawn) == len(statements())
