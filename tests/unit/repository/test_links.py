"""Every link in a Markdown file leads to an existing file and to an existing heading in it."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from deploy.tracked import tracked
from stack.paths import ROOT

PARSER = MarkdownIt("gfm-like", {"linkify": False})
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")
ON_GITHUB = re.compile(r"(\.\./\.\./)(actions|releases)\b")
"""Pages of GitHub itself, relative to the repository's README."""
CONSOLE = re.compile(r"/(runbooks|dashboards|alerts|inbox|faults|drills|requests|logs)\b")
"""Runbooks are pages of the console and link to its other pages."""


def targets(text: str) -> list[str]:
    """Return the addresses of all links and images of a page."""
    found = []
    for block in PARSER.parse(text):
        for token in block.children or []:
            if address := token.attrs.get("href") or token.attrs.get("src"):
                found.append(str(address))
    return found


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings; a repeated heading gets a number."""
    tokens = PARSER.parse(text)
    seen: Counter[str] = Counter()
    found = set()
    for heading, title in itertools.pairwise(tokens):
        if heading.type != "heading_open":
            continue
        words = "".join(part.content for part in title.children or [] if part.type in ("text", "code_inline"))
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken(page: Path, text: str) -> list[str]:
    """Return the broken links of a page, each with the reason."""
    found = []
    for address in targets(text):
        if any(pattern.match(address) for pattern in (ELSEWHERE, ON_GITHUB, CONSOLE)):
            continue
        path, _, anchor = address.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            found.append(f"{page.name}: {address}: no such file")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
            found.append(f"{page.name}: {address}: no such heading")
    return found


@pytest.mark.parametrize("page", tracked("*.md"))
def test_links_lead_somewhere(page: str) -> None:
    """No link and no image of any page is broken."""
    assert broken(ROOT / page, (ROOT / page).read_text()) == []


@pytest.mark.parametrize(
    "link",
    [
        "[a](missing.md)",
        "![a](docs/images/missing.png)",
        "[a](README.md#missing)",
        "[a][b]\n\n[b]: missing.md",
        "[a](#no)",
    ],
)
def test_a_broken_link_is_found(link: str) -> None:
    """A missing file, image or heading is found, also behind a reference."""
    assert len(broken(ROOT / "README.md", f"# Title\n\n{link}\n")) == 1


def test_anchors_are_those_of_github() -> None:
    """Punctuation is removed, spaces become hyphens, and a repeated heading gets a number, as on GitHub."""
    assert anchors("# Up, and `make down`\n\n## A\n\n## A\n") == {"up-and-make-down", "a", "a-1"}
