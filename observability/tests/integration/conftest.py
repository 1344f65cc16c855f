"""Fixtures: real MongoDB and Redis servers, and a port of a stopped one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pymongo import MongoClient

from library_support.ports import free_port
from library_support.servers import Server, program
from library_support.waiting import wait_until


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A replica set of one node."""
    folder, port = tmp_path_factory.mktemp("mongo"), free_port()
    arguments = ["--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1", "--replSet", "rs0"]
    server = Server(
        [program("mongod"), *arguments, "--wiredTigerCacheSizeGB", "0.25", "--nounixsocket"], folder / "mongod.log"
    )
    url = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    with MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=500) as client:
        members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
        configuration = {"_id": "rs0", "members": members}
        wait_until("mongod to accept its replica set", lambda: client.admin.command("replSetInitiate", configuration))
        wait_until("mongod to become primary", lambda: client.admin.command("hello")["isWritablePrimary"])
    yield url
    server.kill()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[tuple[str, Server]]:
    """A Redis server for one test, which can be killed and started again."""
    port = free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = Server([program("redis-server"), *arguments], tmp_path / "redis.log")
    url = f"redis://127.0.0.1:{port}/0"
    with redis.Redis.from_url(url) as client:
        wait_until("redis-server to respond", client.ping)
    yield url, server
    server.kill()
