"""``| logfmt``: extract keys and values from a line like ``level=info msg="it works"``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from log_gateway.evaluation.names import label_name, label_value
from log_gateway.evaluation.state import State, Step

# A key, optionally followed by "=" and a bare or quoted value. Control characters count as blanks.
_PAIR = re.compile(
    r"""[\x00-\x20]*([^\x00-\x20="]+)"""
    r"""(?:=(?:"((?:[^"\\]|\\.)*)"|([^\x00-\x20="]*)))?(?=[\x00-\x20]|\Z)""",
    re.DOTALL,
)
_WORD = re.compile(r"[\x00-\x20]*([^\x00-\x20]+)")


class MalformedError(ValueError):
    """The line is not valid logfmt."""


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        raise MalformedError("invalid quoted value") from None


def pairs(line: str, strict: bool) -> Iterator[tuple[str, str]]:
    """Yield keys and values. Malformed text is skipped up to the next blank; ``strict`` raises MalformedError."""
    index = 0
    while True:
        match = _PAIR.match(line, index)
        if match is not None:
            key, quoted, bare = match.groups()
            index = match.end()
            try:
                yield key, bare or "" if quoted is None else _unquoted(quoted)
            except MalformedError:
                if strict:
                    raise
            continue
        word = _WORD.match(line, index)
        if word is None:
            return
        if strict:
            raise MalformedError(f"logfmt syntax error at pos {word.start(1) + 1} : unexpected character")
        index = word.end()


def logfmt(expressions: tuple[tuple[str, str], ...], strict: bool, keep_empty: bool) -> Step:
    """Converts all or only the named pairs to labels. Keys without a value are only kept with ``--keep-empty``."""
    wanted: dict[str, list[str]] = {}
    for label, key in expressions:
        wanted.setdefault(key, []).append(label)

    def all_pairs(state: State) -> None:
        for key, value in pairs(state.line, strict):
            if value or keep_empty:
                name = label_name(key)
                if name:
                    state.extract(name, value if value.isascii() else label_value(value))

    def named_pairs(state: State) -> None:
        found = {label: "" for label, _ in expressions}
        try:
            for key, value in pairs(state.line, strict):
                for label in wanted.get(key, ()):
                    found[label] = label_value(value)
        finally:
            for label, value in found.items():
                state.extract(label, value)

    extract = named_pairs if expressions else all_pairs

    def step(state: State) -> bool:
        try:
            extract(state)
        except MalformedError as error:
            state.fail("LogfmtParserErr", str(error))
        return True

    return step
