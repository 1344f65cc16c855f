"""The prose of a source text: spans of character offsets, and the copy that contains only these."""

from __future__ import annotations

import re
from collections.abc import Iterable

Span = tuple[int, int]

OFF, ON, IGNORE = "prose: off", "prose: on", "prose: ignore"
"""Markers in comments: lines from OFF to ON, or the line with IGNORE, are not checked."""

_WORDS = re.compile(r"[A-Za-z][A-Za-z'’-]+[,.:;!?)]*\s+\(?[A-Za-z]")
_CODE = re.compile(
    r"""
    ^\s*(?:SELECT|INSERT|UPDATE|DELETE)\s                   # SQL
    | ^\s*[\[{]\s*["'\[{]                                   # JSON
    | \b(?:sum|rate|increase|histogram_quantile|max|min|count|avg|topk)\s*(?:by\s*)?\(   # PromQL
    | [\w"]\}?\s*\|[=~]\s | \|\s(?:json|logfmt|line_format)\b    # LogQL
    | \(\?[:=!<P] | \\[bdswS]                               # regular expressions
    | ^\s*(?:from\s+[\w.]+\s+import|import)\s               # Python
    | [{;]\s*[a-z-]+:\s*[^;{}]+;                            # CSS
    """,
    re.VERBOSE,
)
_NOT_PROSE = re.compile(
    r"""
    ``[^`]+`` | `[^`\n]+`                                   # code in backticks
    | https?://[^\s)>"']+
    | \{\{.*?\}\}                                           # template expressions
    | \\[nrt]                                               # escaped white space
    """,
    re.VERBOSE | re.DOTALL,
)


_JOINS = re.compile(r"""\s*|\s*[#*/]*\s*|["']{1,3}\s*[\\+]?\s*[A-Za-z]{0,2}["']{1,3}""")
"""The text between two spans of one text: white space, the markers of comments, the quotes of adjacent literals."""


def reads_as_prose(text: str) -> bool:
    """Return whether a string literal has at least two words and is not a query, a pattern, JSON or CSS."""
    return bool(_WORDS.search(text)) and not _CODE.search(text)


def only(text: str, spans: Iterable[Span]) -> str:
    """Return ``text`` with spaces in place of everything outside of the spans, of code and of excepted lines.

    Every character keeps its line and column. A vertical bar separates spans with code between them, so that the end of
    one and the beginning of the next do not read as one sentence.
    """
    kept, at = [], 0
    for start, end in sorted(spans):
        if start < at:
            continue
        kept += [_gap(text[at:start]), _NOT_PROSE.sub(_bar, text[start:end])]
        at = end
    kept.append(_gap(text[at:]))
    return without_excepted("".join(kept), text)


def _gap(code: str) -> str:
    return _blank(code) if _JOINS.fullmatch(code) else _bar(code)


def _bar(code: str | re.Match[str]) -> str:
    """Return as many characters and lines as ``code`` has: a bar and spaces."""
    lines = _blank(code if isinstance(code, str) else code[0])
    return lines.replace(" ", "|", 1)


def without_excepted(text: str, source: str) -> str:
    """Return ``text`` with spaces in place of the lines that markers in ``source`` except from the check."""
    for start, end in excepted(source):
        text = text[:start] + _blank(text[start:end]) + text[end:]
    return text


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def excepted(text: str) -> Iterable[Span]:
    """Yield the lines that markers except from the check."""
    at, off = 0, False
    for line in text.splitlines(keepends=True):
        if OFF in line:
            off = True
        if off or IGNORE in line:
            yield at, at + len(line)
        if ON in line:
            off = False
        at += len(line)
