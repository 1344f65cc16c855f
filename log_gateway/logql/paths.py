"""Parse paths of JSON expressions such as ``a.b[0]["c d"]``."""

from __future__ import annotations

import re

from log_gateway.errors import QueryError

_STEP = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_]*)|\[\s*(\d+)\s*\]|\[\s*"((?:[^"\\]|\\.)*)"\s*\]')


def path_of(text: str) -> tuple[str | int, ...]:
    """Return keys (str) and indexes (int) of a path. QueryError if the text is not a path."""
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (match[1] is not None and (match[0][0] == ".") != bool(steps)):
            raise QueryError(f'invalid JSON path {text!r} at character {position}: write it like a.b[0]["c"]')
        key, index, quoted = match.groups()
        if key is not None:
            steps.append(key)
        else:
            steps.append(int(index) if index is not None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL))
        position = match.end()
    if not steps:
        raise QueryError("a JSON path must not be empty")
    return tuple(steps)
