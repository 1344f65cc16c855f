"""Generated blocks in pages that are otherwise written by hand.

A block is between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``. ``NAME`` is ``settings`` for all of them, or
one of ``settings``, ``metrics``, ``events``, ``fields``, ``attributes`` and an integration, as in ``metrics flask``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from deploy.settings_docs.services import TELEMETRY
from deploy.settings_docs.tables import table as settings_table
from deploy.telemetry_docs import metrics
from deploy.telemetry_docs.page import library_schema, schema

BEGIN = re.compile(r"<!-- (?P<name>[a-z -]+): begin -->\n")
BLOCK = re.compile(r"<!-- (?P<name>[a-z -]+): begin -->\n.*?<!-- (?P=name): end -->\n", re.DOTALL)
LIBRARY = "observability/src/glasshouse_observability/"
MODULES: dict[str, tuple[str, ...]] = {
    "logs": ("logs/",),
    "telemetry": ("telemetry.py", "swallowed.py", "traces/", "metrics/"),
    "flask": ("flask/",),
    "rq": ("rq/",),
    "mongo": ("mongo/", "database.py"),
    "redis": ("redis/", "database.py"),
    "requests": ("requests/",),
}
"""The modules, by integration, that declare its metrics."""
SPANS = (
    "OBSERVABILITY_TRACES_PER_SECOND",
    "OBSERVABILITY_TRACE_RATIO",
    "OBSERVABILITY_SLOW_SECONDS",
    "OTEL_TRACES_SAMPLER",
)
SETTINGS: dict[str, tuple[str, ...]] = {
    "logs": (
        "OBSERVABILITY_LOG_LEVEL",
        "OBSERVABILITY_LOG_FILE",
        "OBSERVABILITY_LOG_TAKE_OVER",
        "OBSERVABILITY_REDACT",
    ),
    "gunicorn": ("OBSERVABILITY_METRICS_HOST", "OBSERVABILITY_METRICS_PORT"),
    "flask": (*SPANS, "OTEL_PYTHON_FLASK_EXCLUDED_URLS", "OTEL_PROPAGATORS", "OBSERVABILITY_LABEL_VALUES"),
    "rq": (*SPANS, "OTEL_SERVICE_NAME", "OBSERVABILITY_METRICS_PORT", "OBSERVABILITY_LABEL_VALUES"),
    "mongo": ("OBSERVABILITY_LABEL_VALUES",),
    "redis": ("OBSERVABILITY_LABEL_VALUES",),
    "requests": ("OTEL_PROPAGATORS", "OBSERVABILITY_REDACT", "OBSERVABILITY_LABEL_VALUES"),
}
"""The settings, by integration, that change what it does."""
SHARED: dict[str, tuple[str, ...]] = {
    "fields rq": ("duration_seconds", "request_id", "trace_sampled", "sampling_reason"),
    "attributes flask": ("server.address", "server.port"),
    "attributes rq": (
        "error.type",
        "exception.escaped",
        "exception.message",
        "exception.stacktrace",
        "exception.type",
        "sampling.reason",
    ),
    "attributes mongo": ("error.type",),
    "attributes redis": (
        "db.namespace",
        "db.operation.name",
        "db.system.name",
        "error.type",
        "server.address",
        "server.port",
    ),
    "attributes requests": (
        "error.type",
        "http.request.method",
        "http.request.method_original",
        "http.response.status_code",
        "server.address",
        "server.port",
    ),
}
"""What an integration also emits, by block; the schema declares each name once, at the first integration with it."""
HEADS = {
    "events": ("event", "emitted by", "meaning"),
    "fields": ("field", "meaning"),
    "attributes": ("attribute", "source", "meaning"),
}


def filled(text: str) -> str:
    """Return a page with the current content of its blocks.

    Raises:
        ValueError: a block has no end, or there is no such block.
    """
    blocks = {found["name"] for found in BLOCK.finditer(text)}
    if missing := {found["name"] for found in BEGIN.finditer(text)} - blocks:
        raise ValueError(f"no end of the block {', '.join(sorted(missing))}")

    def content(found: re.Match[str]) -> str:
        name = found["name"]
        return f"<!-- {name}: begin -->\n\n{block(name)}\n<!-- {name}: end -->\n"

    return BLOCK.sub(content, text)


def block(name: str) -> str:
    """Return the table of that name.

    Raises:
        ValueError: there is no such table, or it would be empty.
    """
    if name == "settings":
        return settings_table(TELEMETRY.declared().values()) + "\n"
    kind, _, integration = name.partition(" ")
    if kind == "settings" and integration in SETTINGS:
        declared = TELEMETRY.declared()
        return settings_table(declared[one] for one in SETTINGS[integration]) + "\n"
    if kind == "metrics" and integration in MODULES:
        rows: list[Sequence[str]] = list(_metrics(MODULES[integration]))
        head: Sequence[str] = ("metric", "type", "labels", "meaning")
    elif kind in HEADS and integration in library_schema():
        head, rows = HEADS[kind], list(_declared(kind, integration))
    else:
        raise ValueError(f"there is no block {name}")
    if not rows:
        raise ValueError(f"the block {name} is empty")
    return _table(head, rows)


def _metrics(modules: tuple[str, ...]) -> Iterable[Sequence[str]]:
    for one in metrics.declared():
        if one.file.removeprefix(LIBRARY).startswith(modules) and one.file.startswith(LIBRARY):
            yield f"`{one.name}`", one.type, ", ".join(f"`{label}`" for label in one.labels), one.help


def _declared(kind: str, integration: str) -> Iterable[Sequence[str]]:
    names = dict(library_schema()[integration].get(kind, {}))
    names |= {name: schema()[kind][name] for name in SHARED.get(f"{kind} {integration}", ())}
    for name, meaning in sorted(names.items()) if kind == "attributes" else names.items():
        yield f"`{name}`", *([meaning] if isinstance(meaning, str) else meaning)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["--"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)
