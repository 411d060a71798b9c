"""The Python of the README and of the documents runs."""

import re
from pathlib import Path

import pytest

import fastopt

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page):
    """Yield the line and the text of each block of Python."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        # The lines before it keep the numbers of lines in tracebacks right.
        start = text.count("\n", 0, match.start(1))
        yield "\n" * start + match[1]


def of_others(source):
    """Whether a block shows other software, which is not here: it only has to be Python."""
    return "keras" in source.lstrip().split("\n", 1)[0].lower()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for source in blocks(page):
        code = compile(source, str(page), "exec")
        if not of_others(source):
            exec(code, namespace)


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
