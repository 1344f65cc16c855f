"""HTTP clients of the stack's servers for drills."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lab.clients.errors import NoAnswer, RunFailed
from lab.clients.http import JsonServer
from lab.clients.jaeger import Jaeger
from lab.clients.loki import Loki
from lab.clients.prometheus import Prometheus
from lab.clients.running_stack import RunningStack
from lab.drills.interfaces import AlertState, Message
from lab.drills.spec.model import SpanWanted

SECONDS = 5.0
PAGE = 1000


class RealClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


class Servers:
    """``lab.drills.interfaces.Observatory`` over HTTP."""

    def __init__(self, instance: RunningStack) -> None:
        self._instance = instance
        self._prometheus = Prometheus(instance.url("prometheus"), SECONDS)
        self._loki = Loki(instance.url("loki"), SECONDS)
        self._jaeger = Jaeger(instance.url("jaeger"), SECONDS)
        self._console = JsonServer("console", instance.url("console"), SECONDS)
        self._front_door = JsonServer("nginx", instance.url("nginx"), SECONDS)

    def alerts(self) -> list[AlertState]:
        """Return pending and firing alerts, from Prometheus."""
        return [
            AlertState(one["labels"]["alertname"], one["state"], _epoch(one["activeAt"]), one["labels"])
            for one in self._prometheus.alerts()
        ]

    def messages(self, after: int) -> list[Message]:
        """Return the console's inbox items after this id: the newest 1,000, so poll before that many can arrive."""
        items = self._console.get("/api/inbox", since=after, limit=PAGE)["items"]
        return [Message(one["id"], _epoch(one["received_at"]), one["kind"], one) for one in reversed(items)]

    def newest_message(self) -> int:
        """Return the id of the newest message; 0 if there is none."""
        items = self._console.get("/api/inbox", limit=1)["items"]
        return int(items[0]["id"]) if items else 0

    def log_lines(self, query: str, start: float, end: float) -> int:
        """Return the number of matching lines in the log store."""
        return self._loki.count_lines(query, start, end)

    def has_span(self, wanted: SpanWanted, start: float, end: float) -> bool:
        """Return whether Jaeger has a matching span. Jaeger's search selects traces; other conditions apply here."""
        own = wanted.of in (None, wanted.service)
        traces = self._jaeger.traces(
            wanted.service,
            start,
            end,
            longer_than=wanted.longer_than if own else None,
            failed=bool(own and wanted.failed),
        )
        return any(fits(wanted, trace) for trace in traces)

    def values(self, query: str) -> list[float]:
        """Return the values of an instant query to Prometheus."""
        return self._prometheus.values(query)

    def busy(self) -> float:
        """Return the load average per core."""
        return os.getloadavg()[0] / (os.cpu_count() or 1)

    def unhealthy(self) -> Sequence[str]:
        """Return components that are not running, and NGINX if it is not ready."""
        try:
            rows = self._instance.status()
        except RunFailed as error:
            return [str(error)]
        wrong = [f"{name} is {row['state']}" for name, row in rows.items() if row["state"] != "running"]
        try:
            self._front_door.get("/readyz")
        except NoAnswer as error:
            wrong.append(str(error))
        return wrong


def fits(wanted: SpanWanted, trace: Mapping[str, Any]) -> bool:
    """Return whether one span of a trace in Jaeger's response matches."""
    return any(_fits(wanted, span, trace["processes"]) for span in trace["spans"])


def _fits(wanted: SpanWanted, span: Mapping[str, Any], processes: Mapping[str, Any]) -> bool:
    tags = {tag["key"]: tag.get("value") for tag in span.get("tags", ())}
    service = processes.get(span["processID"], {}).get("serviceName")
    failed = tags.get("error") is True or tags.get("otel.status_code") == "ERROR"
    return (
        service == (wanted.of or wanted.service)
        and (wanted.name is None or re.search(wanted.name, span["operationName"]) is not None)
        and (wanted.longer_than is None or span["duration"] >= wanted.longer_than * 1e6)
        and (wanted.failed is None or wanted.failed == failed)
        and all(
            name in tags and re.search(form, str(tags[name])) is not None for name, form in wanted.attributes.items()
        )
    )


def _epoch(text: str) -> float:
    # Go writes nanoseconds; Python 3.11 accepts and truncates them.
    return datetime.fromisoformat(text).timestamp()
