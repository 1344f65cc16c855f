"""Translate LogQL's selectors, line filters and label filters to LogsQL.

The translation is never narrower than LogQL's own filter: the store returns every row that the query matches, and
evaluation applies every stage again. If ``Filter.exact`` is true, the rows are exactly those that the pipeline keeps,
so the store may count them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from log_gateway.logql import ast
from log_gateway.store.names import MESSAGE, fields_of, quoted
from log_gateway.store.numbers import MARK, MARKED, marked
from log_gateway.values.regex import label_test

EVERYTHING = "*"
# A number in plain form, even with a mark, has the same value in both languages. 1e3, 5KB or 0x10 do not.
PLAIN_NUMBER = r"^-?[0-9]+(\.[0-9]+(e0)?)?$"
MARKED_LINE = f"{MESSAGE}:~{quoted(MARKED)}"
"""Matches lines that consist only of a number. Their stored text can differ from what was sent (``numbers.py``)."""
_LARGEST_EXACT = 2**53


@dataclass(frozen=True)
class Filter:
    """A LogsQL filter.

    ``guards`` are filters for rows on which the two languages may differ. The store's counts are exact only if no row
    matches any of them.
    """

    text: str
    exact: bool
    guards: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Part:
    text: str
    exact: bool = True
    guards: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    """Filters for rows on which the part may fail. LogQL's later comparisons of numbers let such lines pass."""


_UNKNOWN = _Part(EVERYTHING, exact=False)


def translate(query: ast.LogQuery) -> Filter:
    """Return the filter of a log query: its selector and the stages that depend only on the stored line."""
    parts = [_Part(" ".join(stream_filter(matcher) for matcher in query.selector.matchers))]
    parts += _stages(query.stages)
    return Filter(
        text=" ".join(part.text for part in parts if part.text != EVERYTHING) or EVERYTHING,
        exact=all(part.exact for part in parts),
        guards=tuple(guard for part in parts for guard in part.guards),
    )


def _stages(stages: Sequence[ast.Stage]) -> list[_Part]:
    found: list[_Part] = []
    is_line_stored, are_labels_stored = True, True
    for stage in stages:
        if isinstance(stage, ast.LineFilter) and is_line_stored:
            found.append(_line_filter(stage))
        elif isinstance(stage, ast.LabelFilter) and are_labels_stored:
            found.append(_condition(stage.condition, _failures(found)))
        else:
            found.append(_UNKNOWN)
            are_labels_stored = False
            is_line_stored &= not isinstance(stage, ast.LineFormat | ast.UnpackParser | ast.Decolorize)
    return found


def _failures(parts: Sequence[_Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(failure for part in parts for failure in part.failures))


def stream_filter(matcher: ast.Matcher) -> str:
    """Return a matcher of a stream selector as one or more LogsQL stream filters."""
    value = matcher.value
    names = fields_of(matcher.name) or (matcher.name,)
    if matcher.operator in ("=~", "!~"):
        is_empty_matched = label_test(value)("") == (matcher.operator == "=~")
        value = f"(?s:{value})"
    else:
        is_empty_matched = (value == "") == (matcher.operator == "=")
    # A stream has at most one of these names. If an absent label matches, all of them must match.
    joint = "," if is_empty_matched else " or "
    return "{" + joint.join(f"{quoted(name)}{matcher.operator}{quoted(value)}" for name in names) + "}"


def _line_filter(stage: ast.LineFilter) -> _Part:
    if any(stage.ips) or stage.operator in ("|>", "!>"):
        return _UNKNOWN
    is_regex = stage.operator in ("|~", "!~")
    # LogsQL's dot matches a newline by default. LogQL's does not.
    wanted = [f"(?-s:{text})" if is_regex else text for text in stage.alternatives]
    sign = "~" if is_regex else ""
    parts = [f"{MESSAGE}:~{quoted(text)}" if sign else f"{MESSAGE}:*{quoted(text)}*" for text in wanted]
    found = _any(parts) if stage.operator in ("|=", "|~") else _none(parts)
    # A mark could match the filter or hide the line's end. It never removes a contained text.
    text = found.text if stage.operator == "|=" else f"(({found.text}) or {MARKED_LINE})"
    return _Part(text, guards=(MARKED_LINE,))


def _condition(condition: ast.LabelCondition, failures: tuple[str, ...]) -> _Part:
    """Translate a condition. ``failures`` are filters for rows on which an earlier condition may have failed."""
    match condition:
        case ast.AndCondition(left, right):
            first = _condition(left, failures)
            second = _condition(right, _failures([_Part("", failures=failures), first]))
            return _combined(_joined([first.text, second.text], " "), first, second)
        case ast.OrCondition(left, right):
            first = _condition(left, failures)
            second = _condition(right, _failures([_Part("", failures=failures), first]))
            is_open = EVERYTHING in (first.text, second.text)
            return _combined(EVERYTHING if is_open else f"({first.text} or {second.text})", first, second)
        case ast.TextCondition(matcher):
            return _text_condition(matcher)
        case ast.NumberCondition():
            part = _number_condition(condition)
            passing = [part.text, *failures]
            return part if part.text == EVERYTHING else replace(part, text=_any(passing).text)
        case _:
            return _UNKNOWN


def _combined(text: str, first: _Part, second: _Part) -> _Part:
    return _Part(text, first.exact and second.exact, first.guards + second.guards, _failures([first, second]))


def _text_condition(matcher: ast.Matcher) -> _Part:
    names = fields_of(matcher.name)
    if not names:
        return _UNKNOWN
    fields = [quoted(name) for name in names]
    match matcher.operator, matcher.value:
        case "=", "":
            return _all([f'{field}:=""' for field in fields])
        case "!=", "":
            return _any([f"{field}:*" for field in fields])
        case "=", value:
            return _any([equal for field in fields for equal in _equals(field, value)])
        case "!=", value:
            return _none([equal for field in fields for equal in _equals(field, value)])
    matching = [_matches(field, matcher.value) for field in fields]
    if label_test(matcher.value)(""):
        return _all(matching) if matcher.operator == "=~" else _any([f"!{part}" for part in matching])
    return _any(matching) if matcher.operator == "=~" else _none(matching)


def _equals(field: str, value: str) -> list[str]:
    """Return a filter for a value as it was sent, whether it is stored with or without a mark."""
    return [f"{field}:={quoted(text)}" for text in dict.fromkeys((value, marked(value)))]


def _matches(field: str, pattern: str) -> str:
    """Return a filter that matches a whole value against a regular expression and ignores its mark."""
    either, plain = quoted(f"(?s:^(?:{pattern})({MARK})?$)"), quoted(f"(?s:^(?:{pattern})$)")
    behind, has_mark = quoted(f"(?s:^(?:{pattern}){MARK}$)"), f"{field}:~{quoted(MARKED)}"
    # The first condition holds whenever the whole does. It is usually the only one that has to be evaluated.
    return f"({field}:~{either} ((!{has_mark} {field}:~{plain}) or ({has_mark} {field}:~{behind})))"


def _number_condition(condition: ast.NumberCondition) -> _Part:
    names = fields_of(condition.label)
    if not names:
        return _UNKNOWN
    fields = [quoted(name) for name in names]
    number = _plain(condition.value)
    if condition.kind != "number" or number is None:
        # The only certain result: a line without the label is dropped.
        present = tuple(f"{field}:*" for field in fields)
        return _Part(_any([*present]).text, exact=False, failures=present)
    plain = quoted(PLAIN_NUMBER)
    wanted, guards = [], []
    for field in fields:
        compared = {
            "=": f"{field}:range[{number},{number}]",
            "==": f"{field}:range[{number},{number}]",
            "!=": f"({field}:~{plain} !{field}:range[{number},{number}])",
        }.get(condition.operator) or f"{field}:{condition.operator}{number}"
        other = f"({field}:* !{field}:~{plain})"
        wanted += [compared, other]
        guards.append(other)
    return _Part(_any(wanted).text, guards=tuple(guards), failures=tuple(guards))


def _plain(value: float) -> str | None:
    if value != value or abs(value) >= _LARGEST_EXACT:
        return None
    if value == int(value):
        return str(int(value))
    text = repr(value)
    # With an exponent the store parses the number exactly; without one, it rounds decimals differently.
    return None if "e" in text else f"{text}{MARK}"


def _joined(parts: list[str], joint: str) -> str:
    return joint.join(part for part in parts if part != EVERYTHING) or EVERYTHING


def _any(parts: list[str]) -> _Part:
    return _Part(parts[0] if len(parts) == 1 else "(" + " or ".join(parts) + ")")


def _all(parts: list[str]) -> _Part:
    return _Part(" ".join(parts))


def _none(parts: list[str]) -> _Part:
    return _Part(" ".join(f"!{part}" for part in parts))
