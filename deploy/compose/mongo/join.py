"""``python -m deploy.compose.mongo.join``: add the members of the profile ``full`` and wait for their data."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.compose.mongo.settings import FIRST, OTHERS, SET, root, url
from glasshouse_observability.settings import MISCONFIGURED, WrongSetting

PATIENCE_SECONDS = 120.0
IN_STEP = {"PRIMARY", "SECONDARY"}


def with_others(config: dict[str, Any]) -> dict[str, Any] | None:
    """Return the set's configuration with one of the missing members added, or None if no member is missing.

    MongoDB accepts only one new member at a time. The first member keeps a higher priority, so that it becomes primary
    again whenever it is available.
    """
    known = {member["host"] for member in config["members"]}
    for address in OTHERS:
        if address not in known:
            number = max(member["_id"] for member in config["members"]) + 1
            member = {"_id": number, "host": address, "priority": 1}
            return {**config, "version": config["version"] + 1, "members": [*config["members"], member]}
    return None


def step(client: MongoClient[dict[str, Any]]) -> bool:
    """Add missing members. Return whether all members are in sync."""
    config = client.admin.command("replSetGetConfig")["config"]
    if (changed := with_others(config)) is not None:
        client.admin.command("replSetReconfig", changed)
        return False
    members = client.admin.command("replSetGetStatus")["members"]
    return len(members) > len(OTHERS) and all(member["stateStr"] in IN_STEP for member in members)


def main() -> int:
    """Return 0 when all members are in sync, 1 if that takes too long, and 78 for an invalid setting."""
    try:
        admin = root(os.environ)
    except WrongSetting as error:
        sys.stderr.write(f"mongo-join: {error}\n")
        return MISCONFIGURED
    client: MongoClient[dict[str, Any]] = MongoClient(url(FIRST, admin, replicaSet=SET, serverSelectionTimeoutMS=5000))
    deadline = time.monotonic() + PATIENCE_SECONDS
    why = "the members are still copying"
    while time.monotonic() < deadline:
        try:
            if step(client):
                sys.stderr.write("mongo-join: three members are in sync\n")
                return 0
        except PyMongoError as error:  # There is an election, or a member has not started yet.
            why = str(error)
        time.sleep(1)
    sys.stderr.write(f"mongo-join: gave up after {PATIENCE_SECONDS:.0f} s: {why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
