"""Links of the pages of docs/ to what stands beside that folder, and signs in docstrings."""

from __future__ import annotations

import re
from typing import Any

# What a page links to in the repository, and where that is on the site; None: text alone.
ELSEWHERE = {
    "../README.md": "index.md",
    "../CONTRIBUTING.md": "site/contributing.md",
    "../CHANGELOG.md": "site/changelog.md",
    "../examples/course": "gallery/index.md",
    "../findings": None,
}


def lead_to_the_site(app: Any, document: str, source: list[str]) -> None:
    """Turn the links of a page that leave docs/ into links to pages of the site."""

    def target(match: re.Match[str]) -> str:
        text, path = match.groups()
        if path.rstrip("/") not in ELSEWHERE:
            return match[0]
        page = ELSEWHERE[path.rstrip("/")]
        return text if page is None else f"[{text}]({page})"

    source[0] = re.sub(r"\[([^]]*)\]\((\.\./[^)#]*)\)", target, source[0])


def keep_signs(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep |x| and val_ in docstrings: reStructuredText takes them for substitutions and links."""
    for i, line in enumerate(lines):
        pieces = line.split("``")
        pieces[::2] = [
            re.sub(r"(?<!\\)\||(?<=\w)_(?!\w)", r"\\\g<0>", text) for text in pieces[::2]
        ]
        lines[i] = "``".join(pieces)


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("source-read", lead_to_the_site)
    app.connect("autodoc-process-docstring", keep_signs)
    return {"parallel_read_safe": True}
