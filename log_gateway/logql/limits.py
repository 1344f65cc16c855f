"""How large and how deep a query may be."""

from __future__ import annotations

from typing import TypeVar

from log_gateway.errors import QueryError

LONGEST_QUERY = 131_072
"""Characters; Loki's limit."""

MOST_TOKENS = 10_000
"""Tokens; a string counts as one. Parsing ten thousand takes about a second."""

DEEPEST_EXPRESSION = 100
"""Nested operands and functions; keeps recursion over the tree far below Python's limit."""

Node = TypeVar("Node")


class DepthLimit:
    """Measures the depth of a tree while it is built, from the leaves to the root."""

    def __init__(self, deepest: int = DEEPEST_EXPRESSION) -> None:
        self._deepest = deepest
        # The nodes are kept alive: otherwise a new node could get the id() of a deleted one.
        self._known: dict[int, tuple[object, int]] = {}

    def checked(self, node: Node, children: tuple[object, ...], position: int) -> Node:
        """The node, one level above its children. QueryError if it is too deep."""
        depth = 1 + max((self._known[id(child)][1] for child in children if id(child) in self._known), default=0)
        if depth > self._deepest:
            raise QueryError(f"the query is nested too deeply: at most {self._deepest} levels are supported", position)
        self._known[id(node)] = (node, depth)
        return node
