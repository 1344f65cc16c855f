"""Whatever a logger is given, its line arrives, with only the bad part replaced, and so do the lines around it."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from glasshouse_observability import TelemetrySettings, context
from glasshouse_observability.field_names import IDENTITY, OF_REQUESTS, REPAIRED, STANDARD
from glasshouse_observability.logs.config import new_handler
from glasshouse_observability.logs.lines import LogLines
from glasshouse_observability.logs.tolerant import LONGEST_LINE
from library_support.odd_values import MAKE, BrokenError, broken, build, deep, keys, values

THOROUGH = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SETTINGS = TelemetrySettings(service="api", instance="api-1")


class Log:
    """A logger with the library's handler, and the lines that it has written."""

    def __init__(self) -> None:
        self.stream, self.registry = io.StringIO(), CollectorRegistry()
        self.handler = new_handler(SETTINGS, LogLines(self.registry), stream=self.stream)  # type: ignore[arg-type]
        self.logger = logging.Logger("shop")
        self.logger.addHandler(self.handler)

    def lines(self) -> list[dict[str, Any]]:
        # Not ``splitlines``, which also splits at characters that JSON contains as they are, such as U+2028.
        return [orjson.loads(line) for line in self.stream.getvalue().split("\n")[:-1]]

    def count(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@contextmanager
def neighbours() -> Iterator[Log]:
    """Log a line before and after; both arrive, and exactly one line between them."""
    log = Log()
    log.logger.info("before", extra={"k": 1})
    yield log
    log.logger.info("after", extra={"k": 2})
    first, *between, last = log.lines()
    assert (first["message"], first["k"], last["message"], last["k"]) == ("before", 1, "after", 2)
    assert len(between) == 1
    assert log.count("telemetry_log_lines_total", outcome="written") == 3
    assert log.count("telemetry_log_lines_total", outcome="lost") == 0
    assert log.count("telemetry_log_lines_repaired_total") == (1 if REPAIRED in between[0] else 0)


@THOROUGH
@given(values, values, st.dictionaries(keys, values, max_size=3))
def test_any_message_argument_and_field_arrives(message: Any, argument: Any, extra: dict[Any, Any]) -> None:
    """A line with arbitrary values arrives, and the plain field next to them is unchanged."""
    given_fields = {name: value for name, value in build(extra).items() if name not in STANDARD}
    with neighbours() as log:
        log.logger.info(build(message), "x", build(argument), extra={**given_fields, "ok": "intact"})
    line = log.lines()[1]
    assert (line["level"], line["logger"], line["service"], line["ok"]) == ("INFO", "shop", "api", "intact")


@THOROUGH
@given(values, values)
def test_any_exception_arrives(first: Any, second: Any) -> None:
    """An exception with arbitrary arguments arrives with its type and stack trace."""
    with neighbours() as log:
        try:
            raise RuntimeError(build(first), build(second))
        except RuntimeError:
            log.logger.exception("failed", extra={"ok": 1})
    line = log.lines()[1]
    assert (line["message"], line["exception_type"], line["ok"]) == ("failed", "builtins.RuntimeError", 1)
    assert "raise RuntimeError(build(first), build(second))" in line["exception_stacktrace"]


@pytest.mark.parametrize("name", sorted(MAKE))
def test_each_odd_value_arrives(name: str) -> None:
    """Each of the known odd values arrives as a field, in a container and as an argument."""
    with neighbours() as log:
        extra = {"odd": MAKE[name](), "within": [1, MAKE[name]()], "ok": "intact"}
        log.logger.info("%s and %s", "text", MAKE[name](), extra=extra)
    line = log.lines()[1]
    assert line["message"].startswith("text and ") or "message" in line[REPAIRED]
    assert line["ok"] == "intact"
    assert "odd" in line


@pytest.mark.parametrize(
    ("value", "shown", "is_repaired"),
    [
        ("a\ud800b", "a\ufffdb", True),
        ("\ud83d\ude00", "\U0001f600", True),
        (2**64, "18446744073709551616", True),
        (2**64 - 1, 2**64 - 1, False),
        (-(2**63) - 1, "-9223372036854775809", True),
        (float("nan"), "NaN", True),
        (float("inf"), "Infinity", True),
        (b"\xff\x00a", "\\xff\x00a", False),
        ({1: "a", "1": "b"}, {"1": "a", "1_2": "b"}, True),
        ([float("nan"), 1], ["NaN", 1], True),
        (BrokenError(), "BrokenError: <BrokenError: no text, because of ValueError>", True),
        (broken("__str__")(), "<Broken: no text, because of ValueError>", True),
        (None, None, False),
    ],
)
def test_what_is_replaced_is_marked(value: object, shown: object, is_repaired: bool) -> None:
    """The field has what remains of the value, and ``telemetry_repaired`` names it only if something was replaced."""
    with neighbours() as log:
        log.logger.info("x", extra={"odd": value, "ok": 1})
    line = log.lines()[1]
    assert line["odd"] == shown
    assert line.get(REPAIRED) == (["odd"] if is_repaired else None)


@pytest.mark.parametrize(
    ("template", "arguments", "message"),
    [
        ("%s", ("\ud800", 1), None),
        ("%d of %s", ("x", "y"), "%d of %s (arguments: ('x', 'y'))"),
        ("%s", (1, 2), "%s (arguments: (1, 2))"),
        ("100% of %s", ("it", "all"), None),
        ("%(a)s %(b)s", ({"a": 1},), "%(a)s %(b)s (arguments: {'a': 1})"),
        ("%s and %r", (broken("__repr__", "__str__")(), 5), "<Broken: no text, because of ValueError> and 5"),
        ("%(a)s", ({"a": broken("__str__")()},), "<Broken: no text, because of ValueError>"),
    ],
)
def test_a_template_that_does_not_fit_keeps_its_arguments(
    template: str, arguments: tuple[object, ...], message: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A template that does not fit its arguments arrives with them, and ``logging`` reports no error."""
    with neighbours() as log:
        log.logger.info(template, *arguments)
    line = log.lines()[1]
    assert line[REPAIRED] == ["message"]
    assert message is None or line["message"] == message
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "exc_info",
    [
        True,
        1,
        ValueError("x"),
        (ValueError, ValueError("x"), None),
        (None, None, None),
        (ValueError, None, None),
        (1, 2),
        "text",
        BrokenError(),
        MAKE["group"](),
        MAKE["cyclic exception"](),
    ],
)
def test_any_exc_info_arrives(exc_info: Any) -> None:
    """Whatever ``exc_info`` is, the line arrives; an exception in it is described."""
    record = logging.LogRecord("shop", logging.ERROR, "", 0, "failed", None, exc_info)
    with neighbours() as log:
        log.handler.handle(record)
    line = log.lines()[1]
    assert line["message"] == "failed"
    found = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(found, BaseException):
        assert line["exception_type"].endswith(type(found).__name__)
        assert line["exception_message"]


def test_names_of_the_line_itself_are_not_overwritten() -> None:
    """A field with the name of the line's identity gets a prefix, in ``extra`` and in a dictionary as the message."""
    log = Log()
    reserved = sorted(IDENTITY - STANDARD)
    log.logger.info("x", extra=dict.fromkeys(reserved, "mine"))
    log.logger.info(dict.fromkeys([*reserved, "message"], "mine"))
    for line in log.lines():
        assert (line["service"], line["level"], line["logger"], line["instance"]) == ("api", "INFO", "shop", "api-1")
        assert {f"extra_{name}": "mine" for name in reserved}.items() <= line.items()
        assert line["timestamp"] != "mine"
    assert log.lines()[1]["extra_message"] == "mine"


def test_ids_of_the_context_win_over_fields() -> None:
    """Within a request, its id is the line's, and another value in ``extra`` is kept with a prefix."""
    log = Log()
    with context.bind_ids("request-1"):
        log.logger.info("x", extra={"request_id": "other", "job_id": "job-1"})
        log.logger.info("x", extra={"request_id": "request-1"})
        log.logger.error("x", extra={"request_id": "other", "odd": {1}})
    log.logger.info("x", extra={"request_id": "from-a-queue"})
    first, second, third, last = log.lines()
    assert (first["request_id"], first["extra_request_id"], first["job_id"]) == ("request-1", "other", "job-1")
    assert "extra_request_id" not in second
    assert (third["request_id"], third["extra_request_id"]) == ("request-1", "other")
    assert last["request_id"] == "from-a-queue"


@THOROUGH
@given(st.dictionaries(keys, values, max_size=4))
def test_any_note_arrives(notes: dict[Any, Any]) -> None:
    """Notes of any name and value are in the request's line, whichever way it is written, and none hides its fields."""
    noted: dict[str, Any] = {}
    token = context.notes.set(noted)
    for name, value in build(notes).items():
        context.note(name, value)
    for name in OF_REQUESTS:
        context.note(name, "mine")
    context.note("ok", 1)
    context.notes.reset(token)
    log = Log()
    formatter: Any = log.handler.formatter
    head = formatter.head(logging.INFO, "http.request", "GET / 200", {"event": "http.request"})
    fields = {"duration_seconds": 0.5, "request_id": "request-1"}
    direct = orjson.loads(formatter.complete(1.0, head, fields, noted))
    record = logging.LogRecord("http.request", logging.INFO, "", 0, "GET / 200", None, None)
    record.__dict__.update({"event": "http.request", **fields, **noted})
    record.created = 1.0
    through_logging = orjson.loads(formatter.line(record))
    marks = [set(line.pop(REPAIRED, ())) for line in (direct, through_logging)]
    assert direct == through_logging
    assert marks[0] == marks[1]
    assert (direct["service"], direct["event"], direct["duration_seconds"]) == ("api", "http.request", 0.5)
    assert (direct["extra_service"], direct["extra_request_id"], direct["ok"]) == ("mine", "mine", 1)


@THOROUGH
@given(values, values)
def test_any_id_can_be_bound(request: Any, job: Any) -> None:
    """Ids of any type are in the line as texts, and are unbound after the block."""
    log = Log()
    with context.bind_ids(build(request), build(job)):
        log.logger.info("x")
    log.logger.info("after")
    first, after = log.lines()
    assert isinstance(first.get("request_id", ""), str)
    assert isinstance(first.get("job_id", ""), str)
    assert "request_id" not in after


def test_a_line_is_never_longer_than_collectors_accept() -> None:
    """A line with huge values is shortened to valid JSON; its short fields and the end of a long text stay."""
    log = Log()
    log.logger.info("x" * 1_000_000 + "end", extra={"ok": 1, "list": list(range(300_000))})
    log.logger.info("many", extra={f"field{number}": "y" * 1000 for number in range(5000)})
    raw = log.stream.getvalue().encode().split(b"\n")
    assert max(map(len, raw)) <= LONGEST_LINE
    first, second = log.lines()
    assert first["ok"] == 1
    assert first["message"].endswith("end")
    assert set(first[REPAIRED]) == {"message", "list"}
    assert second["message"] == "many"


def test_a_record_near_the_end_of_the_stack_never_raises() -> None:
    """A function that logs at every level until the stack is exhausted gets its own error, and no other."""
    log = Log()

    def descend() -> None:
        log.logger.info("deeper", extra={"odd": deep(3)})
        descend()

    with pytest.raises(RecursionError):
        descend()
    log.logger.info("after")
    lines = log.lines()
    assert lines[-1]["message"] == "after"
    assert {line["message"] for line in lines[:-1]} <= {"deeper", "(a record that cannot be read)"}


def test_stack_info_and_dictionaries_as_messages_arrive() -> None:
    """``stack_info`` is a field, and the items of a dictionary that is the message are fields."""
    log = Log()
    log.logger.info("x", stack_info=True)
    log.logger.info({"a": 1, "b": {2}, "\ud800": 3}, extra={"c": 4})
    log.logger.info(["a", 1])
    log.logger.info(42)
    first, second, third, fourth = log.lines()
    assert "Stack (most recent call last)" in first["stack_info"]
    assert (second["a"], second["b"], second["\ufffd"], second["c"], second["message"]) == (1, [2], 3, 4, "")
    assert (third["message"], fourth["message"]) == ("['a', 1]", "42")


def test_nothing_of_logging_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """No value makes ``logging`` print an error."""
    log = Log()
    for make in MAKE.values():
        log.logger.info("%d %s", make(), 1, extra={"odd": make()})
    assert len(log.lines()) == len(MAKE)
    assert capsys.readouterr() == ("", "")
    assert sys.exc_info() == (None, None, None)
