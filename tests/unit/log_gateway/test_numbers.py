"""Marks on values that VictoriaLogs would change."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from log_gateway.store.numbers import marked, unmarked
from log_gateway.writing.batch import WrongBatch, prepared

MOST = 10_000


@pytest.mark.parametrize(
    "text", ["1.10", "0.014366", "-2.50", "1_000", "-0", "10.0.00.1", "007", "1.5e0", "1e0", "3.11.7"]
)
def test_values_that_the_store_would_change_get_a_mark(text: str) -> None:
    """Values that the store would change are marked, including values that already look marked."""
    assert marked(text) == f"{text}e0"


@pytest.mark.parametrize(
    "text", ["", "0", "42", "-7", "10.0.0.1", "abc", "1.5s", "1e3", "2026-11-27T20:00:00.100Z", "e0"]
)
def test_others_stay(text: str) -> None:
    """Whole numbers, addresses, times and words are stored exactly and are not marked."""
    assert marked(text) == text


@given(st.one_of(st.text(max_size=12), st.text(alphabet="0123456789._-e", max_size=12), st.floats().map(repr)))
def test_what_was_marked_comes_back(text: str) -> None:
    """Any value is the same after marking and unmarking."""
    assert unmarked(marked(text)) == text


def _request() -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    logs.resource.attributes.add(key="service.name").value.string_value = "1.10"
    logs.resource.attributes.add(key="service.version").value.string_value = "1.10"
    record = logs.scope_logs.add().log_records.add()
    record.body.string_value = "2.50"
    record.attributes.add(key="seconds").value.double_value = 0.5
    record.attributes.add(key="whole").value.double_value = 3.0
    record.attributes.add(key="count").value.int_value = 7
    nested = record.attributes.add(key="nested").value.kvlist_value.values.add(key="price")
    nested.value.string_value = "9.90"
    return request


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_batch(encoding: str) -> None:
    """In a batch all fields except stream fields are marked if necessary, and doubles in their text form."""
    body = _request().SerializeToString()
    sent = gzip.compress(body) if encoding else body
    stored = ExportLogsServiceRequest.FromString(prepared(sent, encoding, ("service.name", "level"), MOST))
    resource = {one.key: one.value.string_value for one in stored.resource_logs[0].resource.attributes}
    assert resource == {"service.name": "1.10", "service.version": "1.10e0"}
    record = stored.resource_logs[0].scope_logs[0].log_records[0]
    assert record.body.string_value == "2.50e0"
    values = {one.key: one.value for one in record.attributes}
    assert values["seconds"].string_value == "0.5e0"
    assert values["whole"].double_value == 3.0
    assert values["count"].int_value == 7
    assert values["nested"].kvlist_value.values[0].value.string_value == "9.90e0"


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"\xff\xff", "", 400),
        (b"not gzip", "gzip", 400),
        (b"", "zstd", 415),
        (gzip.compress(bytes(MOST + 1)), "gzip", 413),
    ],
)
def test_a_batch_that_cannot_be_read(body: bytes, encoding: str, status: int) -> None:
    """A batch that cannot be read is refused, and a gzip bomb is not decompressed beyond the limit."""
    with pytest.raises(WrongBatch) as caught:
        prepared(body, encoding, (), MOST)
    assert caught.value.status == status
