"""Stages that change labels or lines: drop, keep, decolorize, line_format, label_format."""

import pytest

from tests.unit.log_gateway.memory_source import labels, lines_of, log, texts

LINE = "a=1 b=2 c=3"


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ("| drop a, b", {"app": "x", "c": "3"}),
        ('| drop a="1", b="1"', {"app": "x", "b": "2", "c": "3"}),
        ('| drop a=~"1|2", b!~"2", app', {"b": "2", "c": "3"}),
        ("| keep a, c", {"a": "1", "c": "3"}),
        ('| keep a="1", b="1"', {"a": "1"}),
        ("| keep nothing", {}),
        ("| label_format d=a", {"app": "x", "b": "2", "c": "3", "d": "1"}),
        ("| label_format a=nothing", {"app": "x", "a": "1", "b": "2", "c": "3"}),
        ("| label_format a=b", {"app": "x", "a": "2", "c": "3"}),
        ('| label_format a="{{.b}}-{{.c}}", b="{{.a}}"', {"app": "x", "a": "2-3", "b": "1", "c": "3"}),
        ('| label_format d=a, e="[{{.d}}{{.a}}]"', {"app": "x", "b": "2", "c": "3", "d": "1", "e": "[1]"}),
        ('| label_format a=""', {"app": "x", "a": "", "b": "2", "c": "3"}),
    ],
)
def test_labels(stages: str, expected: dict[str, str]) -> None:
    """Labels are dropped, kept and renamed, also by matchers, and templates see the labels before the stage."""
    assert labels('{app="x"} | logfmt ' + stages, LINE, app="x") == expected


def test_errors_survive_keep_and_can_be_dropped() -> None:
    """`keep` does not remove an error, and `drop __error__` removes the error's details too."""
    assert labels('{app="a"} | json | keep app', "plain")["__error__"] == "JSONParserErr"
    assert labels('{app="a"} | json | drop __error__', "plain") == {"app": "a"}
    assert labels('{app="a"} | json | drop __error__="Other" | drop __error_details__', "plain") == {
        "app": "a",
        "__error__": "JSONParserErr",
    }


def test_decolorize_removes_escape_sequences() -> None:
    """Colours, cursor movements and titles are removed; other control characters stay."""
    source = lines_of("\x1b[31;1mred\x1b[0m \x1b[2Kx\x1b]0;title\x07y\ttab")
    assert texts('{app="a"} | decolorize', source) == ["red xy\ttab"]


def test_later_stages_see_the_new_line() -> None:
    """Later filters and parsers use the line that line_format wrote."""
    source = lines_of("a=1", "a=2")
    assert texts('{app="a"} | logfmt | line_format "b={{.a}}" |= "b=2" | logfmt | b = 2', source) == ["b=2"]


def test_a_template_that_fails_leaves_the_line() -> None:
    """A template that fails leaves the line unchanged and adds the error as a label."""
    ((line, found),) = log('{app="a"} | line_format "{{ .x.y }}"', lines_of("plain"))
    assert line == "plain"
    assert found["__error__"] == "TemplateFormatErr"
    assert found["__error_details__"] == "can't evaluate field y in type string"
