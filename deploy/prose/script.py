"""Prose in JavaScript and languages with its comments (Go, Groovy, Lark), and in CSS."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploy.prose.text import Span, reads_as_prose

_SCRIPT = re.compile(
    r"""
    //(?P<line>[^\n]*)
    | /\*(?P<block>.*?)\*/
    | (?P<pattern>(?:(?<=[=(,:\[!&|?{};>])|(?<=\breturn))\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\n\\])*\]|[^/\\\n\[])+/[a-z]*)
    | "(?P<double>(?:\\.|[^"\\\n])*)"
    | '(?P<single>(?:\\.|[^'\\\n])*)'
    | `(?P<template>(?:\\.|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}|[^`\\])*)`
    """,
    re.VERBOSE | re.DOTALL,
)
_SUBSTITUTION = re.compile(r"\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}")
_CSS = re.compile(r"/\*(.*?)\*/", re.DOTALL)


def javascript(text: str) -> Iterator[Span]:
    """Yield comments, and string and template literals that read as prose."""
    for piece in _SCRIPT.finditer(text):
        kind = piece.lastgroup or ""
        if kind == "template":
            yield from _template(text, piece.span(kind))
        elif kind in ("line", "block") or (kind in ("double", "single") and reads_as_prose(piece[kind])):
            yield piece.span(kind)


def _template(text: str, within: Span) -> Iterator[Span]:
    """Yield the parts of a template literal between its substitutions, and the literals inside of these."""
    constant = _SUBSTITUTION.sub(" ", text[slice(*within)])
    at = within[0]
    for found in _SUBSTITUTION.finditer(text, *within):
        if reads_as_prose(constant):
            yield at, found.start()
        inside = found.start() + 2
        yield from ((start + inside, end + inside) for start, end in javascript(text[inside : found.end() - 1]))
        at = found.end()
    if reads_as_prose(constant):
        yield at, within[1]


def css(text: str) -> Iterator[Span]:
    """Yield comments."""
    return (found.span(1) for found in _CSS.finditer(text))
