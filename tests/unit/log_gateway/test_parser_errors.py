"""Text that is not LogQL is refused with the position of the error and raises nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log_gateway.errors import QueryError
from log_gateway.logql.parser import parse

WRONG = [
    ("", 0, "expected"),
    ("{", 1, "a label name"),
    ("{}", 0, "at least one matcher"),
    ('{a=~".*"}', 0, "at least one matcher"),
    ('{a!="x"}', 0, "at least one matcher"),
    ('{a=""}', 0, "at least one matcher"),
    ('{a=~"("}', 4, "invalid regular expression"),
    ('{a="b"} |~ "a(?=b)"', 11, "RE2"),
    (r'{a="b"} |~ "\d"', 12, "invalid escape"),
    (r'{a="b"} |= "\ud800"', 12, "invalid escape"),
    (r'{a="b"} |= "\xff"', 11, "UTF-8"),
    ('{a="b"} |= "abc', 11, "string"),
    ('{a="b"} |= `abc', 11, "string"),
    ('{a="b"} |= "a\nb"', 11, "string"),
    ("{a='b'}", 3, "a string"),
    ('{"a"="b"}', 1, "a label name"),
    ('{a="b"} foo', 8, "expected"),
    ('{a="b"} | json | ', 17, "a label name"),
    ('{a="b"} | logfmt --lax', 17, "--keep-empty"),
    ('{a="b"} | regexp "x"', 17, "named group"),
    ('{a="b"} | regexp "(?P<x>a)(?P<x>b)"', 17, "invalid regular expression"),
    ('{a="b"} | pattern "x"', 18, "named placeholder"),
    ('{a="b"} | pattern "<a><b>"', 18, "consecutive"),
    ('{a="b"} | pattern "<a> <a>"', 18, "twice"),
    ('{a="b"} |> "<a>"', 11, "named placeholders"),
    ('{a="b"} | json x="a..b"', 17, "JSON path"),
    ('{a="b"} |= ip("10.0.0.300")', 14, "network"),
    ('{a="b"} |~ ip("10.0.0.1")', 14, "only"),
    ('{a="b"} | x = ip("a-b")', 17, "network"),
    ('{a="b"} | label_format x=y, x=z', 28, "twice"),
    ('{a="b"} | label_format __error__=y', 23, "cannot be formatted"),
    ('{a="b"} | line_format "{{ .x | nope }}"', 22, "not supported"),
    ('{a="b"} | line_format "{{ .x"', 22, "no end"),
    ('{a="b"} | unwrap x', 17, "expected"),
    ('{a="b"}[5m]', 7, "expected"),
    ('rate({a="b"})', 12, "'['"),
    ('rate({a="b"}[5])', 13, "a duration"),
    ('rate({a="b"}[0s])', 13, "longer than 0"),
    ('rate({a="b"}[999999999w])', 13, "invalid duration"),
    ('rate(rate({a="b"}[5m]))', 5, "a selector"),
    ('sum_over_time({a="b"}[5m])', 0, "without unwrap"),
    ('count_over_time({a="b"} | unwrap x [5m])', 0, "with unwrap"),
    ('rate({a="b"}[5m]) by (a)', 0, "grouping is not allowed"),
    ('sum_over_time({a="b"} | unwrap x [5m]) by (a)', 0, "grouping is not allowed"),
    ('quantile_over_time({a="b"} | unwrap x [5m])', 0, "a parameter is required"),
    ('rate(5, {a="b"}[5m])', 0, "no parameter"),
    ('topk(rate({a="b"}[5m]))', 0, "a parameter is required"),
    ('topk(0, rate({a="b"}[5m]))', 5, "greater than 0"),
    ('topk(1.5, rate({a="b"}[5m]))', 5, "integer"),
    ('sum(5, rate({a="b"}[5m]))', 0, "no parameter"),
    ('sort(rate({a="b"}[5m])) by (a)', 0, "grouping is not allowed"),
    ("sum(1)", 0, "vector(1)"),
    ('sum by (a) (rate({a="b"}[5m])) by (a)', 31, "expected"),
    ("vector(1) + bool vector(2)", 10, "comparisons only"),
    ("1 and vector(1)", 2, "between vectors only"),
    ("vector(1) + on (a) 1", 10, "between vectors only"),
    ("vector(1) or on (a) group_left vector(1)", 10, "no grouping"),
    ('{a="b"} + 1', 8, "expected"),
    ("-vector(1)", 1, "a number"),
    ('label_replace(vector(1), "a", "$1", "b", "(")', 41, "invalid regular expression"),
    ('label_replace(vector(1), "a-b", "$1", "b", "c")', 25, "label name"),
    ("1e999", 0, "out of range"),
    ("\x00", 0, "unexpected"),
    ('{a="b"} |= "\ud800"', 12, "Unicode"),
]


@pytest.mark.parametrize(("query", "position", "message"), WRONG)
def test_an_error_names_its_place(query: str, position: int, message: str) -> None:
    """An error contains its offset in the query and what was expected."""
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert caught.value.position == position
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        "(" * 20_000,
        "sum(" * 500 + "vector(1)" + ")" * 500,
        "vector(1)" + "+vector(1)" * 2_000,
        '{a="b"} | x="1"' + ' or x="1"' * 2_000,
        '{a="b"} | ' + "(" * 5_000 + 'x="1"' + ")" * 4_999,
        '{a=~"' + "(a" * 20_000 + '"}',
        '{a=~"(a{1000}){1000}"}',
        "x" * 200_000,
        "1" + "+1" * 20_000,
        '{a="b"}' + '|="a"' * 20_000,
        "9" * 5_000,
        '{a="b"} | x > ' + "9" * 5_000 + "s",
    ],
    ids=lambda query: query[:20],
)
def test_size_and_depth_are_limited(query: str) -> None:
    """A query that is too deep or too long is refused without any other error."""
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert caught.value.position is not None
    assert len(str(caught.value)) < 1_000


PIECES = st.sampled_from(
    [
        *'{}()|=+-^,#\n\\"\x00é a1',
        *("[5m]", '"b"', "`c`", "|=", "!=", "json", "sum", "by", "rate", "5m", "or", "and", "unwrap", "offset", "on"),
        *("line_format", '"{{.a}}"'),
    ]
)


def refused_at(query: str) -> int | None:
    """Return the position of the error; None if the query is LogQL."""
    try:
        parse(query)
    except QueryError as error:
        return -1 if error.position is None else error.position
    return None


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_no_input_raises_anything_else(query: str) -> None:
    """Any text is either a query or raises a QueryError with a position inside the text."""
    position = refused_at(query)
    assert position is None or 0 <= position <= len(query)
