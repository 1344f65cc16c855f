"""Whatever a line contains, no stage fails, and labels and lines stay valid Unicode."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log_gateway.errors import QueryError
from log_gateway.source import Entry
from tests.unit.log_gateway.memory_source import SECOND, MemorySource, instant, log

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
LINES = st.one_of(
    TEXT,
    JSON.map(json.dumps),
    JSON.map(lambda value: json.dumps(value)[:-1]),
    st.lists(st.sampled_from(["a", "b=", "=", '"', "\\", " ", "1", "é", "\\u", "x=1", 'y="z"', "\x00"])).map("".join),
)
STAGES = [
    "json",
    'json x="a[0].b", y="b"',
    "logfmt",
    "logfmt --strict --keep-empty",
    'logfmt x="a", y',
    "regexp `(?P<x>.)(?P<y>.*)`",
    "pattern `<x> <y>=<_>`",
    "unpack",
    "decolorize",
    'x != "" or y > 5 or z < 1s or a >= 1KB or b = ip("1.0.0.0/8")',
    'x =~ "(?i)a.*" or y !~ "b+"',
    "line_format `{{ .x }}{{ __line__ | upper | trunc 5 }}{{ fromJson __line__ }}`",
    'label_format q=x, r=`{{ regexReplaceAll "a(.)" __line__ "$1" }}`',
    "keep x, y",
]


@settings(deadline=None, max_examples=300)
@given(st.lists(LINES, max_size=4), st.lists(st.sampled_from(STAGES), min_size=1, max_size=3))
def test_no_line_breaks_a_pipeline(lines: list[str], stages: list[str]) -> None:
    """No line makes a pipeline fail; errors become labels."""
    source = MemorySource([Entry(SECOND + index, line, {"app": "a"}) for index, line in enumerate(lines)])
    query = '{app="a"} | ' + " | ".join(stages)
    for line, labels in log(query, source):
        text = line + "".join(labels) + "".join(labels.values())
        assert text.encode().decode() == text
    for aggregation in ("bytes_over_time(%s [5s])", "avg_over_time(%s | unwrap x | __error__=`` [5s])"):
        counted = instant(f"sum({aggregation % (query + ' | drop __error__')})", source, 2)
        assert len(counted) <= 1


@pytest.mark.parametrize("filter_", ['|~ "(a*)*b"', '|~ "(x+x+)+y"', '!~ "^(a|aa)+$"'])
def test_expressions_take_linear_time(filter_: str) -> None:
    """Regular expressions that backtrack in other engines are evaluated in linear time."""
    source = MemorySource([Entry(1, "a" * 100_000 + "x" * 100_000, {"app": "a"})])
    assert len(log('{app="a"} ' + filter_, source)) <= 1


def test_a_line_that_is_not_json_stops_a_metric_query() -> None:
    """A line that is not JSON stops a metric query, and the error states how to skip such lines."""
    source = MemorySource([Entry(1, "x", {"app": "a"})])
    with pytest.raises(QueryError, match="skip this error"):
        instant('rate({app="a"} | json [5s])', source, 1)
