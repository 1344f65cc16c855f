"""Sphinx's configuration: the pages of this folder as a site (`make docs`).

Links to files outside this folder work on GitHub as they are. On the site they lead to the repository. A link to a
file that does not exist is a warning, and ``make check-docs`` treats each warning as an error.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

DOCS = Path(__file__).parent
ROOT = DOCS.parent
LINK = re.compile(r"(?<=\]\()(?P<path>\.\.?/[^)#\s]+)(?P<anchor>#[^)\s]+)?(?=\))")

project = "Glasshouse"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
root_doc = "README"
html_theme = "furo"
html_title = "Glasshouse"
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
# Commands and output are shown as they are; most blocks name no language.
highlight_language = "none"

_log = logging.getLogger(__name__)


def repository() -> str:
    """Where links to files lead: GitHub's page of the repository in a workflow, else the checkout."""
    name = os.environ.get("GITHUB_REPOSITORY")
    return f"https://github.com/{name}/blob/main" if name else ROOT.as_uri()


def link_to_repository(app: Sphinx, name: str, content: list[str]) -> None:
    """Replace links that lead out of ``docs/``; ``content`` holds one element, the page's source."""
    page = DOCS / f"{name}.md"

    def replaced(link: re.Match[str]) -> str:
        target = (page.parent / link["path"]).resolve()
        if target.is_relative_to(DOCS):
            return link[0]
        if not target.exists():
            _log.warning("%s links to %s, which does not exist", page.relative_to(ROOT), link["path"])
        return f"{repository()}/{target.relative_to(ROOT)}{link['anchor'] or ''}"

    content[0] = LINK.sub(replaced, content[0])


def setup(app: Sphinx) -> None:
    """Register the handler."""
    app.connect("source-read", link_to_repository)
