"""The log line of a request.

Most lines of one route and status differ in a few fields only. The common fields are encoded once and cached. The rest
is encoded for each line by the same encoder, so no value can break the JSON. If a handler or filter of other code must
see the line, it goes through ``logging`` with the same fields.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from glasshouse_observability.flask.spans import SampledSpan
from glasshouse_observability.logs.formatter import JsonFormatter, direct_handlers
from glasshouse_observability.traces.sampling import Late
from glasshouse_observability.traces.unsampled import UnsampledSpan

_log = logging.getLogger("http.request")
_NO_HEAD = (None, b"")


class RequestLines:
    """Write the log lines of requests.

    The head is cached for each method, route and status that ``is_known``; their number is bounded.
    """

    def __init__(self, is_known: Callable[[str, str, int], bool]) -> None:
        self._is_known = is_known
        self._heads: dict[tuple[str, str, int], tuple[JsonFormatter, bytes]] = {}

    def write(
        self,
        what: tuple[str, str, int],
        seconds: float,
        request_id: str,
        span: UnsampledSpan | SampledSpan,
        traced: bool,
        reason: Late | None,
        notes: Mapping[str, Any],
    ) -> None:
        """Write one line. ``what`` is method, route and status; ``traced`` is whether its span is exported."""
        level = logging.ERROR if what[2] >= 500 else logging.INFO
        if not _log.isEnabledFor(level):
            return
        fields: dict[str, Any] = {
            # The same as ``round(seconds, 6)``, at a tenth of the cost.
            "duration_seconds": int(seconds * 1e6 + 0.5) / 1e6,
            "request_id": request_id,
            "trace_id": span.trace_id,
            "span_id": span.span_id,
        }
        if not traced:
            fields["trace_sampled"] = False
        if reason is not None:
            fields["sampling_reason"] = reason.value
        if notes:
            fields.update(notes)
        direct = direct_handlers(_log)
        if direct is None:
            self._log_record(level, what, fields)
            return
        formatter, handlers = direct
        encoded_by, head = self._heads.get(what, _NO_HEAD)
        if encoded_by is not formatter:
            head = self._new_head(formatter, level, what)
        line = formatter.complete(time.time(), head, fields)
        for handler in handlers:
            handler.write_line(line)

    def _new_head(self, formatter: JsonFormatter, level: int, what: tuple[str, str, int]) -> bytes:
        head = formatter.head(level, _log.name, _message(*what), _shared(*what))
        if self._is_known(*what):
            self._heads[what] = formatter, head
        return head

    def _log_record(self, level: int, what: tuple[str, str, int], fields: dict[str, Any]) -> None:
        # Not ``_log.log``, which would look up the caller; no field contains it.
        record = logging.LogRecord(_log.name, level, "", 0, _message(*what), None, None)
        record.__dict__.update(_shared(*what))
        record.__dict__.update(fields)
        _log.handle(record)


def _message(method: str, route: str, status: int) -> str:
    return f"{method} {route} {status}"


def _shared(method: str, route: str, status: int) -> dict[str, Any]:
    return {
        "event": "http.request",
        "http_request_method": method,
        "http_route": route,
        "http_response_status_code": status,
    }
