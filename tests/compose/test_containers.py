"""The engine reports the expected privileges, networks and limits of the running containers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.compose.composed import ONE_SHOT, Composed
from tests.waiting import wait_until

STORES = {"mongo": 27017, "redis": 6379, "prometheus": 9090, "loki": 3100, "jaeger": 16686, "alertmanager": 9093,
          "collector": 4318, "payments": 8100}  # fmt: skip
CONNECT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def tried(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 3).close()
    except OSError as error:
        return f"no: {error}"
    return "connected"

with ThreadPoolExecutor(16) as pool:
    print(json.dumps(dict(zip(sys.argv[1:], pool.map(tried, sys.argv[1:])))))
"""
"""A program that connects to all addresses concurrently and prints the results."""


@pytest.fixture(scope="module")
def inspected(stack: Composed) -> dict[str, dict[str, Any]]:
    """The result of `docker inspect` by container name."""
    ids = [row["ID"] for row in stack.containers()]
    found = json.loads(stack.engine.docker("inspect", *ids))
    return {one["Name"].removeprefix(f"/{stack.project}-"): one for one in found}


def test_all_are_healthy(stack: Composed) -> None:
    """Every permanent container is running and healthy, and every one-shot container has exited with success."""
    rows = stack.containers()
    assert rows
    for row in rows:
        if row["Service"] in ONE_SHOT:
            assert (row["State"], row["ExitCode"]) == ("exited", 0), row
        else:
            health = "" if row["Service"] == "ready" else "healthy"
            assert (row["State"], row["Health"]) == ("running", health), row


def test_none_is_root(inspected: dict[str, dict[str, Any]], stack: Composed) -> None:
    """No container runs as root, according to its configuration and its running processes."""
    for name, one in inspected.items():
        assert one["Config"]["User"].split(":")[0] not in ("", "0", "root"), name
        if one["State"]["Running"]:
            listed = stack.engine.docker("top", one["Id"], "-o", "pid,uid,args").splitlines()[1:]
            assert listed, name
            assert all(line.split()[1] != "0" for line in listed), (name, listed)


def test_none_may_more_than_it_needs(inspected: dict[str, dict[str, Any]]) -> None:
    """Containers have no capabilities or new privileges, a read-only root, and limits of memory, CPU and processes."""
    for name, one in inspected.items():
        host = one["HostConfig"]
        assert not host["Privileged"], name
        assert not host["CapAdd"], name
        assert [capability.upper() for capability in host["CapDrop"]] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["ReadonlyRootfs"], name
        assert host["Memory"] > 0, name
        assert host["NanoCpus"] > 0, name
        assert host["PidsLimit"] > 0, name
        assert host["LogConfig"]["Config"]["max-size"], name
        assert not any("docker.sock" in mount["Source"] for mount in one["Mounts"]), name


def test_the_processes_have_no_capability(inspected: dict[str, dict[str, Any]]) -> None:
    """The kernel reports no capability for any process."""
    for name, one in inspected.items():
        if one["State"]["Running"]:
            with open(f"/proc/{one['State']['Pid']}/status") as status:
                lines = dict(line.split(":", 1) for line in status)
            assert int(lines["CapEff"], 16) == int(lines["CapBnd"], 16) == 0, name
            assert lines["NoNewPrivs"].strip() == "1", name


def test_ports_are_published_on_loopback_only(inspected: dict[str, dict[str, Any]]) -> None:
    """Only ports of pages for users are published, and only on loopback."""
    published = {}
    for name, one in inspected.items():
        for bindings in (one["HostConfig"]["PortBindings"] or {}).values():
            for binding in bindings:
                assert binding["HostIp"] == "127.0.0.1", name
                published[one["Config"]["Labels"]["com.docker.compose.service"]] = binding["HostPort"]
    assert set(published) == {"nginx", "console", "prometheus", "alertmanager", "jaeger", "grafana"}


def addresses(stack: Composed, service: str) -> list[str]:
    """Return the name of a store and its address in each network."""
    networks = stack.container(service)["NetworkSettings"]["Networks"]
    return [f"{host}:{STORES[service]}" for host in (service, *(network["IPAddress"] for network in networks.values()))]


@pytest.fixture(scope="module")
def from_front(stack: Composed) -> dict[str, str]:
    """The result of connecting to each address from a new container that is only on the network `front`."""
    image = stack.container("api-1")["Config"]["Image"]
    tried = [address for service in STORES for address in addresses(stack, service)]
    said = stack.engine.docker(
        *("run", "--rm", "--network", f"{stack.project}_front", "--entrypoint", "python", image, "-c", CONNECT),
        *tried,
        "nginx:8000",
    )
    return dict(json.loads(said))


@pytest.fixture(scope="module")
def from_back(stack: Composed) -> dict[str, str]:
    """The result of connecting to each address from the console, which is also on the network `back`."""
    tried = [f"{service}:{port}" for service, port in STORES.items()]
    return dict(json.loads(stack.compose("exec", "-T", "console", "python", "-c", CONNECT, *tried)))


@pytest.mark.parametrize("service", sorted(STORES))
def test_the_front_reaches_no_store_and_no_telemetry(
    stack: Composed, from_front: dict[str, str], from_back: dict[str, str], service: str
) -> None:
    """A container on the network `front` reaches no store by name or address. The console reaches the same ports."""
    assert f"{stack.project}_front" not in stack.container(service)["NetworkSettings"]["Networks"]
    for address in addresses(stack, service):
        assert from_front[address].startswith("no: "), f"{address} was reached"
    assert from_back[f"{service}:{STORES[service]}"] == "connected"


def test_the_front_reaches_the_front_door(from_front: dict[str, str]) -> None:
    """A container on the network `front` reaches NGINX, so that connecting works in general."""
    assert from_front["nginx:8000"] == "connected"


def test_the_back_leads_nowhere(stack: Composed) -> None:
    """Docker routes no traffic out of the network `back`, and the stores are on no other network."""
    assert stack.engine.docker("network", "inspect", "--format", "{{.Internal}}", f"{stack.project}_back") == "true\n"
    for name in ("mongo", "redis", "loki", "collector", "payments", "worker-1"):
        assert list(stack.container(name)["NetworkSettings"]["Networks"]) == [f"{stack.project}_back"], name


def test_passwords_are_asked_for(stack: Composed) -> None:
    """Redis and MongoDB reject clients without a password."""
    ping = "import socket; s = socket.create_connection(('redis', 6379)); s.sendall(b'PING\\r\\n'); print(s.recv(99))"
    assert "NOAUTH" in stack.compose("exec", "-T", "console", "python", "-c", ping)
    look = "import pymongo; print(list(pymongo.MongoClient('mongodb://mongo/?replicaSet=rs0').shop.orders.find()))"
    done = stack.tries("exec", "-T", "console", "python", "-c", look)
    assert "requires authentication" in done.stdout + done.stderr


def test_each_service_has_its_own_database_only(stack: Composed) -> None:
    """The payment service cannot read the shop's orders."""
    look = "import os, pymongo; pymongo.MongoClient(open(os.environ['MONGO_URL_FILE']).read()).shop.orders.find_one()"
    done = stack.tries("exec", "-T", "payments", "python", "-c", look)
    assert "not authorized on shop" in done.stdout + done.stderr


def test_standard_output_is_json(stack: Composed) -> None:
    """The log lines of our processes and of NGINX are also on standard output, as JSON."""
    stack.api("GET", "/api/v1/products?limit=1")
    for component in ("api-1", "worker-1", "payments", "nginx", "target-discovery"):
        lines = stack.engine.tries("logs", stack.container(component)["Id"]).stdout.splitlines()
        assert lines, component
        assert all(json.loads(line)["timestamp"] for line in lines), component


def test_memory_stays_within_its_limits(stack: Composed) -> None:
    """No container was killed because of its memory limit, and each has at least a tenth of its limit free."""

    def used() -> dict[str, float]:
        lines = stack.engine.docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemPerc}}").splitlines()
        return {name: float(share.rstrip("%")) for name, share in (line.split() for line in lines)}

    shares = wait_until("docker stats", used, 30)
    assert {name: share for name, share in shares.items() if share > 90} == {}
    assert [
        name for name in shares if stack.engine.docker("inspect", "-f", "{{.State.OOMKilled}}", name) == "true\n"
    ] == []
