"""Prose in HTML and XML with Jinja: text nodes, attributes that people read, comments, scripts and styles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploy.prose.script import css, javascript
from deploy.prose.text import Span, reads_as_prose

_PIECE = re.compile(
    r"""
    (?P<comment><!--.*?--> | \{\#.*?\#\})
    | (?P<jinja>\{%.*?%\} | \{\{.*?\}\})
    | <script\b[^>]*>(?P<script>.*?)</script>
    | <style\b[^>]*>(?P<style>.*?)</style>
    | <(?P<close>/?)(?P<tag>[\w:-]+)(?P<attributes>(?:\{\{.*?\}\} | \{%.*?%\} | "[^"]*" | '[^']*' | [^>"'])*)>
    | <[!?][^>]*>
    | (?P<text>[^<{]+ | [<{])
    """,
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""\b(?:title|aria-label|placeholder|alt|value|testname)\s*=\s*(["'])(.*?)\1""", re.DOTALL)
_QUOTED = re.compile(r"""(["'])(.*?)\1""", re.DOTALL)
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_CODE_TAGS = {"code", "pre", "kbd", "samp", "tt"}


def spans(text: str) -> Iterator[Span]:
    """Yield the spans of prose."""
    code = 0
    for piece in _PIECE.finditer(text):
        kind = piece.lastgroup
        if piece["comment"]:
            mark = 2 if piece["comment"].startswith("{") else 3
            yield piece.start() + mark, piece.end() - mark
        elif piece["jinja"]:
            yield from _quoted(text, piece.span())
        elif piece["script"] is not None:
            yield from _shifted(javascript(piece["script"]), piece.start("script"))
        elif piece["style"] is not None:
            yield from _shifted(css(piece["style"]), piece.start("style"))
        elif piece["tag"]:
            if piece["tag"].lower() in _CODE_TAGS:
                code += -1 if piece["close"] else 1
            for found in _ATTRIBUTE.finditer(text, *piece.span("attributes")):
                yield from _without_jinja(text, found.span(2))
        elif kind == "text" and not code:
            yield piece.span()


def _quoted(text: str, within: Span) -> Iterator[Span]:
    """Yield the string literals of a Jinja expression that read as prose."""
    return (found.span(2) for found in _QUOTED.finditer(text, *within) if reads_as_prose(found[2]))


def _without_jinja(text: str, within: Span) -> Iterator[Span]:
    at = within[0]
    for found in _JINJA.finditer(text, *within):
        yield at, found.start()
        yield from _quoted(text, found.span())
        at = found.end()
    yield at, within[1]


def _shifted(spans: Iterator[Span], by: int) -> Iterator[Span]:
    return ((start + by, end + by) for start, end in spans)
