"""The user's filters as a LogQL query. Text is always quoted."""

from __future__ import annotations

from console.servers.loki import quoted

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def query_of(service: str = "", level: str = "", text: str = "", event: str = "", identity: str = "") -> str:
    """Return the query; an empty filter matches every line, ``level`` is the lowest level that is shown."""
    at_least = LEVELS[LEVELS.index(level) :] if level in LEVELS else ()
    selectors = [f"service_name={quoted(service)}" if service else 'service_name=~".+"']
    if at_least and level != LEVELS[0]:
        selectors.append(f"level=~{quoted('|'.join((*at_least, 'UNKNOWN')))}")
    query = "{" + ", ".join(selectors) + "}"
    if text:
        query += f" |~ {quoted('(?i)' + _literally(text))}"
    if event:
        query += f" | event={quoted(event)}"
    if identity:
        fields = ("request_id", "trace_id", "order_id")
        query += " | " + " or ".join(f"{field}={quoted(identity)}" for field in fields)
    return query


def _literally(text: str) -> str:
    """Return a text as a literal RE2 expression."""
    return "".join(char if char.isalnum() or char in " _" else f"\\x{{{ord(char):x}}}" for char in text)
