"""Regular expressions as in Loki: RE2, which runs in linear time without look-around and backreferences."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from log_gateway.errors import QueryError

_REMEMBERED_VALUES = 1024
_LONGEST_REMEMBERED = 256
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_GROUP_NAME = re.compile(r"\(\?P?<(\w+)>")


def _options(dot_matches_newline: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = dot_matches_newline
    return options


@lru_cache(256)
def compiled(pattern: str) -> Any:
    """Return the compiled expression, for groups and replacing. QueryError if RE2 does not accept it."""
    names = _GROUP_NAME.findall(_ESCAPED.sub("", pattern))
    if len(set(names)) < len(names):
        raise QueryError("invalid regular expression (the syntax is RE2): a group name occurs twice")
    try:
        return re2.compile(pattern, _options(False))
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise QueryError(f"invalid regular expression (the syntax is RE2): {reason}") from error
    except UnicodeEncodeError as error:
        raise QueryError("invalid regular expression: it is not valid Unicode") from error


def _tester(pattern: str, whole: bool) -> Callable[[str], bool]:
    # A set of one expression only reports whether it matches, five times as fast as searching for the position.
    compiled(pattern)
    options = _options(whole)
    expressions = re2.Set.FullMatchSet(options) if whole else re2.Set.SearchSet(options)
    expressions.Add(pattern)
    expressions.Compile()
    match = expressions.Match

    def matches(text: str) -> bool:
        return bool(match(text))

    return matches


@lru_cache(256)
def line_test(pattern: str) -> Callable[[str], bool]:
    """Return whether it matches anywhere in a line. A dot does not match a newline."""
    return _tester(pattern, whole=False)


@lru_cache(256)
def label_test(pattern: str) -> Callable[[str], bool]:
    """Return whether it matches a whole value. A dot matches a newline. Results are cached because labels repeat."""
    test = _tester(pattern, whole=True)
    remembered = lru_cache(_REMEMBERED_VALUES)(test)
    return lambda value: remembered(value) if len(value) <= _LONGEST_REMEMBERED else test(value)
