"""Scrape targets from DNS names, and the log files that are kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

from deploy.compose.target_discovery import logfiles
from deploy.compose.target_discovery.targets import FORGET_SECONDS, Service, Targets, write

API = Service("api", "api", 9100, replicas=True)
MONGO_LAG = Service("mongo-lag", "mongo-lag", 9100, optional=True)
PAYMENTS = Service("payments", "payments", 9100)


class Names:
    """A name server whose responses a test sets."""

    def __init__(self, **known: dict[str, str]) -> None:
        self.known = known

    def __call__(self, name: str) -> dict[str, str]:
        return self.known.get(name.replace("-", "_"), {})


def addresses(targets: Targets, now: float) -> dict[str, str]:
    return {group["labels"]["instance"]: group["targets"][0] for group in targets.groups(now)}


def test_each_replica_is_a_target_under_the_name_it_logs_under() -> None:
    """Each replica is a target under its name in the logs, however many replicas exist."""
    names = Names(api={"10.0.0.2": "shop-api-1.shop_back", "10.0.0.3": "shop-api-2.shop_back"})
    targets = Targets([API], names)
    assert addresses(targets, 0) == {"api-1": "10.0.0.2:9100", "api-2": "10.0.0.3:9100"}
    names.known["api"]["10.0.0.9"] = "shop-api-3.shop_back"
    assert addresses(targets, 1)["api-3"] == "10.0.0.9:9100"
    assert targets.groups(1)[0]["labels"] == {"job": "api", "instance": "api-1"}


def test_a_replica_that_came_back_has_one_target() -> None:
    """A replica that was restarted has one target, with its new address."""
    names = Names(api={"10.0.0.2": "shop-api-1.shop_back"})
    targets = Targets([API], names)
    targets.groups(0)
    names.known["api"] = {"10.0.0.7": "shop-api-1.shop_back"}
    assert addresses(targets, 1) == {"api-1": "10.0.0.7:9100"}


def test_a_replica_that_died_shows_as_down_before_it_is_forgotten() -> None:
    """A replica that died stays a target, and is shown as down, until it is forgotten.

    A name server that does not respond does not remove targets either.
    """
    names = Names(api={"10.0.0.2": "shop-api-1.shop_back"})
    targets = Targets([API], names)
    targets.groups(0)
    names.known.clear()
    assert addresses(targets, FORGET_SECONDS) == {"api-1": "10.0.0.2:9100"}
    assert addresses(targets, FORGET_SECONDS + 1) == {}


def test_a_container_without_a_name_is_named_by_its_address() -> None:
    """A container whose reverse look-up fails is named by its address."""
    assert addresses(Targets([API], Names(api={"10.0.0.2": "10.0.0.2"})), 0) == {"api-10.0.0.2": "10.0.0.2:9100"}


def test_other_services_are_targets_whether_they_run_or_not() -> None:
    """Other services are always targets, except those of a profile that is not active."""
    names = Names()
    targets = Targets([PAYMENTS, MONGO_LAG], names)
    assert addresses(targets, 0) == {"payments": "payments:9100"}
    names.known["mongo_lag"] = {"10.0.0.4": "shop-mongo-lag-1.shop_back"}
    assert addresses(targets, 0) == {"payments": "payments:9100", "mongo-lag": "mongo-lag:9100"}


def test_the_file_is_written_when_it_changes(tmp_path: Path) -> None:
    """The file is replaced in one step when it changes, and is unchanged otherwise."""
    file = tmp_path / "services.json"
    groups = Targets([PAYMENTS]).groups(0)
    assert write(file, groups)
    assert json.loads(file.read_text()) == groups
    assert not write(file, groups)
    assert [path.name for path in tmp_path.iterdir()] == ["services.json"]


def test_old_files_go_first_and_files_in_use_never() -> None:
    """Files older than a day and the oldest files above the total size are deleted, and never a file in use."""
    now, hour, mib = 1_000_000.0, 3600.0, 2**20
    day_old, old, fresh = Path("nginx.log.1"), Path("nginx.log.2"), Path("api-1.log")
    assert logfiles.surplus({day_old: (now - 25 * hour, 1), old: (now - 5 * hour, 1), fresh: (now, 1)}, now) == [
        day_old
    ]
    too_many = {old: (now - 5 * hour, 200 * mib), day_old: (now - 6 * hour, 100 * mib), fresh: (now, 500 * mib)}
    assert logfiles.surplus(too_many, now) == [day_old, old]
    assert logfiles.surplus({fresh: (now, 500 * mib)}, now) == []


def test_only_log_files_are_deleted(tmp_path: Path) -> None:
    """Only log files in the folder that the Collector reads are deleted."""
    for name in ("nginx.log.2026-11-21T05", "api-4.log.2", "keep.txt"):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (0, 0))
    assert {path.name for path in logfiles.tidy(tmp_path, 1_000_000.0)} == {"nginx.log.2026-11-21T05", "api-4.log.2"}
    assert [path.name for path in tmp_path.iterdir()] == ["keep.txt"]
