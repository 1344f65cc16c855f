"""Build the nodes of metric queries from the parse tree."""

from __future__ import annotations

from typing import Any

from lark import Token

from log_gateway.errors import QueryError
from log_gateway.logql import ast
from log_gateway.logql.arithmetic import COMPARISONS, SET_OPERATORS, calculate
from log_gateway.logql.checks import check_regex, located
from log_gateway.logql.log_builder import LogBuilder, number_of, position_of, text_of
from log_gateway.logql.metric_checks import check_range_aggregation, check_vector_aggregation, needs_vector
from log_gateway.values.units import query_duration


class MetricBuilder(LogBuilder):
    """One method per grammar rule. ``children`` contains tokens and the results of other methods."""

    def literal(self, children: list[Any]) -> ast.Number:
        return ast.Number(self.signed_number(children))

    def signed_number(self, children: list[Any]) -> float:
        value = number_of(children[-1])
        return -value if children[0] == "-" else value

    def vector(self, children: list[Any]) -> ast.Vector:
        return ast.Vector(children[1])

    def label_replace(self, children: list[Any]) -> ast.LabelReplace:
        name, inner, *literals = children
        needs_vector(inner, "label_replace", position_of(name))
        target, replacement, source, pattern = (text_of(literal) for literal in literals)
        check_regex(pattern, position_of(literals[3]))
        for value, literal in ((target, literals[0]), (source, literals[2])):
            if not (value.isascii() and value.isidentifier()):
                raise QueryError(f"invalid label name {value!r}", position_of(literal))
        node = ast.LabelReplace(inner, target, replacement, source, pattern)
        return self.depth.checked(node, (inner,), position_of(name))

    # --- ranges ---

    def range(self, children: list[Token]) -> tuple[str, int]:
        (token,) = children
        nanoseconds = located(position_of(token), query_duration, str(token))
        if nanoseconds == 0:
            raise QueryError("a range must be longer than 0", position_of(token))
        return "range", nanoseconds

    def offset(self, children: list[Token]) -> tuple[str, int]:
        nanoseconds = located(position_of(children[-1]), query_duration, str(children[-1]))
        return "offset", -nanoseconds if children[1] == "-" else nanoseconds

    def unwrapped(self, children: list[Token]) -> tuple[str, str]:
        names = [child for child in children if child.type == "IDENTIFIER"]
        return str(names[0]), str(children[0]) if children[0].type == "CONVERSION" else ""

    def unwrap_filter(self, children: list[Any]) -> ast.LabelFilter:
        return ast.LabelFilter(children[-1])

    def unwrap(self, children: list[Any]) -> ast.Unwrap:
        label, conversion = next(child for child in children if isinstance(child, tuple))
        filters = tuple(child for child in children if isinstance(child, ast.LabelFilter))
        return ast.Unwrap(label, conversion, filters)

    def log_range(self, children: list[Any]) -> dict[str, Any]:
        sizes: dict[str, int] = dict(child for child in children if isinstance(child, tuple))
        return {
            "query": ast.LogQuery(children[0], tuple(child for child in children if isinstance(child, ast.Stage))),
            "range_ns": sizes["range"],
            "offset_ns": sizes.get("offset", 0),
            "unwrap": next((child for child in children if isinstance(child, ast.Unwrap)), None),
        }

    def parameter(self, children: list[Token]) -> Token:
        return children[0]

    def grouping(self, children: list[Any]) -> ast.Grouping:
        names = next((child for child in children if isinstance(child, list)), [])
        return ast.Grouping(tuple(names), without=children[0] == "without")

    def name_list(self, children: list[Token]) -> list[str]:
        return [str(child) for child in children]

    def range_aggregation(self, children: list[Any]) -> ast.RangeAggregation:
        name = children[0]
        parameter = next((child for child in children if isinstance(child, Token) and child.type == "NUMBER"), None)
        node = ast.RangeAggregation(
            str(name),
            grouping=next((child for child in children if isinstance(child, ast.Grouping)), None),
            parameter=None if parameter is None else number_of(parameter),
            **next(child for child in children if isinstance(child, dict)),
        )
        check_range_aggregation(node, position_of(name))
        return self.depth.checked(node, (), position_of(name))

    def vector_aggregation(self, children: list[Any]) -> ast.VectorAggregation:
        name, *rest = children
        parameter = next((child for child in rest if isinstance(child, Token)), None)
        grouping = next((child for child in rest if isinstance(child, ast.Grouping)), None)
        inner = next(child for child in rest if not isinstance(child, Token | ast.Grouping))
        needs_vector(inner, str(name), position_of(name))
        count = check_vector_aggregation(str(name), parameter, grouping, position_of(name))
        return self.depth.checked(ast.VectorAggregation(str(name), inner, grouping, count), (inner,), position_of(name))

    # --- operations ---

    def join(self, children: list[Any]) -> tuple[str, tuple[str, ...]]:
        names = next((child for child in children if isinstance(child, list)), [])
        return ("left" if children[0] == "group_left" else "right"), tuple(names)

    def matching(self, children: list[Any]) -> ast.VectorMatching:
        names = next((child for child in children if isinstance(child, list)), [])
        group, include = next((child for child in children if isinstance(child, tuple)), ("", ()))
        return ast.VectorMatching(tuple(names), children[0] == "on", group, include)

    def modifier(self, children: list[Any]) -> tuple[bool, ast.VectorMatching | None]:
        matching = next((child for child in children if isinstance(child, ast.VectorMatching)), None)
        return any(isinstance(child, Token) for child in children), matching

    def binary(self, children: list[Any]) -> ast.MetricExpression:
        left, token, (bool_modifier, matching), right = children
        operator, position = str(token), position_of(token)
        scalars = isinstance(left, ast.Number) + isinstance(right, ast.Number)
        if bool_modifier and operator not in COMPARISONS:
            raise QueryError(f"bool is allowed with comparisons only, not with {operator}", position)
        if operator in SET_OPERATORS and scalars:
            raise QueryError(f"{operator} is defined between vectors only: write vector(…) for a number", position)
        if matching is not None and scalars:
            raise QueryError("on() and ignoring() are allowed between vectors only", position)
        if matching is not None and matching.group and operator in SET_OPERATORS:
            raise QueryError(f"no grouping is allowed for {operator}", position)
        if scalars == 2:
            return ast.Number(calculate(operator, left.value, right.value))
        node = ast.BinaryOperation(operator, left, right, bool_modifier, matching or ast.VectorMatching())
        return self.depth.checked(node, (left, right), position)
