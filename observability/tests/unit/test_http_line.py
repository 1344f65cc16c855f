"""The log line of a request is the same when it is written from a stored pattern and through ``logging``."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from glasshouse_observability.flask.lines import RequestLines
from glasshouse_observability.flask.spans import Outcome
from glasshouse_observability.logs.file import SharedFileHandler
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.traces.sampling import Late
from glasshouse_observability.traces.unsampled import UnsampledSpan

IDS = ("request-0001", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
SPAN = UnsampledSpan()
SPAN.trace_id, SPAN.span_id = IDS[1:]
ROUTE = ("GET", '/100%/"<thing>"/%s', 200)


def write(
    lines: RequestLines,
    what: tuple[str, str, int],
    seconds: float,
    traced: bool,
    reason: Late | None = None,
    notes: dict[str, Any] | None = None,
) -> None:
    """Write the line of one request with the ids in ``IDS``."""
    exchange: Any = SimpleNamespace(
        span=SPAN, request_id=IDS[0], notes=notes or {}, environ={"REQUEST_METHOD": what[0]}
    )
    lines.write(exchange, what, seconds, traced, reason, Outcome(*what, seconds, None))


class Written:
    """The log of one process: the library's file handler and the lines that it has written."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log"
        self.handler = SharedFileHandler(str(self.path))
        self.handler.setFormatter(JsonFormatter("api", "api-1"))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []


@pytest.fixture(params=["root", "own"])
def written(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """Add the handler to the root logger, as every process does, or to the logger itself."""
    log, logger = Written(tmp_path), logging.getLogger("http.request")
    level = logger.level
    own, root = ([], [log.handler]) if request.param == "root" else ([log.handler], [])
    monkeypatch.setattr(logging.getLogger(), "handlers", root)
    monkeypatch.setattr(logger, "handlers", own)
    logger.setLevel(logging.INFO)
    yield log
    logger.setLevel(level)
    log.handler.close()


def untimed(line: dict[str, Any]) -> dict[str, Any]:
    assert next(iter(line)) == "timestamp"
    return {name: value for name, value in line.items() if name != "timestamp"}


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize("notes", [{}, {"cache": 'a "miss"', "items": 3, "share": 0.5}])
def test_both_ways_write_the_same_fields(written: Written, traced: bool, notes: dict[str, Any]) -> None:
    """A known route's line, from a pattern, has the same fields as an unknown route's.

    Each line is written twice, because the first one creates the pattern.
    """
    for known in (True, False):
        lines = RequestLines(lambda *_, known=known: known)  # type: ignore[misc]
        for _ in range(2):
            write(lines, ROUTE, 0.0123456, traced, None, notes)
    found = [untimed(line) for line in written.lines()]
    assert len(found) == 4
    assert found[0] == found[1] == found[2] == found[3]
    expected = {
        "level": "INFO",
        "logger": "http.request",
        "message": 'GET /100%/"<thing>"/%s 200',
        "service": "api",
        "instance": "api-1",
        "http_route": ROUTE[1],
        "duration_seconds": 0.012346,
        "request_id": IDS[0],
        "trace_id": IDS[1],
        "span_id": IDS[2],
        **notes,
    }
    assert expected.items() <= found[0].items()
    assert found[0].get("trace_sampled") == (None if traced else False)


def test_failures_and_slow_requests_say_why_they_have_a_span(written: Written) -> None:
    """Lines of failed and slow requests have their level and the reason for their span."""
    lines = RequestLines(lambda *_: True)
    write(lines, ("GET", "/", 200), 0.1, False, None)
    write(lines, ("GET", "/", 500), 0.1, True, Late.ERROR)
    write(lines, ("GET", "/", 200), 2.0, True, Late.SLOW)
    found = [(line["level"], line.get("sampling_reason")) for line in written.lines()]
    assert found == [("INFO", None), ("ERROR", "error"), ("INFO", "slow")]


def test_a_level_a_filter_or_another_handler_is_obeyed(written: Written) -> None:
    """A level, a filter or another handler takes effect at any time, also after a pattern was created."""
    logger, lines = logging.getLogger("http.request"), RequestLines(lambda *_: True)
    again = lambda: write(lines, ("GET", "/", 200), 0.1, True, None)  # noqa: E731
    again()
    logger.setLevel(logging.WARNING)
    again()
    logger.setLevel(logging.INFO)
    refuse = lambda _: False  # noqa: E731
    logger.addFilter(refuse)
    again()
    logger.removeFilter(refuse)
    records: list[logging.LogRecord] = []
    other = logging.Handler()
    other.emit = records.append  # type: ignore[method-assign]
    logger.addHandler(other)
    again()
    logger.removeHandler(other)
    assert len(written.lines()) == 2
    root = logging.getLogger()
    root.addHandler(other)
    again()
    root.removeHandler(other)
    assert len(written.lines()) == 3
    assert [record.__dict__["request_id"] for record in records] == [IDS[0]] * 2
    written.handler.addFilter(refuse)
    again()
    written.handler.removeFilter(refuse)
    written.handler.setLevel(logging.WARNING)
    again()
    written.handler.setLevel(logging.NOTSET)
    assert len(written.lines()) == 3
    again()
    assert len(written.lines()) == 4
    assert len(records) == 2


def test_a_new_formatter_makes_new_patterns(written: Written) -> None:
    """A new formatter creates new patterns, so that logging that is configured again uses the new service name.

    This happens in each work horse and in each test.
    """
    lines = RequestLines(lambda *_: True)
    for service in ("api", "other"):
        written.handler.setFormatter(JsonFormatter(service, "one"))
        write(lines, ("GET", "/", 200), 0.1, True, None)
    assert [line["service"] for line in written.lines()] == ["api", "other"]
