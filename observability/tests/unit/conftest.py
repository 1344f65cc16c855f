"""Fixtures: a new telemetry and a new context for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from glasshouse_observability import Telemetry, TelemetrySettings, context


@pytest.fixture(autouse=True)
def _no_request_before() -> Iterator[None]:
    """Clear the context, because a test of another folder may have left a response, and its request's context, open."""
    token, request_token = otel_context.attach(Context()), context.request_id.set(None)
    yield
    context.request_id.reset(request_token)
    otel_context.detach(token)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def telemetry(exporter: InMemorySpanExporter) -> Telemetry:
    return Telemetry(TelemetrySettings(service="api", instance="api-1", version="1.2.3"), exporter=exporter)
