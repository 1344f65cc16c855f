"""Loki's query interface: log lines of a time range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.servers.http import JsonServer
from console.times import rfc3339

MAX_LINES = 1_000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; ``at_ns`` is ns since the epoch, ``fields`` are index labels and structured metadata together."""

    at_ns: int
    message: str
    fields: Mapping[str, str]

    @property
    def service(self) -> str:
        """The service that wrote it."""
        return self.fields.get("service_name", "?")

    @property
    def level(self) -> str:
        """INFO, ERROR, …; empty if it is not known."""
        return (self.fields.get("level") or self.fields.get("severity_text") or "").upper()

    @property
    def span_id(self) -> str | None:
        """The span in which it was written."""
        return self.fields.get("span_id") or None


class Loki:
    """Reads log lines."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server

    def lines(self, query: str, start: datetime, end: datetime) -> list[LogLine]:
        """Return the lines that match a LogQL query, oldest first, at most ``MAX_LINES``."""
        asked = {
            "query": query,
            "start": rfc3339(start),
            "end": rfc3339(end),
            "limit": MAX_LINES,
            "direction": "forward",
        }
        return self._server.get("/loki/api/v1/query_range", asked, lines_of)

    def newest(self, query: str, start: datetime, end: datetime, limit: int) -> list[LogLine]:
        """Return the last ``limit`` lines that match, newest first."""
        asked = {"query": query, "start": rfc3339(start), "end": rfc3339(end), "limit": limit, "direction": "backward"}
        return self._server.get("/loki/api/v1/query_range", asked, lines_of)[::-1]


def lines_of(answer: Mapping[str, Any]) -> list[LogLine]:
    """Return the lines in Loki's response, which groups them by labels and metadata, in chronological order."""
    lines = [
        LogLine(int(value[0]), str(value[1]), {**stream["stream"], **_metadata(value)})
        for stream in answer["data"]["result"]
        for value in stream["values"]
    ]
    return sorted(lines, key=lambda line: line.at_ns)


def _metadata(value: list[Any]) -> Mapping[str, str]:
    """Return the metadata next to a line; it is empty if the response has the metadata among the labels."""
    extra = value[2] if len(value) > 2 else {}
    return {**(extra.get("structuredMetadata") or {}), **(extra.get("parsed") or {})}


def by_fields(values: Mapping[str, str]) -> str:
    """Return the LogQL query for the lines of all services that have one of the values; empty values are omitted."""
    return '{service_name=~".+"} | ' + " or ".join(f"{name}={quoted(value)}" for name, value in values.items() if value)


def quoted(text: str) -> str:
    """Return ``text`` as a LogQL string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
