"""Prepare an OTLP batch for storage by marking values that the store would change."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from decimal import Decimal

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from log_gateway.store.numbers import marked, needs_mark

_FIRST = frozenset("-0123456789._")


class WrongBatch(ValueError):
    """The batch cannot be stored for the reason in the message. ``status`` is the HTTP status of the response."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


def prepared(body: bytes, encoding: str, stream_fields: Iterable[str], most: int) -> bytes:
    """Return the batch with marks. Raises ``WrongBatch``, also if it exceeds ``most`` bytes when decompressed.

    Stream fields (of the resource) are not marked, because the store keeps them as text.
    """
    request = ExportLogsServiceRequest()
    try:
        request.ParseFromString(_unpacked(body, encoding, most))
    except DecodeError as error:
        raise WrongBatch("the body is not an ExportLogsServiceRequest in protobuf") from error
    kept = frozenset(stream_fields)
    for resource_logs in request.resource_logs:
        _mark(attribute for attribute in resource_logs.resource.attributes if attribute.key not in kept)
        for scope_logs in resource_logs.scope_logs:
            _mark(scope_logs.scope.attributes)
            for record in scope_logs.log_records:
                _mark(record.attributes)
                _mark_value(record.body)
    return bytes(request.SerializeToString())


def _unpacked(body: bytes, encoding: str, most: int) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise WrongBatch(f"Content-Encoding {encoding!r} is not supported: send gzip or none", 415)
    try:
        unpacker = zlib.decompressobj(wbits=31)
        content = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise WrongBatch("the body is not valid gzip") from error
    if len(content) > most:
        raise WrongBatch(f"a batch may have at most {most} bytes when decompressed", 413)
    return content


def _mark(attributes: Iterable[KeyValue]) -> None:
    for attribute in attributes:
        _mark_value(attribute.value)


def _mark_value(value: AnyValue) -> None:
    if text := value.string_value:
        # Most values are words, for which the first character is enough to decide.
        if text[0] in _FIRST and needs_mark(text):
            value.string_value = marked(text)
        return
    match value.WhichOneof("value"):
        case "double_value":
            text = _decimal(value.double_value)
            if needs_mark(text):
                value.string_value = marked(text)
        case "kvlist_value":
            _mark(value.kvlist_value.values)


def _decimal(number: float) -> str:
    """Format a double like the store and Loki: the shortest form without an exponent."""
    text = repr(number)
    return format(Decimal(text), "f").removesuffix(".0") if text[-1].isdigit() else text
