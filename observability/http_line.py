"""The one log line of a request.

Most lines of one route and status differ in five values only, so what they share is encoded once and these are filled
in: half the time of building and encoding the fields anew. What is rare (a request that failed, was slow, or is of a
route nobody declared) and what somebody else's handler or filter is to see goes the usual way, with the same fields.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from observability.logs import JsonFormatter, log_line, only_ours
from observability.sampling import Late

_log = logging.getLogger("http.request")
_NO_PATTERN = (None, None)


class RequestLines:
    """Writes them; keeps a pattern for each method, route and status that ``is_known``, which are bounded."""

    def __init__(self, is_known: Callable[[str, str, int], bool]) -> None:
        self._is_known = is_known
        self._traced: dict[tuple[str, str, int], tuple[JsonFormatter, str]] = {}
        self._untraced: dict[tuple[str, str, int], tuple[JsonFormatter, str]] = {}

    def write(
        self,
        what: tuple[str, str, int],
        seconds: float,
        ids: tuple[str, str, str],
        traced: bool,
        reason: Late | None,
        notes: Mapping[str, Any],
    ) -> None:
        """One line: ``what``: method, route, status; ``ids``: of the request, and of trace and span or ``""``."""
        status = what[2]
        level = logging.ERROR if status >= 500 else logging.INFO
        if status < 500 and reason is None and ids[1] and _log.isEnabledFor(level) and (quick := only_ours(_log)):
            formatter, handlers = quick
            made_by, pattern = (self._traced if traced else self._untraced).get(what, _NO_PATTERN)
            if made_by is not formatter:
                pattern = self._new_pattern(formatter, what, traced)
            if pattern:
                more = f",{orjson.dumps(notes)[1:-1].decode()}" if notes else ""
                line = (pattern % (formatter.moment(time.time()), seconds, *ids, more)).encode()
                for handler in handlers:
                    handler.write_line(line)
                return
        fields: dict[str, Any] = {
            **_shared(*what),
            # As ``round(seconds, 6)``, at a tenth of its cost.
            "duration_seconds": int(seconds * 1e6 + 0.5) / 1e6,
            "request_id": ids[0],
            **notes,
        }
        if ids[1]:
            fields["trace_id"], fields["span_id"] = ids[1:]
            if not traced:
                fields["trace_sampled"] = False
        if reason is not None:
            fields["sampling_reason"] = reason.value
        log_line(_log, level, _message(*what), fields)

    def _new_pattern(self, formatter: JsonFormatter, what: tuple[str, str, int], traced: bool) -> str | None:
        if not self._is_known(*what):
            return None
        shared = formatter.shared(logging.INFO, _log.name, _message(*what), _shared(*what)).replace("%", "%%")
        unsampled = "" if traced else ',"trace_sampled":false'
        values = f'"duration_seconds":%.6f,"request_id":"%s","trace_id":"%s","span_id":"%s"{unsampled}%s'
        pattern = f'{{"timestamp":"%s",{shared},{values}}}\n'
        (self._traced if traced else self._untraced)[what] = formatter, pattern
        return pattern


def _message(method: str, route: str, status: int) -> str:
    return f"{method} {route} {status}"


def _shared(method: str, route: str, status: int) -> dict[str, Any]:
    return {
        "event": "http.request",
        "http_request_method": method,
        "http_route": route,
        "http_response_status_code": status,
    }
