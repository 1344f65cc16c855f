"""The exemplar to show: the one that links to this trace, else the one that replaced it.

A histogram keeps one exemplar per bucket, that of the last request, and Prometheus reads it only at a scrape. On a busy
route the exemplar of a given request is therefore often replaced before it is read, which is not an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from console.servers.jaeger import Span
from console.servers.prometheus import Exemplar
from console.story.model import ExemplarPart
from console.times import rfc3339

METRIC = "http_server_request_duration_seconds_bucket"
SELECTOR = METRIC + '{job="api"}'
_SHOWN_LABELS = ("instance", "http_request_method", "http_route", "http_response_status_code", "le")


def exemplar_part(exemplars: Sequence[Exemplar], trace_id: str, route: tuple[str, str] | None) -> ExemplarPart | None:
    """Return this trace's exemplar, or the newest one of the same method and route, or None.

    If ``route`` is None, only this trace's exemplar is returned, because other routes are not part of the story.
    """
    ours = [exemplar for exemplar in exemplars if exemplar.trace_id == trace_id]
    if ours:
        return _part(ours[-1], is_ours=True)
    others = [exemplar for exemplar in exemplars if exemplar.trace_id and route_of_series(exemplar) == route]
    return _part(others[-1], is_ours=False) if others else None


def route_of_series(exemplar: Exemplar) -> tuple[str, str]:
    """Return method and route template of the exemplar's series."""
    return exemplar.series.get("http_request_method", ""), exemplar.series.get("http_route", "")


def route_of_trace(spans: Sequence[Span]) -> tuple[str, str] | None:
    """Return method and route template of the request that began the trace, if it was a request to the API."""
    for span in sorted(spans, key=lambda span: span.start_us):
        if span.kind == "server" and span.service == "api":
            method, route = span.attributes.get("http.request.method"), span.attributes.get("http.route")
            return (str(method), str(route)) if method and route else None
    return None


def _part(exemplar: Exemplar, *, is_ours: bool) -> ExemplarPart:
    return ExemplarPart(
        is_ours=is_ours,
        trace_id=exemplar.trace_id,
        metric=METRIC,
        labels={name: exemplar.series[name] for name in _SHOWN_LABELS if name in exemplar.series},
        seconds=exemplar.value,
        at=rfc3339(datetime.fromtimestamp(exemplar.at, UTC)),
    )
