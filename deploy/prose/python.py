"""Prose in Python: docstrings, comments, and string literals that read as prose."""

from __future__ import annotations

import io
import re
import token
import tokenize
from collections.abc import Iterator
from itertools import accumulate

from deploy.prose.text import Span, reads_as_prose

# Python 3.12 splits f-strings into several tokens; 3.11 does not have these two.
_F_START, _F_END = (getattr(token, name, -1) for name in ("FSTRING_START", "FSTRING_END"))
_LITERAL = re.compile(r"""([A-Za-z]*)('''|\"\"\"|'|\")(.*)\2""", re.DOTALL)
_FIELD = re.compile(r"\{\{|\}\}|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_LAYOUT = {tokenize.NL, tokenize.COMMENT}
_STATEMENT_ENDS = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}
# Commands to tools, which are not sentences.
_DIRECTIVE = re.compile(r"#\s*(?:noqa|type:|!)|#.*\bnoqa:")


def spans(text: str) -> Iterator[Span]:
    """Yield the spans of prose. Raises SyntaxError or TokenError for text that is not Python."""
    starts = [0, *accumulate(len(line) for line in io.StringIO(text, newline=""))]
    group: list[Span] = []
    before = after_group = tokenize.ENCODING
    for kind, start, end in _tokens(text):
        first, last = starts[start[0] - 1] + start[1], starts[end[0] - 1] + end[1]
        if kind == tokenize.COMMENT and not _DIRECTIVE.match(text[first:last]):
            yield first + 1, last
        if kind == tokenize.STRING:
            if not group:
                after_group = before
            group.append((first, last))
        elif kind not in _LAYOUT and group:
            statement = after_group in _STATEMENT_ENDS and kind in _STATEMENT_ENDS
            yield from _literals(text, group, statement)
            group = []
        if kind not in _LAYOUT:
            before = kind


def _tokens(text: str) -> Iterator[tuple[int, tuple[int, int], tuple[int, int]]]:
    """Yield kind, start and end of each token, an f-string as one STRING."""
    depth, begin = 0, (0, 0)
    for each in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
        if each.type == _F_START:
            begin = begin if depth else each.start
            depth += 1
        elif each.type == _F_END:
            depth -= 1
            if not depth:
                yield tokenize.STRING, begin, each.end
        elif not depth:
            yield each.type, each.start, each.end


def _literals(text: str, group: list[Span], statement: bool) -> Iterator[Span]:
    """Yield the prose of adjacent literals, which form one string: a whole docstring, or parts that read as prose."""
    parts: list[Span] = []
    raw = False
    for start, end in group:
        found = _LITERAL.fullmatch(text, start, end)
        if found is None:
            continue
        prefix, inner = found[1].lower(), found.span(3)
        raw = raw or "r" in prefix
        parts += _constant(text, inner) if "f" in prefix else [inner]
    whole = "".join(text[start:end] for start, end in parts)
    if statement or (not raw and reads_as_prose(whole)):
        yield from parts


def _constant(text: str, inner: Span) -> Iterator[Span]:
    """Yield the parts of an f-string between its fields."""
    at = inner[0]
    for field in _FIELD.finditer(text, *inner):
        yield at, field.start()
        at = field.end()
    yield at, inner[1]
