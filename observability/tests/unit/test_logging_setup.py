"""Logging of a process is configured step by step, keeps what the application has set, and can be undone."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import logging.handlers
import queue
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from glasshouse_observability import Telemetry, TelemetrySettings, context, instrument_flask
from glasshouse_observability.logs.config import LoggingOptions, configure_logging, new_handler
from glasshouse_observability.logs.formatter import JsonFormatter

SETTINGS = TelemetrySettings(service="api", instance="api-1")


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start without handlers and with Python's own hooks, and restore those of the test run."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    with warnings.catch_warnings():
        yield
    # ``dictConfig`` disables the loggers of other tests, and sets the level of the root logger.
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


def without_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove those of the test run, which are added after the fixtures."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])


def state() -> dict[str, Any]:
    names = ("", "urllib3", "rq", "opentelemetry", "app.fresh")
    return {
        "handlers": [logging.getLogger(name).handlers[:] for name in names],
        "levels": [logging.getLogger(name).level for name in names],
        "hooks": (sys.excepthook, threading.excepthook, warnings.showwarning),
        "fields": (logging.logThreads, logging.logProcesses, logging.logMultiprocessing),
    }


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_everything_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoing restores handlers, levels and hooks, also after a second configuration; doing so twice is harmless."""
    without_handlers(monkeypatch)
    logging.getLogger().addHandler(logging.NullHandler())
    before = state()
    undo_first = configure_logging(SETTINGS, options=LoggingOptions(thread_fields=False))
    undo_second = configure_logging(SETTINGS)
    assert len(logging.getLogger().handlers) == 2
    assert state()["hooks"] != before["hooks"]
    undo_second()
    undo_first()
    undo_first()
    assert state() == before


def test_each_step_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all steps left out, only the handler and the level of the root logger change."""
    without_handlers(monkeypatch)
    before = state()
    undo = configure_logging(SETTINGS, options=LoggingOptions(uncaught=False, warnings=False, quiet={}))
    after = state()
    assert len(after["handlers"][0]) == 1
    assert after["handlers"][1:] == before["handlers"][1:]
    assert after["levels"][1:] == before["levels"][1:]
    assert (after["hooks"], after["fields"]) == (before["hooks"], before["fields"])
    undo()


def test_records_of_the_application_keep_their_thread_and_process() -> None:
    """By default a formatter of the application still finds the thread and the process of a record."""
    undo = configure_logging(SETTINGS)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(threadName)s %(processName)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("app").warning("x")
    undo()
    assert stream.getvalue() == "MainThread MainProcess x\n"


def test_a_level_of_the_application_stays() -> None:
    """A logger for which the application has set a level keeps it."""
    logger = logging.getLogger("urllib3")
    logger.setLevel(logging.DEBUG)
    undo = configure_logging(SETTINGS)
    assert logger.level == logging.DEBUG
    undo()
    logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize("where", ["main", "thread"])
def test_hooks_are_chained(where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A hook of other code is called after the line; Python's own is not, because it would print the error again."""
    called: list[str] = []
    if where == "main":
        monkeypatch.setattr(sys, "excepthook", lambda kind, *_: called.append(kind.__name__))
    else:
        monkeypatch.setattr(threading, "excepthook", lambda args: called.append(args.exc_type.__name__))

    def fail() -> None:
        if where == "main":
            sys.excepthook(ValueError, ValueError("x"), None)
            return
        thread = threading.Thread(target=lambda: int("x"))
        thread.start()
        thread.join()

    undo_first = configure_logging(SETTINGS)
    undo_second = configure_logging(SETTINGS)
    fail()
    undo_second()
    undo_first()
    assert called == ["ValueError"]
    (line,) = printed(capsys)
    assert (line["level"], line["message"], line["logger"]) == ("CRITICAL", "uncaught ValueError", "uncaught")


def test_pythons_own_hooks_print_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a hook of other code, an uncaught exception is one line; ``sys.exit`` in a thread writes no line."""
    undo = configure_logging(SETTINGS)
    sys.excepthook(ValueError, ValueError("x"), None)
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()
    undo()
    found = capsys.readouterr()
    assert [json.loads(line)["message"] for line in found.out.splitlines()] == ["uncaught ValueError"]
    assert found.err == ""


def test_an_interrupt_is_not_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """``KeyboardInterrupt`` goes to the hook before ours only."""
    called: list[type] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, *_: called.append(kind))
    undo = configure_logging(SETTINGS)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    undo()
    assert called == [KeyboardInterrupt]
    assert printed(capsys) == []


def test_warnings_go_to_the_log_unless_the_application_shows_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning is a line, unless the application has its own function for warnings, which stays."""
    warnings.simplefilter("always")
    undo = configure_logging(SETTINGS)
    warnings.warn("shown", stacklevel=1)
    undo()
    assert printed(capsys)[0]["logger"] == "py.warnings"
    own: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: own.append(str(message)))
    undo = configure_logging(SETTINGS)
    warnings.warn("own", stacklevel=1)
    undo()
    assert own == ["own"]
    assert printed(capsys) == []


@pytest.mark.parametrize("owner", ["", "shop", "shop.orders"])
def test_a_second_handler_is_reported_once(owner: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A handler that prints the same records as plain text is reported once, with the remedy, and stays."""
    undo = configure_logging(SETTINGS)
    logger, handler = logging.getLogger(owner), logging.StreamHandler()
    logger.addHandler(handler)
    for _ in range(3):
        logging.getLogger("shop.orders").info("accepted")
    logger.removeHandler(handler)
    undo()
    found = capsys.readouterr()
    lines = [json.loads(line) for line in found.out.splitlines()]
    assert [line["message"] for line in lines if line.get("event") is None] == ["accepted"] * 3
    (report,) = [line for line in lines if line.get("event") == "telemetry.duplicate_lines"]
    assert report["level"] == "WARNING"
    assert "StreamHandler" in report["message"]
    assert "OBSERVABILITY_LOG_TAKE_OVER" in report["message"]
    assert found.err.count("accepted\n") == 3


def test_a_second_handler_can_be_taken_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the setting, the handler is removed, so each record is one line, and undoing adds it again."""
    without_handlers(monkeypatch)
    early, late = logging.StreamHandler(), logging.StreamHandler(sys.stdout)
    logging.getLogger().addHandler(early)
    undo = configure_logging(TelemetrySettings(service="api", log_take_over=True))
    logger = logging.getLogger("shop.taken")
    logger.addHandler(late)
    logger.info("first")
    capsys.readouterr()
    logger.info("second")
    found = capsys.readouterr()
    assert [json.loads(line)["message"] for line in found.out.splitlines()] == ["second"]
    assert found.err == ""
    undo()
    assert late in logger.handlers
    assert logging.getLogger().handlers == [early]
    logger.removeHandler(late)


def test_flasks_own_handler_is_found(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler that Flask adds when an application logs before telemetry starts is found."""
    without_handlers(monkeypatch)
    app = Flask("shop_flask")
    app.logger.setLevel(logging.INFO)
    undo = configure_logging(SETTINGS)
    app.logger.info("served")
    undo()
    events = [line.get("event") for line in printed(capsys)]
    assert events.count("telemetry.duplicate_lines") == 1
    for handler in app.logger.handlers[:]:
        app.logger.removeHandler(handler)


def test_other_handlers_are_no_duplicates(capsys: pytest.CaptureFixture[str]) -> None:
    """A handler that writes elsewhere, or whose logger does not pass its records on, is not reported."""
    undo = configure_logging(SETTINGS)
    logger = logging.getLogger("shop.elsewhere")
    handler = logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    own = logging.getLogger("shop.own")
    own.propagate = False
    console = logging.StreamHandler()
    own.addHandler(console)
    own.warning("plain")
    logger.warning("both")
    undo()
    logger.removeHandler(handler)
    own.removeHandler(console)
    own.propagate = True
    assert [line["message"] for line in printed(capsys)] == ["both"]


class Masking(logging.Filter):
    """A filter that changes the record, as redacting filters do."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = str(record.msg).replace("s3cr3t", "***"), ()
        record.__dict__["payload"]["card"] = "***"
        return True


@pytest.mark.parametrize("order", ["masking first", "masking last"])
def test_each_handler_writes_the_record_as_it_finds_it(order: str) -> None:
    """A change by a filter of one handler is never undone by a line that another handler has formatted before."""
    shared = JsonFormatter("api", "api-1")
    plain_stream, masked_stream = io.StringIO(), io.StringIO()
    plain = new_handler(SETTINGS, stream=plain_stream)  # type: ignore[arg-type]
    masked = new_handler(SETTINGS, stream=masked_stream)  # type: ignore[arg-type]
    for handler in (plain, masked):
        handler.setFormatter(shared)
    masked.addFilter(Masking())
    logger = logging.Logger("shop")
    for handler in (plain, masked) if order == "masking last" else (masked, plain):
        logger.addHandler(handler)
    logger.info("has s3cr3t", extra={"payload": {"card": "s3cr3t"}})
    line = json.loads(masked_stream.getvalue())
    assert (line["message"], line["payload"]) == ("has ***", {"card": "***"})
    if order == "masking last":
        assert json.loads(plain_stream.getvalue())["message"] == "has s3cr3t"


def test_a_handler_leaves_the_record_as_it_is() -> None:
    """Formatting adds nothing to the record that other handlers would print."""
    record = logging.LogRecord("shop", logging.INFO, "", 0, "a %s", (1,), None)
    before = dict(record.__dict__)
    new_handler(SETTINGS, stream=io.StringIO()).handle(record)  # type: ignore[arg-type]
    assert record.__dict__ == before


def test_a_handler_that_removes_the_exception_does_so_for_itself() -> None:
    """Whatever an earlier handler leaves in the record is written (logzio/logzio-python-handler#42)."""

    class Removing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            record.exc_text, record.exc_info = "Traceback: boom", None

    stream = io.StringIO()
    logger = logging.Logger("shop")
    logger.addHandler(Removing())
    logger.addHandler(new_handler(SETTINGS, stream=stream))  # type: ignore[arg-type]
    try:
        raise ValueError("boom")
    except ValueError:
        logger.exception("failed")
    assert json.loads(stream.getvalue())["exception_stacktrace"] == "Traceback: boom"


def test_a_queue_keeps_the_ids_and_the_exception_of_a_record() -> None:
    """A record formatted before a queue is one object, with the ids of its request (python/cpython#78515)."""
    stream, records = io.StringIO(), queue.SimpleQueue[Any]()
    handler = logging.handlers.QueueHandler(records)
    handler.setFormatter(JsonFormatter("api", "api-1"))
    logger = logging.Logger("shop")
    logger.addHandler(handler)
    listener = logging.handlers.QueueListener(records, new_handler(SETTINGS, stream=stream))  # type: ignore[arg-type]
    listener.start()
    with context.bind_ids("request-1"):
        logger.info("a %s", 1, extra={"k": 1})
        try:
            raise ValueError("boom")
        except ValueError:
            logger.exception("failed")
    listener.stop()
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (first["message"], first["k"], first["request_id"]) == ("a 1", 1, "request-1")
    assert (second["exception_type"], second["request_id"]) == ("builtins.ValueError", "request-1")


@pytest.mark.parametrize("extra", [{"": 1}, {1: "one"}, {("a", 1): 2}, {"_id": "65f"}, {None: 3}])
def test_any_name_of_a_field_arrives(extra: dict[Any, Any]) -> None:
    """A field whose name is empty, no text or private arrives under a text (madzak/python-json-logger#181)."""
    stream = io.StringIO()
    new_handler(SETTINGS, stream=stream).handle(_with(extra))  # type: ignore[arg-type]
    line = json.loads(stream.getvalue())
    ((name, value),) = extra.items()
    assert line[str(name) or "(empty)"] == value
    assert line["ok"] == 1


def _with(extra: dict[Any, Any]) -> logging.LogRecord:
    return logging.Logger("shop").makeRecord("shop", logging.INFO, "", 0, "x", (), None, extra={**extra, "ok": 1})


def test_starting_with_options(capsys: pytest.CaptureFixture[str]) -> None:
    """``Telemetry.start`` accepts which steps to take, and ``stop`` undoes them."""
    before = state()
    telemetry = Telemetry.start(
        settings=SETTINGS, logging=LoggingOptions(uncaught=False), make_global=False, disable_created_metrics=False
    )
    assert sys.excepthook is sys.__excepthook__
    logging.getLogger("shop").info("started")
    telemetry.stop()
    assert state() == before
    assert printed(capsys)[-1]["message"] == "started"


@pytest.mark.parametrize("root", [{"level": "WARNING", "handlers": []}, None])
@pytest.mark.parametrize("rate", [0, 100_000])
def test_a_later_dict_config_removes_no_line_of_a_request(
    root: dict[str, Any] | None, rate: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An application factory that configures logging after ``start`` (alerta/alerta) still has one line per request."""
    without_handlers(monkeypatch)
    settings = TelemetrySettings(service="api", traces_per_second=rate, trace_ratio=0)
    with Telemetry.start(settings=settings) as telemetry:
        for _ in range(2):
            config = {"version": 1, "disable_existing_loggers": True}
            logging.config.dictConfig(config | ({"root": root} if root else {}))
            app = Flask("shop")
            instrument_flask(app, telemetry)
            app.test_client().get("/none", buffered=True)
    assert [line["http_response_status_code"] for line in printed(capsys)] == [404, 404]
    assert logging.getLogger().handlers == []
