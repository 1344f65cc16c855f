"""Loki in the composed stack, or its stand-in if no image can be pulled, passes the conformance tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compose.composed import INTERNAL, Composed
from tests.compose.engine import say
from tests.compose.relay import relay
from tests.logql.conformance import *  # noqa: F403
from tests.logql.runner import LogStore


@pytest.fixture(scope="module")
def log_store(stack: Composed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogStore]:
    """The service `loki` with the test lines in addition to those of the running stack."""
    if stack.real_images:
        say("the conformance queries run against the REAL LOKI image")
    else:
        say("the REAL LOKI WAS NOT AVAILABLE: the conformance queries run against its stand-in, which is")
        say("  VictoriaLogs with the log gateway; if images can be pulled, this test runs them against Loki")
    with relay(stack, INTERNAL["loki"], tmp_path_factory.mktemp("relay") / "relay.log") as http:
        store = LogStore(http, alone=False, loki=stack.real_images)
        store.fill()
        yield store
