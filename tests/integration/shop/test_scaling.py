"""The data and queries of ``make bench-scaling`` at their smallest size, on a real MongoDB."""

from __future__ import annotations

import uuid

import pytest
from pymongo import MongoClient

from lab.bench.scaling.subjects import Subject, all_subjects
from shop.adapters.mongo import Document


@pytest.mark.parametrize("subject", all_subjects(), ids=lambda subject: subject.name)
def test_every_operation_finds_something(mongo_url: str, subject: Subject) -> None:
    """Every measured operation finds data, because an empty result would not be a measurement."""
    size, database = subject.sizes[0], f"test-{uuid.uuid4().hex[:12]}"
    with MongoClient[Document](mongo_url, tz_aware=True) as client:
        try:
            operations = subject.filled(client, client[database], size)
            found = {name: work() for name, work in operations.items()}
        finally:
            client.drop_database(database)
    found.pop("one observation", None)
    assert found
    assert all(found.values()), found
