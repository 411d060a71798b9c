"""Check the built site: every link within it leads somewhere, and no page needs the network.

Its argument is the folder of the site: ``python docs/_site/site_check.py build/docs/html``.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page, its links, and what a browser loads with it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag names, links to and loads."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") not in ("canonical", "search", "next", "prev"):
            self.loaded.append(given.get("href", ""))
        elif "src" in given:
            self.loaded.append(given["src"])


def on_page(fragment: str, page: Page | None) -> bool:
    """Whether a page, or a file that is none, has the place that a link names."""
    return not fragment or page is None or unquote(fragment) in page.anchors


def problems(folder: Path) -> list[str]:
    """Return what is wrong, a line each."""
    # The theme keeps templates beside its styles.
    paths = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]
    pages = {path.resolve(): Page(path) for path in paths}
    found = [] if len(pages) > 1 else [f"{folder} holds no pages"]
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        for address in [*page.links, *page.loaded]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in page.loaded and parts.scheme != "data":
                    found.append(f"{name} loads {address}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append(f"{name} links to {address}, which is not there")
            elif not on_page(parts.fragment, pages.get(target)):
                found.append(f"{name} links to {address}: there is no such place on the page")
    return found


if __name__ == "__main__":
    wrong = problems(Path(sys.argv[1]))
    print("\n".join(wrong) or "every link leads somewhere; nothing is loaded from elsewhere")
    sys.exit(bool(wrong))
