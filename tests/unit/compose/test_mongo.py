"""The replica set of the profile `full`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.compose.mongo.join import with_others
from deploy.compose.mongo.lag import lags
from deploy.compose.mongo.settings import User, root, url, users
from glasshouse_observability import WrongSetting

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PASSWORDS = {f"MONGO_{name}_PASSWORD": name for name in ("ROOT", "SHOP", "PAYMENTS", "MONITOR")}


def member(name: str, state: str, behind: float) -> dict[str, Any]:
    return {"name": name, "stateStr": state, "optimeDate": NOW - timedelta(seconds=behind)}


def test_lag_is_the_primarys_last_operation_less_the_members() -> None:
    """The lag of a secondary is the primary's last operation less its own and never negative.

    A member that copies its first data has no lag.
    """
    status = {
        "members": [
            member("mongo:27017", "PRIMARY", 0),
            member("mongo-2:27017", "SECONDARY", 3),
            member("mongo-3:27017", "SECONDARY", -1),
            member("mongo-4:27017", "STARTUP2", 999),
        ]
    }
    assert lags(status) == {"mongo-2:27017": 3.0, "mongo-3:27017": 0.0}


def test_without_a_primary_there_is_no_lag() -> None:
    """Without a primary no lag is reported, because it would be relative to the wrong member."""
    assert lags({"members": [member("mongo-2:27017", "SECONDARY", 3)]}) == {}
    assert lags({"members": []}) == {}


def test_members_join_one_at_a_time_under_new_numbers() -> None:
    """Members join one at a time under new numbers, and a complete set is unchanged."""
    config: dict[str, Any] = {"version": 4, "members": [{"_id": 0, "host": "mongo:27017", "priority": 2}]}
    second = with_others(config)
    assert second is not None
    assert (second["version"], second["members"][-1]["host"], second["members"][-1]["_id"]) == (5, "mongo-2:27017", 1)
    third = with_others(second)
    assert third is not None
    assert third["members"][-1]["host"] == "mongo-3:27017"
    assert with_others(third) is None
    assert len(config["members"]) == 1


def test_each_service_may_read_and_write_its_own_database_only() -> None:
    """Each service's user can read and write only its own database."""
    assert {user.name: user.roles for user in users(PASSWORDS)} == {
        "shop": (("readWrite", "shop"), ("dbAdmin", "shop")),
        "payments": (("readWrite", "payments"),),
        "monitor": (("clusterMonitor", "admin"),),
    }


def test_a_missing_password_is_reported_with_the_remedy() -> None:
    """A missing password is reported with the names of its variables."""
    with pytest.raises(
        WrongSetting, match=r"MONGO_ROOT_PASSWORD is not set: it must be a secret, or MONGO_ROOT_PASSWORD_FILE"
    ):
        root({})


def test_a_password_of_any_characters_fits_into_the_url() -> None:
    """A password with special characters is encoded for the URL, because an operator may have chosen it."""
    assert url("mongo:27017", User("root", "p@ss:w/d", ()), replicaSet="rs0") == (
        "mongodb://root:p%40ss%3Aw%2Fd@mongo:27017/?replicaSet=rs0"
    )
