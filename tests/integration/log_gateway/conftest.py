"""A store and a gateway for the whole test run; each test uses its own service name to separate its lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.logql.conformance")

from tests.integration.log_gateway.gateway import running  # noqa: E402
from tests.integration.log_gateway.victorialogs import VictoriaLogs  # noqa: E402
from tests.logql.runner import LogStore  # noqa: E402


@pytest.fixture(scope="session")
def victorialogs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaLogs]:
    """A VictoriaLogs server that runs for the whole test run."""
    server = VictoriaLogs(tmp_path_factory.mktemp("victorialogs"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def written_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaLogs]:
    """Return the VictoriaLogs of ``log_store``."""
    server = VictoriaLogs(tmp_path_factory.mktemp("written-store"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def log_store(written_store: VictoriaLogs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogStore]:
    """Return a gateway with a separate VictoriaLogs, which contains only the written lines."""
    with running(tmp_path_factory.mktemp("log-store"), written_store.url) as http:
        store = LogStore(http, alone=True, loki=False)
        store.fill()
        yield store
