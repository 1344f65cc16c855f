"""A log file that several processes write and rotate."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from glasshouse_observability.logs.config import logging_config, new_handler
from glasshouse_observability.logs.file import SharedFileHandler
from glasshouse_observability.logs.lines import LogLines
from glasshouse_observability.settings import TelemetrySettings, WrongSetting

LINES = 400


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("test", logging.INFO, __file__, 1, text, None, None)


def everything(folder: Path) -> list[str]:
    """Return the lines of all files, including rotated ones."""
    return [line for file in folder.iterdir() for line in file.read_text().splitlines()]


def write_lines(handler: SharedFileHandler, writer: int) -> None:
    for number in range(LINES):
        handler.emit(record(f"{writer}-{number}-{'x' * 80}"))


def test_a_line_is_appended(tmp_path: Path) -> None:
    """A line is appended to the existing file without buffering."""
    path = tmp_path / "api-1.log"
    path.write_text("before\n")
    handler = SharedFileHandler(str(path))
    handler.emit(record("after"))
    assert path.read_text() == "before\nafter\n"


def test_at_its_size_it_becomes_number_one(tmp_path: Path) -> None:
    """At its maximum size the file becomes number one, and older files are renamed up to the number that is kept."""
    path = tmp_path / "api-1.log"
    handler = SharedFileHandler(str(path), max_bytes=10, backups=2)
    for text in ("first", "second", "third", "fourth"):
        handler.emit(record(text))
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "api-1.log": "fourth\n",
        "api-1.log.1": "third\n",
        "api-1.log.2": "second\n",
    }


def test_a_file_that_another_process_rotated_is_followed(tmp_path: Path) -> None:
    """After a rotation by another process, the next line is written to the new file."""
    path = tmp_path / "worker-1.log"
    handler = SharedFileHandler(str(path), look_seconds=0)
    handler.emit(record("first"))
    path.rename(tmp_path / "worker-1.log.1")
    handler.emit(record("second"))
    assert path.read_text() == "second\n"
    assert (tmp_path / "worker-1.log.1").read_text() == "first\n"


def test_forks_lose_no_line_and_break_none(tmp_path: Path) -> None:
    """Forks that share a handler lose and break no line while they rotate the file all the time.

    Their parent has opened the handler, as with RQ's work horses.
    """
    path = tmp_path / "worker-1.log"
    handler = SharedFileHandler(str(path), max_bytes=4000, backups=100)
    handler.emit(record("parent"))
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=write_lines, args=(handler, number)) for number in range(4)]
    for child in children:
        child.start()
    write_lines(handler, 4)
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    expected = {f"{writer}-{number}-{'x' * 80}" for writer in range(5) for number in range(LINES)} | {"parent"}
    found = everything(tmp_path)
    assert len(found) == len(expected)
    assert set(found) == expected
    assert len(list(tmp_path.iterdir())) > 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_a_wrong_setting(tmp_path: Path) -> None:
    """A folder that cannot be written is reported at the start as an invalid ``OBSERVABILITY_LOG_FILE``."""
    tmp_path.chmod(0o500)
    with pytest.raises(WrongSetting, match="OBSERVABILITY_LOG_FILE"):
        TelemetrySettings.from_env({"OTEL_SERVICE_NAME": "api", "OBSERVABILITY_LOG_FILE": str(tmp_path / "api.log")})


def test_a_folder_that_is_missing_is_a_wrong_setting(tmp_path: Path) -> None:
    """A folder that does not exist is reported at the start as an invalid ``OBSERVABILITY_LOG_FILE``."""
    with pytest.raises(WrongSetting, match="OBSERVABILITY_LOG_FILE"):
        TelemetrySettings.from_env(
            {"OTEL_SERVICE_NAME": "api", "OBSERVABILITY_LOG_FILE": str(tmp_path / "none" / "api.log")}
        )


def test_a_file_that_cannot_be_written_never_raises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that cannot be written is reported once on standard error and used again as soon as possible."""
    path = tmp_path / "logs" / "api-1.log"
    handler = SharedFileHandler(str(path))
    handler.emit(record("lost"))
    handler.emit(record("lost too"))
    assert capsys.readouterr().err.count("api-1.log: No such file or directory") == 1
    path.parent.mkdir()
    handler.emit(record("kept"))
    assert path.read_text() == "kept\n"


def test_lines_are_counted_by_whether_they_were_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines are counted as written or lost by the file; standard output is only a copy."""
    registry = CollectorRegistry()
    env = {"OTEL_SERVICE_NAME": "api", "OBSERVABILITY_LOG_FILE": str(tmp_path / "api-1.log")}
    settings = replace(TelemetrySettings.from_env(env), log_file=str(tmp_path / "logs" / "api-1.log"))
    handler = new_handler(settings, LogLines(registry))
    handler.emit(record("lost"))
    (tmp_path / "logs").mkdir()
    handler.emit(record("kept"))
    handler.emit(record("kept too"))
    assert counted(registry) == {"written": 2, "lost": 1}
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_without_a_file_standard_output_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file, a line that cannot be written to standard output is counted as lost, and nothing is printed."""
    registry = CollectorRegistry()
    stream = io.StringIO()
    handler = new_handler(TelemetrySettings(service="api"), LogLines(registry), stream=stream)
    handler.emit(record("kept"))
    stream.close()
    handler.emit(record("lost"))
    assert capsys.readouterr() == ("", "")
    assert counted(registry) == {"written": 1, "lost": 1}


def counted(registry: CollectorRegistry) -> dict[str, float | None]:
    name = "telemetry_log_lines_total"
    return {outcome: registry.get_sample_value(name, {"outcome": outcome}) for outcome in ("written", "lost")}


def test_what_cannot_be_encoded_is_escaped(tmp_path: Path) -> None:
    """A character that cannot be encoded, such as half a surrogate pair, is escaped and the line is written."""
    path = tmp_path / "api-1.log"
    SharedFileHandler(str(path)).emit(record("\ud800"))
    assert path.read_text() == "\\ud800\n"


def test_both_copies_are_the_same_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file contains the same JSON lines as standard output."""
    path = tmp_path / "api-1.log"
    settings = TelemetrySettings(service="api", instance="api-1", log_file=str(path))
    handler = new_handler(settings)
    handler.emit(record("order accepted"))
    line = json.loads(path.read_text())
    assert (line["message"], line["instance"]) == ("order accepted", "api-1")
    assert capsys.readouterr().out == path.read_text()


def test_gunicorn_gets_the_same_handler(capsys: pytest.CaptureFixture[str]) -> None:
    """The dictionary for ``logging.config`` creates the handler of JSON lines, and nothing else."""
    config = logging_config(TelemetrySettings(service="api", instance="api-1"))
    assert list(config["handlers"]) == config["root"]["handlers"] == ["json"]
    create = config["handlers"]["json"].pop("()")
    create(**config["handlers"]["json"]).emit(record("served"))
    assert json.loads(capsys.readouterr().out)["message"] == "served"
