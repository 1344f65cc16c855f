"""Convert results to Loki's JSON responses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import orjson
from werkzeug.wrappers import Response

from log_gateway.evaluation.categories import CategorizedLine
from log_gateway.evaluation.results import ScalarResult, Series, Stream, VectorResult
from log_gateway.source import Labels

SECOND = 1_000_000_000
CATEGORIZE = "categorize-labels"
"""The encoding flag that Grafana sends in the header ``X-Loki-Response-Encoding-Flags``."""


def success(data: Any) -> Response:
    """Return ``data`` as a successful response."""
    return Response(dumped({"status": "success", "data": data}), mimetype="application/json")


def dumped(content: Any) -> bytes:
    """Return JSON. A lone surrogate, which a template can produce, becomes a question mark."""
    try:
        return orjson.dumps(content)
    except TypeError:
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def streams(found: Iterable[Stream]) -> dict[str, Any]:
    """Return lines grouped by their labels."""
    return _result(
        "streams",
        [
            {"stream": dict(stream.labels), "values": [[str(at), line] for at, line in stream.entries]}
            for stream in found
        ],
    )


def categorized(found: Iterable[tuple[Labels, Iterable[CategorizedLine]]]) -> dict[str, Any]:
    """Return lines grouped by their stream labels. The other labels are attached to each line."""
    result = _result(
        "streams",
        [
            {"stream": dict(labels), "values": [[str(one.timestamp), one.line, _categories(one)] for one in lines]}
            for labels, lines in found
        ],
    )
    return result | {"encodingFlags": [CATEGORIZE]}


def _categories(line: CategorizedLine) -> dict[str, Any]:
    found = {"structuredMetadata": line.metadata, "parsed": line.parsed}
    return {name: labels for name, labels in found.items() if labels}


def matrix(found: Iterable[Series]) -> dict[str, Any]:
    """Return series of points. Times are converted from nanoseconds to seconds."""
    series = [
        {"metric": dict(one.labels), "values": [[_seconds(at), number(value)] for at, value in one.points]}
        for one in found
    ]
    return _result("matrix", series)


def vector_or_scalar(found: VectorResult | ScalarResult) -> dict[str, Any]:
    """Return the result of an instant query."""
    if isinstance(found, ScalarResult):
        return _result("scalar", [_seconds(found.timestamp), number(found.value)])
    return vector([(sample.labels, sample.value) for sample in found.samples], found.timestamp)


def vector(found: Sequence[tuple[Labels, float]], at: int) -> dict[str, Any]:
    """Return one value for each series."""
    return _result(
        "vector", [{"metric": dict(labels), "value": [_seconds(at), number(value)]} for labels, value in found]
    )


def number(value: float) -> str:
    """Format a number as Loki does: the shortest digits that identify it, without an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _seconds(at: int) -> float | int:
    return at // SECOND if at % SECOND == 0 else round(at / SECOND, 3)


def _result(kind: str, result: Any) -> dict[str, Any]:
    return {"resultType": kind, "result": result, "stats": {}}
