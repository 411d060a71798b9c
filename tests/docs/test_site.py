"""What the documentation site is made from; `make docs` builds it, with warnings as errors."""

import importlib
import re
from pathlib import Path

import pytest

import fastopt

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture
def modules(monkeypatch):
    """Import what builds the site."""
    monkeypatch.syspath_prepend(DOCS / "_site")
    return importlib.import_module


def test_the_reference_has_whatever_is_public(modules):
    pytest.importorskip("typer")
    pytest.importorskip("sklearn")
    reference = modules("site_reference")
    listed = reference.public()
    names = [*fastopt.__all__, *fastopt._OF_EXTRAS]
    assert {f"fastopt.{name}" for name in names} <= set(listed)
    assert {f"fastopt.plots.{name}" for name in fastopt.plots.__all__} <= set(listed)
    for name, home in listed.items():
        assert reference.summary(reference.find(name)), name
        assert f":: {name}\n" in reference.page(name)
        assert reference.room_of(home) in reference.ROOMS
    for room in reference.ROOMS:
        assert any(reference.room_of(home) == room for home in listed.values()), room


def test_every_command_and_option_is_on_its_page(modules):
    pytest.importorskip("typer")
    page = modules("site_reference").cli_page()
    for command in ("train", "predict", "evaluate", "export", "import", "compare", "fit-curve"):
        assert f"## fastopt {command}\n" in page
    assert "`--target`" in page


def test_links_that_leave_the_docs_lead_to_pages(modules):
    pages = modules("site_pages")
    source = ["[a](../CONTRIBUTING.md), [b](../findings), [c](../findings/x.sh), [d](methods.md)"]
    pages.lead_to_the_site(None, "architecture", source)
    assert source == ["[a](site/contributing.md), b, [c](../findings/x.sh), [d](methods.md)"]
    for path, page in pages.ELSEWHERE.items():
        assert (DOCS / path).exists()
        assert page is None or page.startswith("gallery/") or (DOCS / page).exists()


def test_bars_are_no_substitutions_and_last_underscores_no_links(modules):
    lines = ["the size |g| of g, ``a|b_`` and |x|", 'before "val_" and `this link`_']
    modules("site_pages").keep_signs(None, "class", "", None, None, lines)
    assert lines == [r"the size \|g\| of g, ``a|b_`` and \|x\|", r'before "val\_" and `this link`_']


def test_every_page_of_docs_is_in_a_table_of_contents():
    listed = set()
    for path in [DOCS / "index.md", *(DOCS / "site").glob("*.md")]:
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```$", path.read_text(), re.S | re.M):
            listed |= {Path(line).name for line in block.split() if not line.startswith(":")}
    pages = {path.stem for folder in (DOCS, DOCS / "site") for path in folder.glob("*.md")}
    assert pages <= listed | {"index"}


def test_the_check_sees_broken_links_and_what_is_loaded_from_elsewhere(modules, tmp_path):
    check = modules("site_check")
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#there">b</a><img src="c.png">')
    (tmp_path / "b.html").write_text(
        '<p id="there"><a href="a.html#there">a</a><script src="https://cdn.example/x.js"></script>'
        '<a href="https://example.org">elsewhere</a>'
    )
    assert check.problems(tmp_path) == [
        "a.html links to c.png, which is not there",
        "b.html links to a.html#there: there is no such place on the page",
        "b.html loads https://cdn.example/x.js",
    ]
