"""The signals of a block of code, as a test reads them."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from glasshouse_observability import instances
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.logs.lines import LineHandler
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.testing.numbers import Numbers
from glasshouse_observability.testing.responses import read_completely
from glasshouse_observability.testing.state import restored_context
from glasshouse_observability.traces.cleaning import Cleaner


class Capture:
    """The signals of a ``capture`` block; they can be read during the block and after it."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        """The log lines, in order, as a log store receives them: with ids, and redacted."""
        self.spans: list[ReadableSpan] = []
        """The spans that have ended, in order, as they would be exported: redacted."""
        self._numbers: list[Numbers] = []

    def metric(self, name: str, **labels: str) -> float:
        """Return the value of a sample: of a gauge as it is now, of everything else its increase since the block began.

        Args:
            name: the name of the sample, such as ``rq_jobs_total`` or ``http_server_request_duration_seconds_count``.
            labels: labels to match; the values of all series that have these labels are added up. 0 if there is none.

        Raises:
            KeyError: no metric has a sample of this name; the message has similar names.
        """
        found = [numbers.value(name, labels) for numbers in self._numbers]
        values = [value for value in found if value is not None]
        if not values:
            names = {each for numbers in self._numbers for each in numbers.names()}
            raise KeyError(_unknown(name, names))
        return sum(values)

    def reset(self) -> None:
        """Forget everything up to now, so that the next part of a test is examined alone."""
        self.lines.clear()
        self.spans.clear()
        for numbers in self._numbers:
            numbers.begin()


class _Lines(LineHandler):
    def __init__(self, lines: list[dict[str, Any]]) -> None:
        super().__init__()
        self._lines = lines

    def write_line(self, line: bytes) -> None:
        self._lines.append(json.loads(line))


class _Tap(SpanProcessor):
    """Hands the spans of one ``Telemetry`` to captures. A processor cannot be removed, so it stays, with no effect."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._cleaner = Cleaner(telemetry.settings.redaction, lambda: None)
        self.captures: list[Capture] = []
        telemetry.provider.add_span_processor(self)
        telemetry.taps = (*telemetry.taps, self)

    def on_end(self, span: ReadableSpan) -> None:
        if self.captures and span.context is not None and span.context.trace_flags.sampled:
            cleaned = self._cleaner.clean(span)
            for capture in self.captures:
                capture.spans.append(cleaned)


@contextlib.contextmanager
def capture(
    telemetry: Telemetry | None = None, *, sampled: bool | None = True, close_responses: bool = True
) -> Iterator[Capture]:
    """Capture the log lines, spans and metrics of the block.

    At its end the ids of the current request or job, the notes and OpenTelemetry's context are as at its beginning,
    even if a response was not closed.

    Args:
        telemetry: the object whose signals are captured; by default every one, also those created in the block.
        sampled: whether every request and job is traced (``True``), none is unless it fails or is slow (``False``), or
            the budget of the settings decides (``None``). A caller's decision has precedence.
        close_responses: whether Werkzeug's and Flask's test clients read and close each response at once, because the
            log line of a request is written when its response is closed. ``False`` for tests of streaming.
    """
    captured = Capture()
    with contextlib.ExitStack() as undo:
        undo.enter_context(restored_context())

        def begin(one: Telemetry) -> None:
            tap = one.part(_Tap)
            tap.captures.append(captured)
            undo.callback(tap.captures.remove, captured)
            captured._numbers.append(Numbers(one.registry))
            if sampled is not None:
                undo.enter_context(one.sampler.fixed(sampled))

        if telemetry is not None:
            begin(telemetry)
        else:
            for one in list(instances.live):
                begin(one)
            instances.on_created.append(begin)
            undo.callback(instances.on_created.remove, begin)
        if close_responses:
            undo.callback(read_completely())
        _capture_lines(captured, telemetry, undo)
        yield captured
        for numbers in captured._numbers:
            numbers.end()


def _capture_lines(captured: Capture, telemetry: Telemetry | None, undo: contextlib.ExitStack) -> None:
    known = telemetry or next(iter(instances.live), None)
    handler = _Lines(captured.lines)
    if known is None:
        handler.setFormatter(JsonFormatter("unknown", ""))
    else:
        settings = known.settings
        handler.setFormatter(JsonFormatter(settings.service, settings.instance, settings.redaction))
    root = logging.getLogger()
    root.addHandler(handler)
    undo.callback(root.removeHandler, handler)
    level = logging.getLevelName(known.settings.log_level) if known is not None else logging.INFO
    if root.level > level:
        undo.callback(root.setLevel, root.level)
        root.setLevel(level)


def _unknown(name: str, names: set[str]) -> str:
    from difflib import get_close_matches

    similar = get_close_matches(name, sorted(names), 3, 0.5)
    return f"no metric has a sample {name!r}" + (f"; similar: {', '.join(similar)}" if similar else "")
