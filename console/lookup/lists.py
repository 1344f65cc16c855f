"""Recent, slow and failed requests and jobs, from the log line that each of them writes at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from console.servers.loki import LogLine, Loki
from console.times import rfc3339

KINDS = ("recent", "slow", "failed")
SLOW_SECONDS = 1.0
OVERVIEW_MINUTES = 15
_EACH = '{service_name=~".+", service_name!="console"} | event=~"http.request|rq.job"'
_WHICH = {
    "recent": _EACH,
    "slow": f"{_EACH} | duration_seconds >= {{seconds}}",
    "failed": f'{_EACH} | http_response_status_code >= 500 or outcome =~ "failed|abandoned|retried"',
}


class RequestLists:
    """Reads lists of requests and jobs from the log store."""

    def __init__(self, loki: Loki, now: Callable[[], datetime]) -> None:
        self._loki, self._now = loki, now

    def read(self, kind: str, minutes: int, limit: int, seconds: float = SLOW_SECONDS) -> list[dict[str, Any]]:
        """Return requests and jobs of the last minutes, newest first; the list of slow ones has the slowest first."""
        end = self._now()
        query = query_of(kind, seconds)
        lines = self._loki.newest(query, end - timedelta(minutes=minutes), end + timedelta(seconds=5), limit)
        found = [request_of(line) for line in lines]
        return sorted(found, key=lambda one: -one["seconds"]) if kind == "slow" else found

    def slowest(self, count: int) -> list[dict[str, Any]]:
        """Return the slowest of the last quarter of an hour, each trace once."""
        return list(_once_a_trace(self.read("slow", OVERVIEW_MINUTES, 200, 0.25)))[:count]


def query_of(kind: str, seconds: float = SLOW_SECONDS) -> str:
    """Return the LogQL of a list."""
    return _WHICH[kind].replace("{seconds}", f"{seconds:g}")


def request_of(line: LogLine) -> dict[str, Any]:
    """Return the fields of a request's or job's line that the lists show."""
    fields = line.fields
    is_job = fields.get("event") == "rq.job"
    return {
        "at": rfc3339(_moment(line)),
        "service": line.service,
        "instance": fields.get("service_instance_id", ""),
        "kind": "job" if is_job else "request",
        "method": "JOB" if is_job else fields.get("http_request_method", ""),
        "route": fields.get("job", "") if is_job else fields.get("http_route", ""),
        "status": fields.get("outcome", "") if is_job else fields.get("http_response_status_code", ""),
        "is_failed": fields.get("outcome") in ("failed", "abandoned", "retried")
        or fields.get("http_response_status_code", "").startswith("5"),
        "seconds": _seconds(fields.get("duration_seconds", "")),
        "request_id": fields.get("request_id", ""),
        "trace_id": fields.get("trace_id", ""),
    }


def _once_a_trace(requests: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    seen = set()
    for one in requests:
        key = one["trace_id"] or one["request_id"]
        if key not in seen:
            seen.add(key)
            yield one


def _moment(line: LogLine) -> datetime:
    return datetime.fromtimestamp(line.at_ns / 1e9, UTC)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
