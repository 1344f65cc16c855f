"""One composed stack for all of these tests. They require a Docker engine, so only `make test-compose` runs them."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator

import pytest

from tests.compose import images
from tests.compose.composed import Composed
from tests.compose.engine import Engine, NoEngine, engine, say
from tests.e2e.conftest import request_id

__all__ = ["request_id"]

collect_ignore_glob = [] if os.environ.get("COMPOSE_TESTS") else ["test_*.py"]


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The machine's engine or one that is started for the tests."""
    try:
        with engine(tmp_path_factory.mktemp("engine")) as found:
            yield found
    except NoEngine as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def stack(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """Start all services without generated traffic and wait until they are healthy."""
    real = images.provide(docker)
    composed = Composed.of(docker, tmp_path_factory.mktemp("compose"), f"glasshouse-{uuid.uuid4().hex[:6]}", real)
    started = time.monotonic()
    images.build_ours(docker, composed.folder)
    say(f"our image is built ({time.monotonic() - started:.0f} s)")
    if not real:
        images.build_all(docker, [images.ON_OURS])
    try:
        started = time.monotonic()
        composed.up()
        say(f"all healthy ({time.monotonic() - started:.0f} s after `up`)")
        yield composed
    finally:
        composed.tries("--profile", "*", "down", "--volumes", "--timeout", "10")
