"""Build the nodes of log queries from the parse tree."""

from __future__ import annotations

from typing import Any

from lark import Token
from lark.visitors import Transformer_NonRecursive

from log_gateway.errors import QueryError
from log_gateway.logql import ast
from log_gateway.logql.checks import (
    check_ip_pattern,
    check_label_format,
    check_pattern,
    check_regex,
    check_regexp_parser,
    check_selector,
    check_template,
    located,
)
from log_gateway.logql.limits import DepthLimit
from log_gateway.logql.paths import path_of
from log_gateway.values.literals import unquote
from log_gateway.values.units import go_float, query_duration, size_in_bytes


def text_of(token: Token) -> str:
    """Return the value of a STRING token."""
    return unquote(str(token), token.start_pos or 0)


def position_of(token: Token) -> int:
    """Return the token's offset in the query."""
    return token.start_pos or 0


class LogBuilder(Transformer_NonRecursive[Token, Any]):
    """One method per grammar rule. ``children`` contains tokens and the results of other methods."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = DepthLimit()

    def same(self, children: list[Any]) -> Any:
        return children[0]

    def log_query(self, children: list[Any]) -> ast.LogQuery:
        return ast.LogQuery(children[0], tuple(children[1:]))

    def selector(self, children: list[Any]) -> ast.Selector:
        matchers = tuple(child for child in children if isinstance(child, ast.Matcher))
        return check_selector(ast.Selector(matchers), position_of(children[0]))

    def matcher(self, children: list[Any]) -> ast.Matcher:
        name, operator, literal = children
        value = text_of(literal)
        if operator in ("=~", "!~"):
            check_regex(value, position_of(literal))
        return ast.Matcher(str(name), str(operator), value)  # type: ignore[arg-type]

    # --- stages ---

    def line_filter(self, children: list[Any]) -> ast.LineFilter:
        operator = str(children[0])
        alternatives = [child for child in children[1:] if isinstance(child, tuple)]
        for value, is_ip, position in alternatives:
            if is_ip and operator not in ("|=", "!="):
                raise QueryError("ip() is supported with |= and != only", position)
            if is_ip:
                check_ip_pattern(value, position)
            elif operator in ("|~", "!~"):
                check_regex(value, position)
            elif operator in ("|>", "!>"):
                check_pattern(value, position)
        values = tuple(value for value, _, _ in alternatives)
        return ast.LineFilter(operator, values, tuple(is_ip for _, is_ip, _ in alternatives))  # type: ignore[arg-type]

    def alternative(self, children: list[Any]) -> tuple[str, bool, int]:
        (child,) = children
        return child if isinstance(child, tuple) else (text_of(child), False, position_of(child))

    def ip(self, children: list[Token]) -> tuple[str, bool, int]:
        return text_of(children[1]), True, position_of(children[1])

    def extraction(self, children: list[Token]) -> tuple[str, str, int]:
        name = str(children[0])
        return (name, text_of(children[2]), position_of(children[2])) if len(children) == 3 else (name, name, 0)

    def extractions(self, children: list[Any]) -> list[tuple[str, str, int]]:
        return children

    def json_parser(self, children: list[Any]) -> ast.JsonParser:
        found = children[-1] if isinstance(children[-1], list) else []
        for _, path, position in found:
            located(position, path_of, path)
        return ast.JsonParser(tuple((label, path) for label, path, _ in found))

    def logfmt_parser(self, children: list[Any]) -> ast.LogfmtParser:
        found = children[-1] if isinstance(children[-1], list) else []
        flags = [child for child in children if isinstance(child, Token) and child.type == "FLAG"]
        for flag in flags:
            if flag not in ("--strict", "--keep-empty"):
                raise QueryError(f"unknown flag {flag}: supported are --strict and --keep-empty", position_of(flag))
        return ast.LogfmtParser(
            tuple((label, key) for label, key, _ in found), "--strict" in flags, "--keep-empty" in flags
        )

    def regexp_parser(self, children: list[Token]) -> ast.RegexpParser:
        pattern = text_of(children[-1])
        check_regexp_parser(pattern, position_of(children[-1]))
        return ast.RegexpParser(pattern)

    def pattern_parser(self, children: list[Token]) -> ast.PatternParser:
        pattern = text_of(children[-1])
        check_pattern(pattern, position_of(children[-1]), parser=True)
        return ast.PatternParser(pattern)

    def unpack_parser(self, children: list[Token]) -> ast.UnpackParser:
        return ast.UnpackParser()

    def decolorize(self, children: list[Token]) -> ast.Decolorize:
        return ast.Decolorize()

    def label_choice(self, children: list[Any]) -> str | ast.Matcher:
        (child,) = children
        return child if isinstance(child, ast.Matcher) else str(child)

    def drop(self, children: list[Any]) -> ast.Drop:
        return ast.Drop(tuple(child for child in children if not isinstance(child, Token)))

    def keep(self, children: list[Any]) -> ast.Keep:
        return ast.Keep(tuple(child for child in children if not isinstance(child, Token)))

    def line_format(self, children: list[Token]) -> ast.LineFormat:
        template = text_of(children[-1])
        check_template(template, position_of(children[-1]))
        return ast.LineFormat(template)

    def assignment(self, children: list[Token]) -> tuple[str, bool, str, int]:
        target, _, source = children
        if source.type == "IDENTIFIER":
            return str(target), False, str(source), position_of(target)
        template = text_of(source)
        check_template(template, position_of(source))
        return str(target), True, template, position_of(target)

    def label_format(self, children: list[Any]) -> ast.LabelFormat:
        found = [child for child in children if isinstance(child, tuple)]
        check_label_format([(target, position) for target, _, _, position in found])
        return ast.LabelFormat(tuple((target, template, source) for target, template, source, _ in found))

    # --- label filters ---

    def label_filter(self, children: list[Any]) -> ast.LabelFilter:
        return ast.LabelFilter(children[-1])

    def text_condition(self, children: list[Any]) -> ast.TextCondition:
        return ast.TextCondition(children[0])

    def ip_condition(self, children: list[Any]) -> ast.IpCondition:
        label, operator, (pattern, _, position) = children
        check_ip_pattern(pattern, position)
        return ast.IpCondition(str(label), str(operator), pattern)  # type: ignore[arg-type]

    def quantity(self, children: list[Any]) -> tuple[str, float]:
        token, negative = children[-1], children[0] == "-"
        position = position_of(token)
        if token.type == "NUMBER":
            kind, value = "number", number_of(token)
        elif token.type == "DURATION":
            kind, value = "duration", located(position, query_duration, str(token)) / 1e9
        else:
            kind, value = "bytes", located(position, size_in_bytes, str(token))
        return kind, -value if negative else value

    def number_condition(self, children: list[Any]) -> ast.NumberCondition:
        label, operator, (kind, value) = children
        return ast.NumberCondition(str(label), str(operator), kind, value)  # type: ignore[arg-type]

    def and_condition(self, children: list[Any]) -> ast.AndCondition:
        left, right = (child for child in children if isinstance(child, ast.LabelCondition))
        return self.depth.checked(ast.AndCondition(left, right), (left, right), 0)

    def or_condition(self, children: list[Any]) -> ast.OrCondition:
        left, right = (child for child in children if isinstance(child, ast.LabelCondition))
        return self.depth.checked(ast.OrCondition(left, right), (left, right), 0)

    def sign(self, children: list[Token]) -> str:
        return str(children[0])


def number_of(token: Token) -> float:
    """Return the value of a NUMBER token, decimal or hexadecimal."""
    text = str(token)
    if text[:2] in ("0x", "0X"):
        return float(int(text, 16)) if len(text) < 200 else float("inf")
    return located(position_of(token), go_float, text)
