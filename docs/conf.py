"""Settings of the documentation site, which `make docs` builds with Sphinx."""

import sys
from pathlib import Path

import fastopt

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_site"), str(HERE.parent / "examples" / "course")]

project = "fastopt"
author = "fastopt developers"
copyright = author
version = release = fastopt.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
extensions += ["site_gallery", "site_reference", "site_pages"]
exclude_patterns = ["_site"]

# Every reference has to lead somewhere; `make docs` turns warnings into errors.
nitpicky = True
nitpick_ignore_regex = [
    # What all optimisers have is described at their base, and named without it in their docstrings.
    ("py:meth", "step|finalize|reset|state_dict|load_state_dict"),
    # Other packages have sites of their own.
    ("py:.*", r"(matplotlib|numpy|pandas|scipy|sklearn)\..*"),
]
# Links to a heading of another page: those of the first three levels.
myst_heading_anchors = 3
# {.formula} before a paragraph names its class.
myst_enable_extensions = ["attrs_block"]

# The docstrings tell the types of parameters in words.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
linkcheck_timeout = 20
linkcheck_anchors = False

html_theme = "pydata_sphinx_theme"
html_title = f"fastopt {release}"
html_static_path = ["_site/static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navbar_persistent": [],
    "navbar_end": ["search-button", "theme-switcher"],
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"index": [], "site/figures": []}
