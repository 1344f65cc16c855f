"""Log queries: boundaries, limit, direction and streams."""

from log_gateway.evaluation.log_query import run_log_query
from log_gateway.evaluation.results import Stream
from log_gateway.logql.ast import LogQuery
from log_gateway.logql.parser import parse
from log_gateway.source import Entry
from tests.unit.log_gateway.memory_source import MemorySource, log

SOURCE = MemorySource(
    [Entry(time, f"line {time}", {"app": "even" if time % 2 == 0 else "odd"}) for time in range(10, 20)]
)


def query(text: str) -> LogQuery:
    tree = parse(text)
    assert isinstance(tree, LogQuery)
    return tree


EVERY = query('{app=~".+"}')


def times(streams: list[Stream]) -> dict[str, list[int]]:
    return {dict(stream.labels)["app"]: [time for time, _ in stream.entries] for stream in streams}


def test_start_is_inside_and_end_outside() -> None:
    """A line exactly at start is returned, and a line exactly at end is not."""
    assert times(run_log_query(EVERY, 12, 15, 100, "forward", SOURCE)) == {"even": [12, 14], "odd": [13]}
    assert run_log_query(EVERY, 12, 12, 100, "forward", SOURCE) == []
    assert run_log_query(EVERY, 15, 12, 100, "forward", SOURCE) == []


def test_the_limit_counts_lines_of_all_streams() -> None:
    """The limit counts lines of all streams: the oldest ones forward, the newest ones backward."""
    assert times(run_log_query(EVERY, 0, 100, 3, "forward", SOURCE)) == {"even": [10, 12], "odd": [11]}
    assert times(run_log_query(EVERY, 0, 100, 3, "backward", SOURCE)) == {"odd": [19, 17], "even": [18]}
    assert run_log_query(EVERY, 0, 100, 0, "forward", SOURCE) == []


def test_the_limit_counts_what_the_pipeline_keeps() -> None:
    """The limit does not count lines that a filter drops."""
    found = run_log_query(query('{app=~".+"} |~ "[05]$"'), 0, 100, 2, "backward", SOURCE)
    assert times(found) == {"odd": [15], "even": [10]}


def test_metadata_belongs_to_the_labels() -> None:
    """Lines of one stream with different metadata are returned as different streams."""
    source = MemorySource([Entry(1, "x", {"app": "a"}, {"id": "1"}), Entry(2, "y", {"app": "a"}, {"id": "2"})])
    assert log('{app="a"}', source) == [("x", {"app": "a", "id": "1"}), ("y", {"app": "a", "id": "2"})]
    assert log('{app="a"} | id="2"', source) == [("y", {"app": "a", "id": "2"})]
