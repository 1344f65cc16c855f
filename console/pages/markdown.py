"""Runbooks as pages. HTML in the text is shown as text, and no link can run a script.

A block of ``promql`` or ``logql`` gets a link that runs the query, because copying takes time in an incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from console.web.links import graph, lines_page

_NAMES = {"promql": "Run in Prometheus", "logql": "Show log lines"}


def rendered(text: str, prometheus: str = "") -> Markup:
    """Return Markdown as HTML; markdown-it rejects unsafe link targets such as ``javascript:``."""
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    markdown.add_render_rule("fence", _fence)
    return Markup(markdown.render(text, {"prometheus": prometheus}))  # noqa: S704 (html is off: all else is escaped)


def _fence(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    # It may be wider than the page, and is focusable so that it can be scrolled with the keyboard.
    block = renderer.fence(tokens, index, options, env).replace("<pre>", '<pre tabindex="0">', 1)
    language, query = tokens[index].info.strip(), tokens[index].content.strip()
    if language == "logql":
        url = lines_page(query)
    elif language == "promql" and env["prometheus"]:
        url = graph(env["prometheus"], query)
    else:
        return block
    return f'<div class="query">{block}<a href="{escape(url)}">{_NAMES[language]}</a></div>\n'
