"""A Redis server for all tests of RQ, and a queue with its workers for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from library_support.ports import free_port
from library_support.rq_bench import RqBench
from library_support.servers import Server, program
from library_support.waiting import wait_until


@pytest.fixture(scope="session")
def rq_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis server; each test empties it."""
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = Server(command, folder / "redis.log")
    url = f"redis://127.0.0.1:{port}/0"
    with redis.Redis.from_url(url) as client:
        wait_until("redis-server to respond", client.ping)
    yield url
    server.kill()


@pytest.fixture(params=[True, False], ids=["sampled", "unsampled"])
def bench(request: pytest.FixtureRequest, rq_redis: str) -> Iterator[RqBench]:
    bench = RqBench(rq_redis, request.param)
    yield bench
    bench.close()
