"""The gallery: a page for each statement of the course and each example, drawn by the build.

A page is the docstring of a script with its formulas, its pictures and its code.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from course_texts import Text, escaped, read, statements
from sphinx.errors import ExtensionError
from sphinx.util.display import status_iterator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
OTHERS = [EXAMPLES / f"{name}.py" for name in ("quickstart", "functions", "curve_fitting")]
OTHERS += [EXAMPLES / "second_order.py", EXAMPLES / "pruning.py"]
NO_PICTURES = {"pruning"}  # a search that needs Optuna
# A race against the clock belongs to an idle machine.
FURTHER_ARGUMENTS = {"second_order": ["fits"]}
TIME_LIMIT = 600  # seconds that a script may take; an idle core needs less than a minute for each


def draw(script: Path, folder: Path) -> list[Path]:
    """Return the pictures of a script, drawn anew where it has changed since."""
    if script.stem in NO_PICTURES:
        return []
    pictures = sorted(folder.glob("*.png"))
    if not pictures or min(p.stat().st_mtime for p in pictures) < script.stat().st_mtime:
        command = [sys.executable, str(script), str(folder)]
        command += FURTHER_ARGUMENTS.get(script.stem, [])
        run = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT)
        pictures = sorted(folder.glob("*.png"))
        if run.returncode != 0 or not pictures:
            raise ExtensionError(f"{script} drew nothing:\n{run.stdout}{run.stderr}")
    return pictures


def page(script: Path, text: Text, pictures: list[Path]) -> str:
    """Return the page of a script."""
    code = script.relative_to(EXAMPLES.parent)
    images = [f"![{text.title}](pictures/{script.stem}/{p.name})" for p in pictures]
    parts = [f"# {text.title}", *text.paragraphs]
    if text.formulas:
        parts.append("{.formula}\n" + "\\\n".join(map(escaped, text.formulas)))
    parts += [*images, f"`{code}`", f"```{{literalinclude}} ../../{code}\n:language: python\n```"]
    return "\n\n".join(part for part in parts if part) + "\n"


def cards(scripts: list[Path], texts: dict[Path, Text], pictures: dict[Path, list[Path]]) -> str:
    """Return a grid of pictures that lead to the pages."""
    lines = ["{.gallery}"]
    for script in scripts:
        images = [f"![](pictures/{script.stem}/{p.name}) " for p in pictures[script][:1]]
        lines.append(f"- [{''.join(images)}{texts[script].title}]({script.stem}.md)")
    return "\n".join(lines)


def write(app: Any) -> None:
    """Draw the pictures and write the pages into docs/gallery."""
    folder = Path(app.srcdir) / "gallery"
    folder.mkdir(exist_ok=True)
    course = statements()
    scripts = [*course, *OTHERS]
    texts = {script: read(script) for script in scripts}
    pictures = {
        script: draw(script, folder / "pictures" / script.stem)
        for script in status_iterator(
            scripts, "drawing… ", "green", len(scripts), stringify_func=lambda path: path.name
        )
    }
    index = "\n\n".join(
        [
            "# Gallery",
            "Each picture is made by the build from the code beside it.",
            "## The statements of the course",
            cards(course, texts, pictures),
            "## Examples",
            cards(OTHERS, texts, pictures),
            "\n".join(["```{toctree}", ":hidden:", "", *[s.stem for s in scripts], "```"]),
        ]
    )
    pages = {script.stem: page(script, texts[script], pictures[script]) for script in scripts}
    for name, text in {**pages, "index": index + "\n"}.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
