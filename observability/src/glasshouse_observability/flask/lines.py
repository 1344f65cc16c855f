"""The log line of a request.

Most lines of one route and status differ in a few fields only. The common fields are encoded once and cached. The rest
is encoded for each line by the same encoder, so no value can break the JSON. If a handler or filter of other code must
see the line, it goes through ``logging`` with the same fields.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from glasshouse_observability.exceptions import exception_fields
from glasshouse_observability.flask.attributes import LONGEST, OTHER_METHOD
from glasshouse_observability.flask.spans import Outcome
from glasshouse_observability.logs.formatter import JsonFormatter, direct_handlers
from glasshouse_observability.safe import safe_text
from glasshouse_observability.traces.sampling import Late

if TYPE_CHECKING:
    from glasshouse_observability.flask.exchange import Exchange

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
        exchange: Exchange,
        what: tuple[str, str, int],
        seconds: float,
        traced: bool,
        reason: Late | None,
        outcome: Outcome | None,
    ) -> None:
        """Write the line of a request that has ended.

        Args:
            exchange: the request.
            what: its method, route and status.
            seconds: its duration.
            traced: whether its span is exported.
            reason: why it has a late span.
            outcome: its outcome; ``None`` if it succeeded and has no span.
        """
        failed = outcome is not None and outcome.failed
        level = logging.ERROR if failed else logging.INFO
        if not _log.isEnabledFor(level):
            return
        span = exchange.span
        fields: dict[str, Any] = {
            # The same as ``round(seconds, 6)``, at a tenth of the cost.
            "duration_seconds": int(seconds * 1e6 + 0.5) / 1e6,
            "request_id": exchange.request_id,
            "trace_id": span.trace_id,
            "span_id": span.span_id,
        }
        if not traced:
            fields["trace_sampled"] = False
        if reason is not None:
            fields["sampling_reason"] = reason.value
        unlogged: BaseException | None = None
        if outcome is not None and failed:
            fields["error_type"] = outcome.error_type
            # Flask logs the exceptions that it answers with 500, with their traceback. The line has those of others.
            unlogged = None if outcome.failure is None else outcome.failure.error
        if what[0] == OTHER_METHOD:
            fields["http_request_method_original"] = safe_text(exchange.environ.get("REQUEST_METHOD"))[:LONGEST]
        direct = direct_handlers(_log)
        if direct is None:
            self._log_record(level, what, {**fields, **exchange.notes}, unlogged)
            return
        formatter, handlers = direct
        encoded_by, head = self._heads.get(what, _NO_HEAD)
        # A response that broke off has another level than others of its status.
        if encoded_by is not formatter or (failed and what[2] < 500):
            head = self._new_head(formatter, level, what)
        notes = exchange.notes
        if unlogged is not None:
            # Like notes, texts of the application are searched for secrets.
            notes = {**notes, **exception_fields(unlogged, unlogged.__traceback__)[0]}
        line = formatter.complete(time.time(), head, fields, notes)
        for handler in handlers:
            handler.write_line(line)

    def _new_head(self, formatter: JsonFormatter, level: int, what: tuple[str, str, int]) -> bytes:
        head = formatter.head(level, _log.name, _message(*what), _shared(*what))
        if self._is_known(*what) and (level == logging.INFO) == (what[2] < 500):
            self._heads[what] = formatter, head
        return head

    def _log_record(
        self, level: int, what: tuple[str, str, int], fields: dict[str, Any], error: BaseException | None
    ) -> None:
        # Not ``_log.log``, which would look up the caller; no field contains it.
        exc_info = None if error is None else (type(error), error, error.__traceback__)
        record = logging.LogRecord(_log.name, level, "", 0, _message(*what), None, exc_info)
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
