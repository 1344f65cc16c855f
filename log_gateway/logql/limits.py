"""Limits on the size and depth of a query."""

from __future__ import annotations

from typing import TypeVar

from log_gateway.errors import QueryError

LONGEST_QUERY = 131_072
"""The maximum number of characters, which is Loki's limit."""

MOST_TOKENS = 10_000
"""The maximum number of tokens. A string counts as one. Parsing 10,000 takes about a second."""

DEEPEST_EXPRESSION = 100
"""The maximum nesting of operands and functions. It keeps recursion over the tree far below Python's limit."""

Node = TypeVar("Node")


class DepthLimit:
    """Measures the depth of a tree while it is built, from the leaves to the root."""

    def __init__(self, deepest: int = DEEPEST_EXPRESSION) -> None:
        self._deepest = deepest
        # The nodes are kept alive because a new node could otherwise get the id() of a deleted one.
        self._known: dict[int, tuple[object, int]] = {}

    def checked(self, node: Node, children: tuple[object, ...], position: int) -> Node:
        """Return the node and record its depth, one above its children's. QueryError if it is too deep."""
        depth = 1 + max((self._known[id(child)][1] for child in children if id(child) in self._known), default=0)
        if depth > self._deepest:
            raise QueryError(f"the query is nested too deeply: at most {self._deepest} levels are supported", position)
        self._known[id(node)] = (node, depth)
        return node
