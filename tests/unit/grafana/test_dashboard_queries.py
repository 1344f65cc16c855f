"""Queries are filled in as Grafana fills them."""

from __future__ import annotations

import pytest

from tests.dashboard_queries import Pattern, Span, UnknownVariable, fill, used

HOUR = Span(start=0, end=3600, step=15)


def test_macros_are_filled() -> None:
    """The rate interval is the larger of four scrape intervals and the step plus one scrape interval."""
    assert fill("rate(a[$__rate_interval]) $__range_s ${__interval}", {}, HOUR) == "rate(a[20s]) 3600 15s"
    assert fill("[$__rate_interval]", {}, Span(0, 3600, step=60)) == "[65s]"


def test_several_values_become_alternatives() -> None:
    """Several values become alternatives, escaped for a regular expression inside a quoted string."""
    values = {"route": ["/a", "/b.c"], "one": ["x+y"]}
    assert fill('{r=~"$route", s=~"$one"}', values, HOUR) == r'{r=~"(/a|/b\\.c)", s=~"x\\+y"}'


def test_all_is_a_pattern_already() -> None:
    """The value for "All" is already a pattern and is not escaped."""
    assert fill('{r=~"$route"}', {"route": Pattern(".+")}, HOUR) == '{r=~".+"}'


def test_a_typed_text_cannot_end_its_string() -> None:
    """Quotes and backslashes of a text box are escaped."""
    assert fill('| id="${box}"', {"box": 'a" or "\\'}, HOUR) == r'| id="a\" or \"\\"'


def test_an_unknown_variable_is_reported() -> None:
    """An unknown variable raises an error and is not sent to the server."""
    with pytest.raises(UnknownVariable, match="unknown"):
        fill("$unknown", {}, HOUR)


def test_capture_groups_are_no_variables() -> None:
    """Capture groups such as `${1}`, which belong to ``label_replace``, are not variables."""
    assert fill("${1}xx $1", {}, HOUR) == "${1}xx $1"
    assert used('a{b="$c", d="${e:regex}"} ${1}') == {"c", "e"}
