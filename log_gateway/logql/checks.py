"""Check rules that the grammar cannot express. Each check raises QueryError with the position of the error."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from log_gateway.errors import QueryError
from log_gateway.logql import ast
from log_gateway.logql.patterns import filter_parts, parser_parts
from log_gateway.templates.compiler import compile_template
from log_gateway.values.regex import compiled, label_test

Result = TypeVar("Result")
_LONGEST_MESSAGE = 900


def located(position: int, function: Callable[..., Result], *arguments: Any) -> Result:
    """Return the function's result. Its QueryError or ValueError is raised with the position."""
    try:
        return function(*arguments)
    except (QueryError, ValueError, OverflowError) as error:
        # Messages quote the invalid text, which can be as long as the query.
        raise QueryError(str(error)[:_LONGEST_MESSAGE], position) from error


def check_regex(pattern: str, position: int) -> None:
    """Check that RE2 accepts the expression."""
    located(position, compiled, pattern)


def check_regexp_parser(pattern: str, position: int) -> None:
    """Check that the expression has at least one named group and no duplicate names."""
    expression = located(position, compiled, pattern)
    if not expression.groupindex:
        raise QueryError("at least one named group is required, like (?P<method>\\w+)", position)


def check_pattern(pattern: str, position: int, parser: bool = False) -> None:
    """Check a pattern expression of a parser or a line filter."""
    located(position, parser_parts if parser else filter_parts, pattern)


def check_template(template: str, position: int) -> None:
    """Check that the template engine supports the template."""
    located(position, compile_template, template)


def check_ip_pattern(pattern: str, position: int) -> None:
    """Check that the text is an address, a range ``a-b`` or a network ``a/n``."""
    first, dash, last = pattern.partition("-")
    try:
        if dash:
            ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        else:
            ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        raise QueryError(
            f"ip({pattern!r}): expected an address, a range like 10.0.0.1-10.0.0.9 or a network like 10.0.0.0/8",
            position,
        ) from None


def check_label_format(targets: Sequence[tuple[str, int]]) -> None:
    """Check that no target occurs twice or is ``__error__``."""
    seen: set[str] = set()
    for target, position in targets:
        if target in ("__error__", "__error_details__"):
            raise QueryError(f"{target} cannot be formatted", position)
        if target in seen:
            raise QueryError(f"label {target} is set twice in one label_format", position)
        seen.add(target)


def matches_empty(matcher: ast.Matcher) -> bool:
    """Return whether the matcher matches streams without the label."""
    if matcher.operator in ("=~", "!~"):
        return label_test(matcher.value)("") == (matcher.operator == "=~")
    return (matcher.value == "") == (matcher.operator == "=")


def check_selector(selector: ast.Selector, position: int) -> ast.Selector:
    """Check that at least one matcher is not satisfied by an absent label."""
    if all(matches_empty(matcher) for matcher in selector.matchers):
        raise QueryError(
            "a selector needs at least one matcher that does not match the empty value: "
            'app=~".*" does not meet this requirement, app=~".+" does',
            position,
        )
    return selector
