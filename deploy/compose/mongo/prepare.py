"""``python -m deploy.compose.mongo.prepare``: create the replica set and its users. It can run at every start.

It runs in the network of the first member, because MongoDB allows creating the first user over loopback only.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from deploy.compose.mongo.settings import FIRST, OTHERS, SET, User, root, url, users
from glasshouse_observability.settings import MISCONFIGURED, WrongSetting

PATIENCE_SECONDS = 60.0
QUORUM_SECONDS = 15.0
ALREADY_INITIALIZED = 23
AUTHENTICATION_FAILED = 18
USER_NOT_FOUND = 11
Client = MongoClient[dict[str, Any]]


class CannotPrepare(RuntimeError):
    """The database cannot be prepared. The message contains the reason and the remedy."""


def say(text: str) -> None:
    """Write a completed step to the container's log."""
    sys.stderr.write(f"mongo-prepare: {text}\n")


def connect(user: User | None = None) -> Client:
    """Return a client of the member whose network this process shares."""
    options: dict[str, Any] = {"directConnection": "true", "serverSelectionTimeoutMS": 2000}
    return MongoClient(url("127.0.0.1:27017", user, **options))


def until(seconds: float, question: Callable[[], bool]) -> bool:
    """Call the function until its result is true or the time is up. Return the last result."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if question():
            return True
        time.sleep(0.3)
    return False


def hello(client: Client) -> dict[str, Any]:
    """Return the member's own state, or an empty result while it does not respond."""
    try:
        return client.admin.command("hello")
    except ConnectionFailure:
        return {}


def initiate(client: Client) -> None:
    """Create a replica set with one member unless the set exists."""
    config = {"_id": SET, "members": [{"_id": 0, "host": FIRST, "priority": 2}]}
    try:
        client.admin.command("replSetInitiate", config)
        say(f"created the replica set {SET}")
    except OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise


def absent(address: str) -> bool:
    """Return whether no container has this name."""
    try:
        socket.getaddrinfo(address.partition(":")[0], None)
    except OSError:
        return True
    return False


def ensure_primary(client: Client, admin: User) -> None:
    """Wait for the election. If the other members no longer exist, the first member continues without them."""
    if until(QUORUM_SECONDS, lambda: bool(hello(client).get("isWritablePrimary"))):
        return
    if not all(absent(address) for address in OTHERS):
        if until(PATIENCE_SECONDS, lambda: bool(hello(client).get("isWritablePrimary"))):
            return
        raise CannotPrepare("no primary was elected: see `docker compose logs mongo mongo-2 mongo-3`")
    signed_in = connect(admin)
    config = signed_in.admin.command("replSetGetConfig")["config"]
    config["members"] = [member for member in config["members"] if member["host"] == FIRST]
    config["version"] += 1
    signed_in.admin.command("replSetReconfig", config, force=True)
    say("removed the members that no longer exist from the replica set")
    if not until(PATIENCE_SECONDS, lambda: bool(hello(client).get("isWritablePrimary"))):
        raise CannotPrepare("the member does not become primary: see `docker compose logs mongo`")


def signs_in(user: User) -> bool:
    """Return whether the user exists with this password."""
    try:
        connect(user).admin.command("ping")
    except OperationFailure as error:
        if error.code != AUTHENTICATION_FAILED:
            raise
        return False
    return True


def make_root(client: Client, admin: User) -> None:
    """Create the first user if there is none."""
    if signs_in(admin):
        return
    try:
        client.admin.command("createUser", admin.name, pwd=admin.password, roles=admin.granted)
    except OperationFailure as error:
        raise CannotPrepare(
            "the data in the volume mongo was created with another password of the user root: its volume "
            "secret-mongo-root was deleted, or .env.secrets was changed or removed. To keep the data, set "
            "MONGO_ROOT_PASSWORD to the old password in .env.secrets; to delete the data and every password, run "
            "`docker compose --profile '*' down --volumes`. Then run `docker compose up` again"
        ) from error
    say(f"created the user {admin.name}")


def make(signed_in: Client, user: User) -> None:
    """Create a user or update its password and roles."""
    try:
        signed_in.admin.command("updateUser", user.name, pwd=user.password, roles=user.granted)
    except OperationFailure as error:
        if error.code != USER_NOT_FOUND:
            raise
        signed_in.admin.command("createUser", user.name, pwd=user.password, roles=user.granted)
        say(f"created the user {user.name}")


def prepare(env: Mapping[str, str]) -> None:
    """Prepare the replica set and its users."""
    admin, others = root(env), users(env)
    client = connect()
    if not until(PATIENCE_SECONDS, lambda: bool(hello(client))):
        raise CannotPrepare("mongod does not respond: see `docker compose logs mongo`")
    if not hello(client).get("setName"):
        try:
            initiate(client)
        except OperationFailure:
            initiate(connect(admin))  # The set was dissolved, and its users still exist.
    ensure_primary(client, admin)
    make_root(client, admin)
    signed_in = connect(admin)
    for user in others:
        make(signed_in, user)
    say("ready")


if __name__ == "__main__":
    try:
        prepare(os.environ)
    except WrongSetting as error:
        say(str(error))
        sys.exit(MISCONFIGURED)
    except CannotPrepare as reason:
        say(str(reason))
        sys.exit(1)
