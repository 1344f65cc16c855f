"""The members and users of the MongoDB that Compose runs, read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from glasshouse_observability.settings import REQUIRED, Declared, Reader, Secret

SET = "rs0"
FIRST = "mongo:27017"
"""The member that always runs. The others join with the profile ``full``."""
OTHERS = ("mongo-2:27017", "mongo-3:27017")


PASSWORDS = {
    name: Declared(f"MONGO_{name.upper()}_PASSWORD", Secret(), REQUIRED, f"of the user {name}")
    for name in ("root", "shop", "payments", "monitor")
}


@dataclass(frozen=True)
class User:
    """A database user that has only the privileges that its service needs."""

    name: str
    password: str
    roles: tuple[tuple[str, str], ...]

    @property
    def granted(self) -> list[dict[str, str]]:
        """The roles in the format of MongoDB's commands."""
        return [{"role": role, "db": database} for role, database in self.roles]


def root(env: Mapping[str, str]) -> User:
    """Return the administrator, who creates the other users. Raises ``WrongSetting``."""
    reader = Reader(env)
    user = User("root", reader.value(PASSWORDS["root"]), (("root", "admin"),))
    reader.finish()
    return user


def users(env: Mapping[str, str]) -> list[User]:
    """Return all other users. Each service can access only its own database. The shop also maintains its validators.

    Raises ``WrongSetting``.
    """
    reader = Reader(env)
    found = [
        User("shop", reader.value(PASSWORDS["shop"]), (("readWrite", "shop"), ("dbAdmin", "shop"))),
        User("payments", reader.value(PASSWORDS["payments"]), (("readWrite", "payments"),)),
        User("monitor", reader.value(PASSWORDS["monitor"]), (("clusterMonitor", "admin"),)),
    ]
    reader.finish()
    return found


def url(address: str, user: User | None = None, **options: Any) -> str:
    """Return a connection string."""
    who = f"{user.name}:{quote(user.password, safe='')}@" if user else ""
    return f"mongodb://{who}{address}/?" + "&".join(f"{name}={value}" for name, value in options.items())
