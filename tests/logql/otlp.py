"""Encode the lines as OTLP, as a Collector sends them."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from tests.logql.lines import Line

NAMES = {"service_name": "service.name"}


def request(lines: Iterable[Line], base: int) -> bytes:
    """Return a protobuf message with all lines. ``base`` is in nanoseconds since the epoch."""
    message = ExportLogsServiceRequest()
    for stream, group in by_stream(lines).items():
        resource = message.resource_logs.add()
        for name, value in stream:
            resource.resource.attributes.append(KeyValue(key=NAMES.get(name, name), value=AnyValue(string_value=value)))
        scope = resource.scope_logs.add()
        for line in group:
            record = scope.log_records.add(time_unix_nano=base + line.after, body=AnyValue(string_value=line.text))
            for name, value in line.metadata.items():
                record.attributes.append(KeyValue(key=name, value=any_value(value)))
    return message.SerializeToString()


def by_stream(lines: Iterable[Line]) -> dict[tuple[tuple[str, str], ...], list[Line]]:
    """Group the lines by the attributes of the resource."""
    found: dict[tuple[tuple[str, str], ...], list[Line]] = {}
    for line in lines:
        found.setdefault(tuple(line.stream.items()), []).append(line)
    return found


def any_value(value: object) -> AnyValue:
    """Return an OTLP value of the type that the value has in YAML."""
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
    return AnyValue(string_value=str(value))
