"""Parse the text of a query into its syntax tree."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, cast

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from log_gateway.errors import QueryError
from log_gateway.logql.ast import Expression
from log_gateway.logql.limits import LONGEST_QUERY, MOST_TOKENS
from log_gateway.logql.metric_builder import MetricBuilder
from log_gateway.logql.terminals import in_words


@cache
def _grammar() -> Lark:
    text = files("log_gateway.logql").joinpath("grammar.lark").read_text()
    return Lark(text, parser="lalr", lexer="contextual")


def parse(text: str) -> Expression:
    """Return the syntax tree of a query. Raises QueryError with the offset of the error if it is not valid LogQL."""
    if len(text) > LONGEST_QUERY:
        raise QueryError(f"the query is too long: {len(text)} characters, at most {LONGEST_QUERY}", LONGEST_QUERY)
    surrogate = next((index for index, letter in enumerate(text) if "\ud800" <= letter <= "\udfff"), None)
    if surrogate is not None:
        raise QueryError("the query is not valid Unicode", surrogate)
    try:
        tree = _tree(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from error
    try:
        return cast(Expression, MetricBuilder().transform(tree))
    except VisitError as error:
        # Lark wraps exceptions raised in rules. Only errors of the checks are expected.
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise


def _tree(text: str) -> Any:
    reading = _grammar().parse_interactive(text)
    for count, token in enumerate(reading.iter_parse()):
        if count >= MOST_TOKENS:
            raise QueryError(f"the query has more than {MOST_TOKENS} tokens", token.start_pos)
    return reading.feed_eof()  # type: ignore[no-untyped-call]


def _syntax_error(text: str, error: UnexpectedInput) -> QueryError:
    if isinstance(error, UnexpectedToken):
        expected: Any = error.accepts or error.expected
        found = "the end of the query" if error.token.type == "$END" else repr(str(error.token)[:40])
        position = len(text) if error.token.type == "$END" else (error.token.start_pos or 0)
        return QueryError(f"syntax error: unexpected {found}, expected {in_words(expected)}", position)
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    expected = error.allowed if isinstance(error, UnexpectedCharacters) else None
    if text[position : position + 1] in ('"', "`"):
        return QueryError("syntax error: unterminated string, or a string is not allowed here", position)
    found = repr(text[position : position + 10])
    return QueryError(f"syntax error: unexpected {found}, expected {in_words(expected or ())}", position)
