"""The members and users of the composed MongoDB, from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

SET = "rs0"
FIRST = "mongo:27017"
"""The member that is always there. The others join with the profile `full`."""
OTHERS = ("mongo-2:27017", "mongo-3:27017")


class MissingPassword(RuntimeError):
    """A password is not in the environment."""


@dataclass(frozen=True)
class User:
    """A user of the database, with no more rights than its service needs."""

    name: str
    password: str
    roles: tuple[tuple[str, str], ...]

    @property
    def granted(self) -> list[dict[str, str]]:
        """The roles as MongoDB's commands take them."""
        return [{"role": role, "db": database} for role, database in self.roles]


def password(env: Mapping[str, str], name: str) -> str:
    """The value of a setting that must be there."""
    if not env.get(name):
        raise MissingPassword(f"{name} is not set: run `make secrets`")
    return env[name]


def root(env: Mapping[str, str]) -> User:
    """Who makes the others."""
    return User("root", password(env, "MONGO_ROOT_PASSWORD"), (("root", "admin"),))


def users(env: Mapping[str, str]) -> list[User]:
    """Everybody else: each service has its own database, and only that. The shop also looks after its validators."""
    return [
        User("shop", password(env, "MONGO_SHOP_PASSWORD"), (("readWrite", "shop"), ("dbAdmin", "shop"))),
        User("payments", password(env, "MONGO_PAYMENTS_PASSWORD"), (("readWrite", "payments"),)),
        User("monitor", password(env, "MONGO_MONITOR_PASSWORD"), (("clusterMonitor", "admin"),)),
    ]


def url(address: str, user: User | None = None, **options: Any) -> str:
    """A connection string."""
    who = f"{user.name}:{quote(user.password, safe='')}@" if user else ""
    return f"mongodb://{who}{address}/?" + "&".join(f"{name}={value}" for name, value in options.items())
