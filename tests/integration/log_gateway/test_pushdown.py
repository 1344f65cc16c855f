"""The store's filtering and counting equal evaluation: the translation to LogsQL never changes a result.

Each query is evaluated twice: with everything that can be translated left to the store, and with the store returning
all lines only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from log_gateway.errors import GatewayError
from log_gateway.evaluation.log_query import run_log_query
from log_gateway.evaluation.metric_query import evaluate_instant, evaluate_range
from log_gateway.logql.ast import LogQuery, Matcher, RangeAggregation, Selector
from log_gateway.logql.parser import parse
from log_gateway.source import Entry, Labels
from log_gateway.store.client import Deadline, StoreClient
from log_gateway.store.source import StoreSource
from log_gateway.values.regex import label_test
from tests.integration.log_gateway.victorialogs import VictoriaLogs
from tests.logql import cases, lines
from tests.logql.cases import Case
from tests.logql.runner import LIMIT, LogStore

MINUTE = 60 * 1_000_000_000
HOUR = 60 * MINUTE


@dataclass
class Plain:
    """A source that leaves no filtering to the store: even the selector is applied here."""

    inner: StoreSource

    def entries(
        self, query: LogQuery, start: int, end: int, direction: Literal["forward", "backward"]
    ) -> Iterator[Entry]:
        """Yield the lines of all streams that the selector matches, each once."""
        everything = LogQuery(Selector((Matcher("service_name", "=~", ".*"),)))
        for entry in self.inner.entries(everything, start, end, direction):
            if all(_matches(matcher, entry.stream) for matcher in query.selector.matchers):
                yield entry

    def aggregate(self, leaf: RangeAggregation, times: Sequence[int]) -> None:
        """Count nothing."""


def _matches(matcher: Matcher, stream: Mapping[str, str]) -> bool:
    value = stream.get(matcher.name, "")
    if matcher.operator in ("=", "!="):
        return (value == matcher.value) == (matcher.operator == "=")
    return label_test(matcher.value)(value) == (matcher.operator == "=~")


@pytest.fixture(scope="module")
def base(log_store: LogStore) -> int:
    """Return the time of the first written line."""
    return log_store.base


@pytest.fixture(scope="module")
def source(written_store: VictoriaLogs) -> Callable[[], StoreSource]:
    """Return a new source, for one query."""
    client = StoreClient(written_store.url)
    return lambda: StoreSource(client, Deadline(60), 1_000_000)


def _result(source: StoreSource | Plain, text: str, evaluate: Callable[[Any, StoreSource | Plain], Any]) -> Any:
    """Return the result, or the name of the error."""
    try:
        return evaluate(parse(text), source)
    except GatewayError as error:
        return type(error).__name__


def _streams(query: LogQuery, start: int, end: int, direction: Any, source: Any) -> list[tuple[Labels, list[Any]]]:
    # Lines of different streams with the same time have no defined order.
    return sorted(
        (one.labels, sorted(one.entries)) for one in run_log_query(query, start, end, LIMIT, direction, source)
    )


@pytest.mark.parametrize("case", [case for case in cases.load() if not case.syntax_error], ids=lambda case: case.name)
def test_written_queries(source: Callable[[], StoreSource], base: int, case: Case) -> None:
    """The queries of the conformance set have equal results over the whole hour."""

    def evaluate(expression: Any, of: Any) -> Any:
        if isinstance(expression, LogQuery):
            return _streams(expression, base, base + HOUR, "forward", of)
        if "at" in case.given:
            return evaluate_instant(expression, base + lines.offset(case.given["at"]), of)
        return evaluate_range(expression, base, base + HOUR, 7 * MINUTE, of)

    assert repr(_result(source(), case.query, evaluate)) == repr(_result(Plain(source()), case.query, evaluate))


NAMES = st.sampled_from(
    ["service_name", "level", "status", "http_route", "request_id", "duration", "size", "ghost", "user"]
)
WORDS = st.sampled_from(
    ["", "a", "o", "GET", "200", "502", "12ms", "shop", "INFO", "é", "\\", '"', "`", "\n", ".", "$", "e0", "0", "5"]
)
PATTERNS = st.sampled_from(
    ["", ".*", ".+", "2..", "(?i)info|error", "[45]..", "o", "^$", ".*e0", "s.*|p.*", "5$", "\\d+", "x*"]
)
NUMBERS = st.sampled_from(["0", "1", "200", "499.5", "502", "-1", "1e3", "20ms", "1KB"])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


TEXT_FILTERS = st.builds(
    lambda name, sign, text: f"{name}{sign}{_quoted(text)}", NAMES, st.sampled_from(["=", "!="]), WORDS
)
REGEX_FILTERS = st.builds(
    lambda name, sign, text: f"{name}{sign}{_quoted(text)}", NAMES, st.sampled_from(["=~", "!~"]), PATTERNS
)
NUMBER_FILTERS = st.builds(
    lambda name, sign, text: f"{name} {sign} {text}",
    NAMES,
    st.sampled_from(["==", "!=", ">", ">=", "<", "<="]),
    NUMBERS,
)
CONDITIONS = st.recursive(
    st.one_of(TEXT_FILTERS, REGEX_FILTERS, NUMBER_FILTERS),
    lambda inner: st.builds(
        lambda left, word, right: f"({left} {word} {right})", inner, st.sampled_from(["and", "or"]), inner
    ),
    max_leaves=4,
)
LINE_FILTERS = st.one_of(
    st.builds(lambda sign, text: f"{sign} {_quoted(text)}", st.sampled_from(["|=", "!="]), WORDS),
    st.builds(lambda sign, text: f"{sign} {_quoted(text)}", st.sampled_from(["|~", "!~"]), PATTERNS),
)
STAGES = st.lists(
    st.one_of(
        LINE_FILTERS,
        CONDITIONS.map(lambda text: f"| {text}"),
        st.sampled_from(
            ["| json", "| logfmt", "| drop status", '| label_format user="x"', '| line_format "{{.status}}"']
        ),
    ),
    max_size=4,
).map(" ".join)
SELECTORS = st.builds(
    lambda first, more: "{" + ", ".join([first, *more]) + "}",
    st.sampled_from(['service_name=~".+"', 'service_name=~"s.*|p.*"', 'service_name!=""']),
    st.lists(st.one_of(TEXT_FILTERS, REGEX_FILTERS), max_size=2),
)
FUNCTIONS = st.sampled_from(["count_over_time", "rate", "bytes_over_time", "bytes_rate"])
GROUPINGS = st.sampled_from(
    ["", "by (service_name)", "by (level, status)", "by (ghost)", "without (request_id)", "by (http_route)"]
)
RANDOM = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# A line on which a comparison fails passes all later comparisons, even if their labels are missing.
@RANDOM
@example(selector='{service_name=~".+"}', stages="| (service_name == 0 and level == 0)")
@example(selector='{service_name=~".+"}', stages="| service_name == 0 | level == 0")
@example(
    selector='{service_name=~".+"}', stages='| ((status > 1KB and user="x") or level == 0) | ghost > 1 or status == 200'
)
@given(selector=SELECTORS, stages=STAGES)
def test_random_log_queries(source: Callable[[], StoreSource], base: int, selector: str, stages: str) -> None:
    """Random log queries return the same lines, labels and errors either way."""

    def evaluate(query: LogQuery, of: Any) -> Any:
        return _streams(query, base, base + HOUR, "backward", of)

    text = f"{selector} {stages}"
    assert _result(source(), text, evaluate) == _result(Plain(source()), text, evaluate)


@RANDOM
@given(
    selector=SELECTORS,
    stages=STAGES,
    function=FUNCTIONS,
    grouping=GROUPINGS,
    width=st.sampled_from(["1m", "7m", "90s"]),
)
def test_random_metric_queries(
    source: Callable[[], StoreSource], base: int, selector: str, stages: str, function: str, grouping: str, width: str
) -> None:
    """Random metric queries return the same series, points and errors either way."""

    def evaluate(expression: Any, of: Any) -> Any:
        return evaluate_range(expression, base, base + HOUR, 5 * MINUTE, of)

    text = f"sum {grouping} ({function}({selector} {stages} [{width}]))"
    assert repr(_result(source(), text, evaluate)) == repr(_result(Plain(source()), text, evaluate))
