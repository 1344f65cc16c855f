"""``| regexp`` and ``| pattern``: extract labels from named parts of the line."""

from __future__ import annotations

from log_gateway.evaluation.state import State, Step
from log_gateway.logql.patterns import Part, Placeholder, parser_parts
from log_gateway.values.regex import compiled


def regexp(pattern: str) -> Step:
    """Return the named groups of the first match. A line without a match is unchanged."""
    expression = compiled(pattern)
    search = expression.search
    groups = sorted((index, name) for name, index in expression.groupindex.items())

    def step(state: State) -> bool:
        match = search(state.line)
        if match is not None:
            for index, name in groups:
                state.extract(name, match.group(index) or "")
        return True

    return step


def captures(parts: tuple[Part, ...], line: str) -> list[tuple[str, str]]:
    """Yield the name and text of each placeholder. If the line does not start with the first literal, nothing matches.

    A placeholder whose next literal is missing captures the rest of the line.
    """
    found: list[tuple[str, str]] = []
    name, index = None, 0
    for part in parts:
        if isinstance(part, Placeholder):
            name = part.name
            continue
        place = line.find(part, index)
        if name is None:
            if place != 0:
                return []
        elif place < 0:
            break
        elif name:
            found.append((name, line[index:place]))
        index = place + len(part)
        name = None
    if name:
        found.append((name, line[index:]))
    return found


def pattern(text: str) -> Step:
    """Return the placeholders of a pattern expression."""
    parts = parser_parts(text)

    def step(state: State) -> bool:
        if state.line:
            for name, value in captures(parts, state.line):
                state.extract(name, value)
        return True

    return step
