"""``| json``, ``| json a="b.c"`` and ``| unpack``."""

from __future__ import annotations

from typing import Any

from log_gateway.evaluation.json_text import decode, decode_object, locate, members
from log_gateway.evaluation.names import label_name, label_value, nested_name
from log_gateway.evaluation.state import State, Step
from log_gateway.logql.paths import path_of

_ERROR = "JSONParserErr"
_DEEPEST = 128


def _text(value: Any) -> str | None:
    """Return the label value of a JSON value, or None for null, arrays and objects, which create no label."""
    if isinstance(value, str):
        return label_value(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    return None


def _extract_members(state: State, prefix: str, value: dict[str, Any], depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"objects are nested more than {_DEEPEST} deep")
    for key, child in value.items():
        name = nested_name(prefix, key) if prefix else label_name(key)
        if isinstance(child, dict):
            _extract_members(state, name, child, depth + 1)
            continue
        text = _text(child)
        if text is not None and name:
            state.extract(name, text)


def json_all(state: State) -> bool:
    """Turn every property of the object into a label. Nested keys are joined by "_"; arrays are skipped."""
    try:
        _extract_members(state, "", decode_object(state.line))
    except ValueError as error:
        _extract_until_error(state)
        state.fail(_ERROR, str(error))
    return True


def _extract_until_error(state: State) -> None:
    # Loki parses from left to right: labels found before the error are kept, in addition to __error__.
    try:
        for key, _, _, value in members(state.line, 0):
            _extract_members(state, "", {key: value})
    except ValueError:
        return


def json_expressions(expressions: tuple[tuple[str, str], ...]) -> Step:
    """Extract only the named paths. A missing path sets an empty label; an array or object sets its JSON text."""
    paths = [(label, path_of(path)) for label, path in expressions]

    def step(state: State) -> bool:
        line = state.line
        try:
            decode(line, len(line) - len(line.lstrip(" \t\n\r")))
        except ValueError as error:
            state.fail(_ERROR, str(error))
            return True
        for label, path in paths:
            place = locate(line, path)
            state.extract(label, "" if place is None else _at(line, *place))
        return True

    return step


def _at(line: str, start: int, end: int) -> str:
    value, _ = decode(line, start)
    if value is None:
        return ""
    text = _text(value)
    return line[start:end] if text is None else text


def unpack(state: State) -> bool:
    """Restores a line written by Promtail's ``pack`` stage: its labels, and the line from ``_entry``."""
    try:
        value = decode_object(state.line)
    except ValueError as error:
        state.fail(_ERROR, str(error))
        return True
    entry = value.get("_entry")
    if type(entry) is str:
        for key, text in value.items():
            if key != "_entry" and type(text) is str:
                state.extract(label_name(key), label_value(text))
        state.line = label_value(entry)
    return True
