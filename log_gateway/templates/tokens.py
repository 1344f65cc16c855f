"""Split a template into texts and actions, and actions into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from log_gateway.errors import QueryError

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    |(?P<char>'(?:[^'\\\n]|\\.)+')
    |(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![\w.]))
    |(?P<field>\.[A-Za-z_]\w*)
    |(?P<dot>\.)
    |(?P<variable>\$\w*)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>:=|=|\||\(|\)|,)""",
    re.VERBOSE | re.ASCII,
)
_COMMENT = re.compile(r"\{\{(?:- )?/\*.*?\*/(?: -)?\}\}", re.DOTALL)


@dataclass(frozen=True)
class Token:
    """A token. ``kind`` is the name of a group above. ``joined`` is true if no blank precedes it."""

    kind: str
    text: str
    position: int
    joined: bool


@dataclass(frozen=True)
class Action:
    """The part between ``{{`` and ``}}``."""

    tokens: tuple[Token, ...]
    position: int


def refuse(message: str, position: int) -> QueryError:
    """Return the error for an invalid or unsupported template."""
    return QueryError(f"template: {message} (at character {position} of the template)")


def split(template: str) -> list[str | Action]:
    """Return texts and actions, alternating. ``{{-`` and ``-}}`` trim white space."""
    parts: list[str | Action] = []
    index, trim = 0, False
    while True:
        opening = template.find("{{", index)
        text = template[index:] if opening < 0 else template[index:opening]
        if trim:
            text = text.lstrip(" \t\r\n")
        if opening >= 0 and re.match(r"\{\{-[ \t\r\n]", template[opening : opening + 4]):
            text = text.rstrip(" \t\r\n")
        if text:
            parts.append(text)
        if opening < 0:
            return parts
        comment = _COMMENT.match(template, opening)
        if comment:
            index, trim = comment.end(), comment[0].endswith(" -}}")
            continue
        action, index, trim = _action(template, opening)
        parts.append(action)


def _action(template: str, opening: int) -> tuple[Action, int, bool]:
    index = opening + 2
    if re.match(r"-[ \t\r\n]", template[index : index + 2]):
        index += 1
    tokens: list[Token] = []
    joined = False
    while True:
        if template.startswith("}}", index):
            return Action(tuple(tokens), opening), index + 2, False
        if not joined and template.startswith("-}}", index):
            return Action(tuple(tokens), opening), index + 3, True
        match = _TOKEN.match(template, index)
        if match is None:
            what = "an action has no end" if index >= len(template) else f"unexpected {template[index]!r}"
            raise refuse(what, index)
        if match.lastgroup != "blank":
            tokens.append(Token(str(match.lastgroup), match[0], index, joined))
        joined = match.lastgroup != "blank"
        index = match.end()
