"""The Python of the README and of the documents runs, and brings what it is shown for."""

import importlib
import os
import re
import site
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

import fastopt
from fastopt.functions import squares_result
from fastopt.functions.result import Status

pytestmark = pytest.mark.filterwarnings("error::fastopt.ScalingWarning")

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# What the scripts of a page take their data from and draw with.
NEEDED = {
    "from_matlab.md": ["sklearn", "matplotlib"],
    "from_pytorch.md": ["sklearn"],
    "from_sklearn.md": ["sklearn"],
}

# What holds once a block has run: (page, a piece of the block, expression). The variance of y is
# 0.5 or less; of that of the README 0.0025 is noise.
RESULTS = [
    ("README.md", "callbacks=early", "early.stopped_epoch and early.best < 0.005"),
    ("README.md", 'optimizer="lm"', "history.loss[-1] < 0.0025"),
    ("README.md", 'optimizer="lm"', "net.evaluate(X, y, metrics=['r2'])['r2'] > 0.98"),
    ("README.md", "argmax(axis=1)", "np.mean(classes == labels) > 0.9"),
    ("README.md", "restarts=5", "estimator.score(X, 1000 * y) > 0.9"),
    ("README.md", "minimize(rosenbrock", "result.success and np.abs(result.x - 1).max() < 1e-6"),
    ("estimators.md", "scale_inputs", "net.evaluate(X, y, metrics=['r2'])['r2'] > 0.99"),
    ("estimators.md", "GridSearchCV(", "search.best_score_ > 0.4"),
    ("from_keras.md", "model = fastopt.MLP([4, 16, 1]", "model.evaluate(X, y) < 0.5"),
    ("from_keras.md", "history = model.fit(X, y, epochs=200", "min(history.val_loss) < 0.02"),
    ("from_keras.md", "stopping=fastopt.Stopping", "model.history_.stop_reason == 'loss'"),
    # R² of the test part, as scikit-learn's own in the block above it; accuracies near 0.97.
    ("from_sklearn.md", "fastopt.MLP([10, 10, 1]", "0.3 < score < 0.45"),
    ("from_pytorch.md", "fastopt.MLP([30, 16, 1]", "score > 0.9"),
    # The variance of the targets is 5930; the best of ten by the part for validation.
    (
        *("from_matlab.md", "restarts=10"),
        "perf < 9000 and min(history.val_loss) < 0.9 * y.var() * (2 / (y.max() - y.min())) ** 2",
    ),
    (
        "intervals.md",
        "print(fit.report())",
        "'10 degrees' in fit.report() and abs(popt[0] - 212.6837) < 1e-3",
    ),
    ("intervals.md", "result.confidence_band", "lower < value < upper and 'vmax' in text"),
    # The noise is 0.1.
    ("intervals.md", "net.uncertainty()", "0.07 < known.noise[0] < 0.14"),
    ("intervals.md", "net.uncertainty()", "(lower < y_new).all() and (y_new < upper).all()"),
    ("intervals.md", "fastopt.conformal", "((0.1 < upper - lower) & (upper - lower < 1)).all()"),
    ("many_fits.md", "map_of_lifetimes", "np.abs(map_of_lifetimes - lifetime).max() < 0.1"),
    ("many_fits.md", "def peak", "np.abs(peaks['center'] - centers).max() < 0.05"),
    ("many_fits.md", "doses =", "np.allclose(curves['ec50'], ec50[:, 0], rtol=0.1)"),
    # The noise is 0.005, and one step ahead has that of two measured values, too.
    ("series.md", "closed_loop=True", "np.std(one_step - measured[452:]) < 0.012"),
    ("series.md", "closed_loop=True", "np.std(free - height[452:]) < 0.1 * np.std(height)"),
    ("series.md", "closed_loop=True", "np.std(ahead - height[500:]) < 0.1 * np.std(height)"),
    ("series.md", "split_by_time", "loss < 0.012**2"),
    ("series.md", "pieces =", "len(history.loss) > 1 and history.loss[-1] < 0.1"),
    ("series.md", "arx =", "arx.shape == (4,) and len(rows.times) == 598"),
    # The noise is 0.05.
    ("scale.md", "history = net.fit(parts", "history.loss[-1] < 0.003"),
    ("scale.md", "ThreadPoolExecutor", "same_bits"),
    ("scale.md", "normal_equations", "result.success and result.rank == 4"),
    ("scale.md", "parts.batches", "small.evaluate(np.load('X.npy'), np.load('y.npy')) < 0.05"),
    ("methods.md", "opt.step(weights, grads)", "np.allclose(weights[0], 0.9, atol=0.01)"),
    ("methods.md", "fastopt.WarmUp(", "history.loss[-1] < 0.02"),
    ("methods.md", 'y, "lm"', "history.loss[-1] < 1e-5"),
    # The noise is 0.1.
    ("methods.md", "net.effective_parameters_", "0.07 < history.beta[-1] ** -0.5 < 0.14"),
    ("methods.md", 'y, "bfgs"', "history.loss[-1] < 1e-5"),
    ("methods.md", "minimize(rosenbrock", "np.abs(result.x - 1).max() < 1e-6"),
    ("methods.md", "dropout=0.1", "history.loss[-1] < 0.25 and 0 <= history.clipped[-1] <= 1"),
]


def blocks(page):
    """Yield the line and the text of each block of Python."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        # The lines before it keep the numbers of lines in tracebacks right.
        start = text.count("\n", 0, match.start(1))
        yield "\n" * start + match[1]


# What other software is called in the first line of a block, and how it is imported.
OTHERS = {"keras": "keras", "pytorch": "torch", "scikit-learn": "sklearn"}


def first_line(source):
    return source.lstrip().split("\n", 1)[0].lower()


def of_others(source):
    """Return how the software is imported that a block shows, where that is not fastopt."""
    line = first_line(source)
    return next((module for name, module in OTHERS.items() if name in line), None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if page.name in NEEDED:
        for module in NEEDED[page.name]:
            pytest.importorskip(module)
    namespace, checked = {}, []
    for source in blocks(page):
        code = compile(source, str(page), "exec")
        if other := of_others(source):
            if "the whole script" in first_line(source) and find_spec(other):
                theirs = {}
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # they are not ours to mend
                    exec(code, theirs)
                assert theirs["score"] > 0.3, "it does what the page shows it for"
            continue
        exec(code, namespace)
        results = [r for r in RESULTS if r[0] == page.name and r[1] in source]
        assert results or "print(" not in source, "what is printed belongs into RESULTS"
        for *_, holds in results:
            assert eval(holds, namespace), holds
        checked += results
    assert checked == [r for r in RESULTS if r[0] == page.name]


def test_types_of_the_readme_are_checked(tmp_path):
    """Mypy passes on the README's code: overloads and results have types that fit."""
    pytest.importorskip("mypy")
    source = "\n".join(block.strip("\n") for block in blocks(PAGES[0]))
    path = tmp_path / "readme.py"
    path.write_text(source + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--check-untyped-defs", "--cache-dir", str(tmp_path)]
    package = Path(fastopt.__file__).parents[1]
    # An installed package is found by itself, and mypy refuses its folder; that of a build for
    # development is in the source tree.
    found = package in {Path(path) for path in site.getsitepackages()}
    run = subprocess.run(
        [*command, "--config-file", os.devnull, "--ignore-missing-imports", str(path)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "MYPYPATH": "" if found else str(package)},
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_there_are_blocks():
    ours = {page.name: sum(not of_others(s) for s in blocks(page)) for page in PAGES}
    assert ours["README.md"] >= 1
    assert ours["from_keras.md"] >= 15
    assert ours["methods.md"] >= 3


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), (page.name, target)


def test_the_methods_of_the_readme_can_be_had():
    text = PAGES[0].read_text(encoding="utf-8").split("## The methods", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\|[^|]+\|([^|]+)\| `\"(\w+)\"` \|$", text, re.MULTILINE)
    assert {name for _, name in rows} == set(fastopt.optimizers.registry)
    for written, name in rows:
        kind = re.search(r"`(\w+)", written)[1]
        assert type(fastopt.optimizers.resolve(name)) is getattr(fastopt, kind)


def rows_of(page, heading):
    """Return the first cells of the rows of the table below a heading."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1]
    return re.findall(r"^\| ([−\d]+) \| ?([^|]*?) ?\|", text.split("\n## ", 1)[0], re.MULTILINE)


def test_every_status_has_its_row():
    documented = {
        int(number): name.strip("`") for number, name in rows_of("success.md", "`minimize`")
    }
    assert documented == {status.value: status.name for status in Status}
    rows = rows_of("success.md", "`least_squares` and `curve_fit`")
    kinds = [squares_result._CONVERGED, squares_result._NOT_CONVERGED]
    known = {status for kind in kinds for status, _ in kind.values()} | {squares_result._CALLBACK}
    assert {int(number.replace("−", "-")) for number, _ in rows} == known


@pytest.mark.parametrize("world", ["matlab", "sklearn", "pytorch", "scipy", "keras"])
def test_a_page_of_a_world_has_thirty_names(world):
    text = (ROOT / "docs" / f"from_{world}.md").read_text(encoding="utf-8")
    table = text.split("## Names", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\|(?!---)(.+)\|$", table, re.MULTILINE)[1:]
    assert len(rows) >= 30


def test_matlabs_script_takes_twelve_lines():
    page = ROOT / "docs" / "from_matlab.md"
    (source,) = (source for source in blocks(page) if "restarts" in source)
    assert len([line for line in source.splitlines() if line.strip()]) <= 12
    for word in ("fastopt.split", "scale_inputs", "scale_targets", "restarts=10"):
        assert word in source
    assert source.count("fastopt.plots.") == 3


def test_the_shares_of_starts_are_those_that_the_bench_measures(monkeypatch):
    """The table names the bench's methods and problems; the share of "lm" is measured again."""
    monkeypatch.syspath_prepend(ROOT)
    starts = importlib.import_module("bench.starts")
    page = (ROOT / "docs" / "choosing.md").read_text(encoding="utf-8")
    tasks = starts.problems()
    assert f"| method | epochs | {' | '.join(tasks)} |" in page
    for method, (_, epochs) in starts.METHODS.items():
        assert f"| {method} | {epochs} | " in page
    (row,) = re.findall(r'^\| `"lm"` \| 200 \| (.*) \|$', page, re.MULTILINE)
    for told, task in zip(row.split(" | "), tasks.values(), strict=True):
        hits, epochs = starts.share('`"lm"`', *task).split(" in ")
        told_hits, told_epochs = told.split(" in ")
        assert abs(int(hits) - int(told_hits)) <= 3
        assert 0.5 < int(epochs) / int(told_epochs) < 2


def test_names_of_other_worlds_in_the_tables_are_those_of_fastopt():
    """What stands in the middle column as a name of fastopt's can be had."""
    for page in PAGES:
        if not page.name.startswith("from_"):
            continue
        for row in re.findall(
            r"^\|[^|]+\|([^|]+)\|[^|]*\|$", page.read_text("utf-8"), re.MULTILINE
        ):
            for name in re.findall(r"`([A-Z]\w+)[`(.]", row):
                assert hasattr(fastopt, name), (page.name, name)
