"""Reading, filtering and following logs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from stack import logline, logs
from stack.errors import SettingError, StackError
from stack.instance import Instance, make_state_dir
from stack.logtail import Tail, history

TRACE = "0af7651916cd43dd8448eb211c80319c"


def ours(level: str = "INFO", **more: str) -> str:
    """Return a line in the format of our processes."""
    line = {"timestamp": "2026-11-23T04:00:00.123456Z", "level": level, "service": "api", "instance": "api-1"}
    return json.dumps(line | {"message": "POST /api/v1/orders 202"} | more)


@pytest.mark.parametrize(
    ("component", "raw", "level", "time"),
    [
        ("api-1", ours("WARNING"), "WARNING", "2026-11-23T04:00:00.123456"),
        (
            "mongo",
            '{"t":{"$date":"2026-11-23T06:00:00.5+02:00"},"s":"W","c":"REPL","msg":"hello"}',
            "WARNING",
            "2026-11-23T04:00:00.500000",
        ),
        ("loki", 'level=error ts=2026-11-23T04:00:00.25Z caller=x msg="no"', "ERROR", "2026-11-23T04:00:00.250000"),
        ("redis", "12:M 23 Nov 2026 04:00:00.123 # low memory", "WARNING", ""),
        ("collector", "2026-11-23T04:00:00.1Z\twarn\tsomething", "WARNING", "2026-11-23T04:00:00.100000"),
        ("jaeger", '{"level":"info","ts":1795406400.5,"msg":"started"}', "INFO", "2026-11-23T04:00:00.500000"),
        ("nginx", "2026/11/23 04:00:00 [emerg] 1#1: bind() failed", "CRITICAL", "2026-11-23T04:00:00.000000"),
        ("supervisord", "2026-11-23 04:00:00,123 WARN exited: api-1", "WARNING", "2026-11-23T04:00:00.123000"),
        ("api-1", "Traceback (most recent call last):", "", ""),
        ("api-1", '{"half a line', "", ""),
        ("api-1", '{"no":"message"}', "", ""),
    ],
)
def test_every_writers_lines_are_understood(component: str, raw: str, level: str, time: str) -> None:
    """Every component's lines are parsed to the same level names and time format, and nothing is guessed."""
    line = logline.parse(component, raw)
    assert (line.level, line.time) == (level, time)


def passes(raw: str, *, own: bool = True, component: str = "api-1", **wanted: str) -> bool:
    """Return whether a line passes the filter as typed."""
    given = {"services": "", "level": "", "trace": "", "request": ""} | wanted
    return logs.make_filter(**given).passes(logline.parse(component, raw), own=own)


def test_services_are_meant_by_service_or_by_instance() -> None:
    """`api` selects both replicas, `api-1` selects one, and several names can be given."""
    assert passes(ours(), services="api")
    assert passes(ours(), services="worker, api-1")
    assert not passes(ours(), services="api-2")


def test_a_level_lets_the_higher_ones_through() -> None:
    """A level passes higher levels as well, and may be typed in any case and abbreviated."""
    assert passes(ours("ERROR"), level="warning")
    assert passes(ours("WARNING"), level="warn")
    assert not passes(ours("INFO"), level="WARNING")


def test_a_crashs_output_is_an_error() -> None:
    """A plain line in a JSON log counts as an error; a plain line of a third-party server counts as information.

    A crash's output is therefore never filtered out by a level.
    """
    assert passes("Traceback (most recent call last):", level="error", own=True)
    assert not passes("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo", level="warning", own=False, component="redis")


def test_ids_select_lines() -> None:
    """Lines are selected by trace ID and by request ID."""
    line = ours(trace_id=TRACE, request_id="r-12345678")
    assert passes(line, trace=TRACE)
    assert passes(line, request="r-12345678")
    assert not passes(ours(), trace=TRACE)


def test_an_unknown_level_is_refused() -> None:
    """An unknown level is refused with the allowed levels."""
    with pytest.raises(SettingError, match=r"LEVEL is 'loud': .*DEBUG, INFO"):
        logs.make_filter("", "loud", "", "")


def test_rotation_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """Rotation neither loses nor repeats lines.

    Lines are written just before and after the file is renamed, and one is half written between two reads.
    """
    path = tmp_path / "api-1.log"
    path.write_text("old\n")
    tail = Tail(path)
    with path.open("a") as file:
        file.write("one\ntw")
    assert list(tail.new_lines()) == ["one"]
    with path.open("a") as file:
        file.write("o\n")
    path.rename(tmp_path / "api-1.log.1")
    path.write_text("three\n")
    assert list(tail.new_lines()) == ["two", "three"]
    assert list(tail.new_lines()) == []
    tail.close()


def test_a_file_that_is_emptied_is_read_from_its_beginning(tmp_path: Path) -> None:
    """A file that an operator has truncated is read from its beginning."""
    path = tmp_path / "api-1.log"
    path.write_text("a long line of the past\n")
    tail = Tail(path)
    path.write_text("new\n")
    assert list(tail.new_lines()) == ["new"]
    tail.close()


def test_the_past_of_an_id_is_looked_for_in_rotated_files_too(tmp_path: Path) -> None:
    """Earlier lines with an ID are also found in rotated files, oldest first."""
    path = tmp_path / "api-1.log"
    for name, text in (("api-1.log.2", "a1\nb\n"), ("api-1.log.1", "a2\n"), ("api-1.log", "a3\nb\n")):
        (tmp_path / name).write_text(text)
    tail = Tail(path)
    assert history(tail, lambda line: "a" in line, everything=True) == ["a1", "a2", "a3"]
    tail.close()


def test_logs_are_printed_in_the_order_of_time(instance: Instance) -> None:
    """Lines of all files are printed in time order.

    Plain lines stay with the line before them, and IDs are printed at the end.
    """
    make_state_dir(instance.paths)
    early = ours(timestamp="2026-11-23T03:59:59Z", instance="worker-1", request_id="r-12345678")
    (instance.paths.json_logs / "api-1.log").write_text(ours() + "\nplain\n")
    (instance.paths.json_logs / "worker-1.log").write_text(early + "\n")
    out = io.StringIO()
    wanted = logs.make_filter("", "", "", "")
    assert logs.logs(instance.settings, wanted, lines=None, follow=False, stream=out) == 0
    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["03:59:59.000", "worker-1", "INFO", "POST", "/api/v1/orders", "202", "request_id=r-12345678"],
        ["04:00:00.123", "api-1", "INFO", "POST", "/api/v1/orders", "202"],
        ["api-1", "plain"],
    ]


def test_only_the_last_lines_are_asked_for(instance: Instance) -> None:
    """`--lines` limits the number of lines over all files together."""
    make_state_dir(instance.paths)
    (instance.paths.logs / "redis.log").write_text("one\ntwo\nthree\n")
    out = io.StringIO()
    logs.logs(instance.settings, logs.make_filter("", "", "", ""), lines=1, follow=False, stream=out)
    assert out.getvalue().split() == ["redis", "three"]


def test_no_logs_is_said(instance: Instance) -> None:
    """Without logs the error names the command that starts the instance."""
    with pytest.raises(StackError, match="make up"):
        logs.logs(instance.settings, logs.make_filter("", "", "", ""), lines=1, follow=False)
