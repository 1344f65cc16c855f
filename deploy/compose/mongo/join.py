"""``python -m deploy.compose.mongo.join``: add the members of the profile ``full`` and wait for their data."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.compose.mongo.settings import FIRST, OTHERS, SET, root, url
from observability.settings import MISCONFIGURED, WrongSetting

PATIENCE_SECONDS = 120.0
IN_STEP = {"PRIMARY", "SECONDARY"}


def with_others(config: dict[str, Any]) -> dict[str, Any] | None:
    """The set's configuration with one more member that it lacks; None when it lacks none.

    One at a time: MongoDB takes no more in one step. The first keeps a higher priority, so that it is primary again
    whenever it is there.
    """
    known = {member["host"] for member in config["members"]}
    for address in OTHERS:
        if address not in known:
            number = max(member["_id"] for member in config["members"]) + 1
            member = {"_id": number, "host": address, "priority": 1}
            return {**config, "version": config["version"] + 1, "members": [*config["members"], member]}
    return None


def step(client: MongoClient[dict[str, Any]]) -> bool:
    """Add what is missing; whether all members are in step."""
    config = client.admin.command("replSetGetConfig")["config"]
    if (changed := with_others(config)) is not None:
        client.admin.command("replSetReconfig", changed)
        return False
    members = client.admin.command("replSetGetStatus")["members"]
    return len(members) > len(OTHERS) and all(member["stateStr"] in IN_STEP for member in members)


def main() -> int:
    """0 when all members are in step, 1 if that takes too long, 78 for a wrong setting."""
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
                sys.stderr.write("mongo-join: three members are in step\n")
                return 0
        except PyMongoError as error:  # an election, or a member that is not up yet
            why = str(error)
        time.sleep(1)
    sys.stderr.write(f"mongo-join: gave up after {PATIENCE_SECONDS:.0f} s: {why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
