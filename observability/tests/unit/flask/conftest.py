"""Each test of this folder runs with sampled and with unsampled requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from library_support.traffic import Traffic, logging_to


@pytest.fixture(params=[True, False], ids=["sampled", "unsampled"])
def traffic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    yield from logging_to(Traffic(request.param), monkeypatch)
