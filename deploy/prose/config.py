"""Prose in YAML, in files with ``#`` comments, and in Alertmanager's templates."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from deploy.prose.text import Span, reads_as_prose

_COMMENT = re.compile(r"(?:^|(?<=\s))#+(?!!)([^\n]*)", re.MULTILINE)
_HASH = re.compile(
    r"""(?:^|(?<=\s))\#+(?!!)(?P<comment>[^\n]*) | "(?P<double>(?:\\.|[^"\\\n])*)" | '(?P<single>[^'\n]*)'""",
    re.VERBOSE | re.MULTILINE,
)
_ACTION = re.compile(r"\{\{(?P<comment>-?\s*/\*.*?\*/\s*-?)?.*?\}\}", re.DOTALL)
_QUOTED = re.compile(r'"((?:\\.|[^"\\\n])*)"')


def yaml_file(text: str) -> Iterator[Span]:
    """Yield comments, and scalars that read as prose. Raises YAMLError for text that is not YAML."""
    at = 0
    for each in yaml.scan(text, Loader=yaml.SafeLoader):
        if not isinstance(each, yaml.ScalarToken):
            continue
        start, end = each.start_mark.index, each.end_mark.index
        yield from comments(text, (at, start))
        if reads_as_prose(each.value):
            yield start, end
        at = end
    yield from comments(text, (at, len(text)))


def comments(text: str, within: Span | None = None) -> Iterator[Span]:
    """Yield the text after ``#`` at the beginning of a line or after white space."""
    return (found.span(1) for found in _COMMENT.finditer(text, *(within or ())))


def shell(text: str) -> Iterator[Span]:
    """Yield comments, and quoted strings within a line that read as prose: scripts, Makefile, Dockerfile, TOML."""
    for found in _HASH.finditer(text):
        kind = found.lastgroup or ""
        if kind == "comment" or reads_as_prose(found[kind]):
            yield found.span(kind)


def go_template(text: str) -> Iterator[Span]:
    """Yield the text between actions, comments, and string literals of actions that read as prose."""
    at = 0
    for found in _ACTION.finditer(text):
        yield at, found.start()
        if found["comment"]:
            yield found.span("comment")
        else:
            yield from (one.span(1) for one in _QUOTED.finditer(text, *found.span()) if reads_as_prose(one[1]))
        at = found.end()
    yield at, len(text)
