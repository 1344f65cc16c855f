"""Every password of the composed stack, and the files in which its readers find it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from deploy.compose.mongo import settings as mongo
from glasshouse_observability.settings import Declared, Secret

VALUE = "value"
"""The file that holds the password itself. The other files of its volume are derived from it."""


@dataclass(frozen=True)
class Password:
    """A password. ``folder`` is the folder of its files and the name of its volume without the prefix ``secret-``.

    ``derived`` maps the names of further files to functions that write the password in the form that a reader needs.
    """

    folder: str
    variable: str
    about: str
    shortest: int = 1
    derived: Mapping[str, Callable[[str], str]] = field(default_factory=dict)

    @property
    def declared(self) -> Declared[str]:
        """The variable that sets the password in `.env.secrets`. If it is empty, the password is generated."""
        return Declared(self.variable, Secret(self.shortest), "", self.about, default_shown="generated")

    def files(self, password: str) -> dict[str, str]:
        """Return the content of every file of the volume."""
        return {VALUE: password, **{name: text(password) for name, text in self.derived.items()}}


def mongo_url(user: str) -> Callable[[str], str]:
    """Return the connection string of a user of the replica set."""
    return lambda password: mongo.url(
        mongo.FIRST, mongo.User(user, password, ()), authSource="admin", replicaSet=mongo.SET
    )


def redis_url(password: str) -> str:
    """Return the connection string of Redis."""
    return f"redis://:{quote(password, safe='')}@redis:6379/0"


def redis_conf(password: str) -> str:
    """Return the line of Redis' configuration that sets the password, quoted by Redis' rules."""
    escaped = password.replace("\\", "\\\\").replace('"', '\\"')
    return f'requirepass "{escaped}"\n'


def exporter_json(password: str) -> str:
    """Return the password file of redis_exporter, which maps addresses to passwords."""
    return json.dumps({"redis://redis:6379": password})


ALL = (
    Password("grafana", "GRAFANA_ADMIN_PASSWORD", "of Grafana's user admin"),
    Password("shop-admin", "SHOP_ADMIN_PASSWORD", "of the shop's account admin@glasshouse.example", shortest=12),
    Password("jwt", "JWT_SECRET", "signs the API's access tokens", shortest=32),
    Password(
        "mongo-key",
        "MONGO_KEY",
        "secret with which MongoDB's members authenticate to each other: 6 to 1,024 base64 characters",
        shortest=6,
    ),
    Password("mongo-root", "MONGO_ROOT_PASSWORD", "of MongoDB's user root"),
    Password("mongo-shop", "MONGO_SHOP_PASSWORD", "of MongoDB's user shop", derived={"url": mongo_url("shop")}),
    Password(
        "mongo-payments",
        "MONGO_PAYMENTS_PASSWORD",
        "of MongoDB's user payments",
        derived={"url": mongo_url("payments")},
    ),
    Password("mongo-monitor", "MONGO_MONITOR_PASSWORD", "of MongoDB's user monitor"),
    Password(
        "redis",
        "REDIS_PASSWORD",
        "of Redis",
        derived={"url": redis_url, "redis.conf": redis_conf, "exporter.json": exporter_json},
    ),
)
