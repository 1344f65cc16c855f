"""Runbooks as pages. HTML in the text is shown as text, and no link can run anything."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

_RENDERER = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


def rendered(text: str) -> Markup:
    """Return HTML of Markdown; markdown-it refuses ``javascript:`` and its like as link targets."""
    return Markup(_RENDERER.render(text))  # noqa: S704 (html is off: whatever is not Markdown is escaped)
