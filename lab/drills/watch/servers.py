"""The real servers of an instance, asked over HTTP."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import requests

from lab.clients.instance import DrillFailed, Instance
from lab.drills.interfaces import AlertState, Message, NoAnswer
from lab.drills.spec.model import SpanWanted

SECONDS = 5.0
STATUS_EVERY_SECONDS = 10.0
PAGE = 1000
TRACES = 50


class RealClock:
    """The time of this machine."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


class Servers:
    """``lab.drills.interfaces.Observatory`` over HTTP, on loopback: proxies of the environment are not for it."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._urls = {name: instance.url(name) for name in ("prometheus", "console", "loki", "jaeger", "nginx")}
        self._session = requests.Session()
        self._session.trust_env = False

    def alerts(self) -> list[AlertState]:
        """Prometheus' ``/api/v1/alerts``."""
        found = self._get("prometheus", "/api/v1/alerts")["data"]["alerts"]
        return [
            AlertState(one["labels"]["alertname"], one["state"], _epoch(one["activeAt"]), one["labels"])
            for one in found
        ]

    def messages(self, after: int) -> list[Message]:
        """The console's inbox. It shows the newest 1,000: look more often than so many arrive."""
        items = self._get("console", "/api/inbox", since=after, limit=PAGE)["items"]
        return [Message(one["id"], _epoch(one["received_at"]), one["kind"], one) for one in reversed(items)]

    def newest_message(self) -> int:
        """Its id."""
        items = self._get("console", "/api/inbox", limit=1)["items"]
        return int(items[0]["id"]) if items else 0

    def log_lines(self, query: str, start: float, end: float) -> int:
        """Loki's ``query_range``."""
        asked = {"query": query, "start": _ns(start), "end": _ns(end), "limit": 100}
        streams = self._get("loki", "/loki/api/v1/query_range", **asked)["data"]["result"]
        return sum(len(stream["values"]) for stream in streams)

    def has_span(self, wanted: SpanWanted, start: float, end: float) -> bool:
        """Jaeger's ``/api/traces``; it looks for what it can, the rest is looked for in what it gives."""
        asked: dict[str, Any] = {
            "service": wanted.service, "start": int(start * 1e6), "end": int(end * 1e6), "limit": TRACES,
        }  # fmt: skip
        own = wanted.of in (None, wanted.service)
        if own and wanted.longer_than:
            asked["minDuration"] = f"{int(wanted.longer_than * 1000)}ms"
        if own and wanted.failed:
            asked["tags"] = json.dumps({"error": "true"})
        traces = self._get("jaeger", "/api/traces", **asked)["data"] or []
        return any(fits(wanted, trace) for trace in traces)

    def values(self, query: str) -> list[float]:
        """Prometheus' ``/api/v1/query``."""
        found = self._get("prometheus", "/api/v1/query", query=query)["data"]["result"]
        return [float(series["value"][1]) for series in found]

    def busy(self) -> float:
        """The load average over the cores."""
        return os.getloadavg()[0] / (os.cpu_count() or 1)

    def unhealthy(self) -> Sequence[str]:
        """Components that do not run, and a front door that is not ready."""
        try:
            rows = self._instance.status()
        except DrillFailed as error:
            return [str(error)]
        wrong = [f"{name} is {row['state']}" for name, row in rows.items() if row["state"] != "running"]
        try:
            self._get("nginx", "/readyz")
        except NoAnswer as error:
            wrong.append(str(error))
        return wrong

    def _get(self, server: str, path: str, **query: Any) -> dict[str, Any]:
        try:
            answer = self._session.get(f"{self._urls[server]}{path}", params=query, timeout=SECONDS)
            answer.raise_for_status()
            content: dict[str, Any] = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise NoAnswer(f"{server} does not answer {path} ({type(error).__name__})") from error
        return content


def fits(wanted: SpanWanted, trace: Mapping[str, Any]) -> bool:
    """Whether one span of a trace of Jaeger's answer is the wanted one."""
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
    # Go writes nanoseconds, which Python 3.11 takes and cuts.
    return datetime.fromisoformat(text).timestamp()


def _ns(at: float) -> str:
    return str(int(at * 1e9))
