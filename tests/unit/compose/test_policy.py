"""Requirements for every container of docker-compose.yml."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from tests.unit.compose.files import COMPOSE, ROOT, SERVICES, VERSIONS, bind_mounts, filled, needed, size

GB = 10**9
ONE_SHOT = {"prepare", "passwords", "mongo-prepare", "mongo-join"}
STORES_AND_TELEMETRY = {
    "mongo", "mongo-2", "mongo-3", "mongo-lag", "redis", "payments", "prometheus", "alertmanager", "loki", "jaeger",
    "collector", "grafana", "target-discovery", "redis-exporter", "node-exporter",
}  # fmt: skip
each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def limits(name: str) -> dict[str, Any]:
    found: dict[str, Any] = SERVICES[name]["deploy"]["resources"]["limits"]
    return found


@each_service
def test_its_image_is_pinned(name: str) -> None:
    """The image is pinned to a full version from .env, not to `latest` or to a moving branch."""
    image = filled(SERVICES[name]["image"], VERSIONS)
    _, _, tag = image.rpartition(":")
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), image
    assert "${" in SERVICES[name]["image"], "the version must come from .env"


@each_service
def test_it_is_not_root_and_may_not_become_more(name: str) -> None:
    """The container has a numeric user, no capabilities, no new privileges and a read-only root file system."""
    service = SERVICES[name]
    user = str(service["user"]).split(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    for forbidden in ("privileged", "cap_add", "devices", "pid", "ipc", "userns_mode", "cgroup", "sysctls"):
        assert forbidden not in service
    assert service.get("network_mode") in (None, "none", "service:mongo")


@each_service
def test_it_is_limited(name: str) -> None:
    """Memory, CPU, processes and stored logs are limited."""
    assert size(limits(name)["memory"]) <= 512 * 2**20
    assert 0 < float(limits(name)["cpus"]) <= 1
    assert limits(name)["pids"] <= 500
    assert set(SERVICES[name]["logging"]["options"]) == {"max-size", "max-file"}


@each_service
def test_it_mounts_files_to_read_only(name: str) -> None:
    """Mounted files of the host are read-only, and Docker's socket is not mounted."""
    for source, target, mode in bind_mounts(SERVICES[name]):
        assert mode == "ro", source
        assert "docker.sock" not in source + target


@each_service
def test_it_is_published_on_loopback_only(name: str) -> None:
    """Every port is published on 127.0.0.1 only."""
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", filled(port, VERSIONS)), port
    assert "expose" not in SERVICES[name]


@each_service
def test_it_is_watched_restarted_and_given_time(name: str) -> None:
    """The service has a health check, a restart policy and an explicit time to stop."""
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["restart"] in ("no", "on-failure:3")
        assert service["healthcheck"] == {"disable": True}
        return
    assert service["restart"] == "unless-stopped"
    if name == "ready":  # it prints a text and does nothing after that
        return
    assert "stop_grace_period" in service
    ours = service["image"].startswith("glasshouse:")
    assert ours or "test" in service["healthcheck"], "our image has a health check, any other service must define one"


@each_service
def test_it_waits_by_condition(name: str) -> None:
    """The service waits until a dependency is healthy or completed, not only started.

    One-off services may wait for the start alone.
    """
    for other, how in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        assert how["condition"] == wanted or name in ONE_SHOT, other


@each_service
def test_no_secret_is_written_down(name: str) -> None:
    """No environment contains a password: it is in a file, and the environment has the file's path."""
    for key, value in (SERVICES[name].get("environment") or {}).items():
        if re.search("PASSWORD|SECRET|_KEY|AUTH$", key):
            assert key.endswith("_FILE"), key
            assert str(value).startswith("/run/secrets/"), key
        assert not re.search(r"//\w*:[^@/]*@", str(value)), key


def test_every_service_is_waited_for_before_the_addresses_are_shown() -> None:
    """Each one that stays, except those of profiles, is healthy before `ready` prints."""
    wanted = {name for name, one in SERVICES.items() if "profiles" not in one} - ONE_SHOT - {"ready"}
    assert set(SERVICES["ready"]["depends_on"]) == wanted


def test_the_image_is_built_by_one_service_that_all_others_wait_for() -> None:
    """`docker compose up` builds it, also after a change; no other service builds it or looks for it in a registry."""
    assert {name for name, one in SERVICES.items() if "build" in one} == {"prepare"}
    for name, service in SERVICES.items():
        if service["image"].startswith("glasshouse:"):
            assert service["pull_policy"] == ("build" if name == "prepare" else "never"), name
            assert name in ("prepare", "passwords") or "prepare" in needed(name), name


def test_the_whole_fits_into_four_gb() -> None:
    """The memory limits of all services add up to less than 4 GB, and are those that the guide states.

    Replicas and one-off services are included.
    """
    totals = Counter[str]()
    for name, service in SERVICES.items():
        (profile,) = service.get("profiles", [""])
        totals[profile] += size(limits(name)["memory"]) * service["deploy"].get("replicas", 1)
    assert totals[""] + totals["load"] < 4 * GB, totals
    stated = f"add up to {totals[''] / 2**30:.1f} GiB (profile `full` adds {totals['full'] / 2**30:.1f})"
    assert stated in (ROOT / "docs" / "how-to" / "docker.md").read_text()


def test_the_front_has_no_store_and_no_telemetry() -> None:
    """No store and no telemetry server is on `front`, and `back` is internal.

    NGINX, which is open to clients, is not on `back`.
    """
    assert COMPOSE["networks"]["back"] == {"internal": True}
    on_front = {name for name, service in SERVICES.items() if "front" in service.get("networks", [])}
    assert not on_front & STORES_AND_TELEMETRY
    assert SERVICES["nginx"]["networks"] == ["front"]
    published = {name for name, service in SERVICES.items() if service.get("ports")}
    assert published == {name for name, service in SERVICES.items() if "published" in service.get("networks", [])} | {
        "nginx"
    }


def test_there_are_two_replicas_of_the_api() -> None:
    """The API has two replicas, and no fixed name or port prevents more."""
    assert SERVICES["api"]["deploy"]["replicas"] == 2
    assert not {"container_name", "hostname", "ports"} & set(SERVICES["api"])


def test_profiles() -> None:
    """The traffic generator and the three-node replica set run only in their profiles."""
    by_profile: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for profile in service.get("profiles", []):
            by_profile.setdefault(profile, set()).add(name)
    assert by_profile == {"load": {"traffic"}, "full": {"mongo-2", "mongo-3", "mongo-join", "mongo-lag"}}
