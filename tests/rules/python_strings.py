"""The strings of a Python program, with the module's own string constants substituted."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

A_RANGE = "5m"
A_VALUE = "x"


def strings(source: str) -> Iterator[str]:
    """Every string and f-string except docstrings. Run-time values become ``x``, or a range inside brackets."""
    tree = ast.parse(source)
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            text = text_of(node.value, known)
            if text is not None:
                known[node.targets[0].id] = text
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and id(node) not in inner):
            text = text_of(node, known)
            if text is not None and id(node) not in documentation:
                yield text


def text_of(node: ast.expr, known: Mapping[str, str]) -> str | None:
    """The text of a string or an f-string; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    text = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            name = part.value.id if isinstance(part.value, ast.Name) else ""
            text += known.get(name, A_RANGE if text.endswith("[") else A_VALUE)
    return text
