"""Sample values for each kind of setting: several invalid ones and one valid one."""

from __future__ import annotations

from typing import Any

from glasshouse_observability.settings import (
    REQUIRED,
    AnyPath,
    Choice,
    Declared,
    Folder,
    Host,
    Kind,
    ListOf,
    Number,
    Pattern,
    Secret,
    Switch,
    Text,
    Url,
    Whole,
    WritableFile,
)
from glasshouse_observability.settings.otel import Expressions, Pairs, SecretPairs
from glasshouse_observability.settings.paths import ReadableFile
from glasshouse_observability.settings.redaction import Redaction
from lab.load.address import Loopback
from stack.settings import Fit, StateDir

PLANTED = "pl4nted-s3cr3t"
"""A text that is part of every invalid value that may hold a secret, and must not be in any message."""
FOR_EVERY_KIND = ["a\nb", "a\0b", "a\x1bb", "a\udcffb", "x" * 9000]
WHOLE = ["2.7", "1e3", "+5", "5_000", "٥", "9" * 5000, "0x10", "many", "-", "1 2", "nan"]
NUMBER = ["nan", "inf", "-inf", "1e3", "+5", "1_0.5", "1,5", "٥", "5s", "20%", ".", "9" * 400]
URLS = [
    PLANTED,
    f"ftp://user:{PLANTED}@host/",
    f"//user:{PLANTED}@host",
    f"user:{PLANTED}@host:1",
    f"http://user:{PLANTED}@/",
    f"http://user:{PLANTED}@host:port",
    f"redis://:{PLANTED}",
    f"redis://:a/{PLANTED}@host:x/0",
    f"redis://:a#{PLANTED}@host",
    f"redis://:a?{PLANTED}@host",
    f"mongodb://user:{PLANTED}@a:27017,b:0/?replicaSet=rs0",
    f"mongodb://user:{PLANTED}@a:27017,b:port/?replicaSet=rs0",
    f"mongodb://a:b:{PLANTED}@host/",
    f"mongodb://user:a@{PLANTED}@host/",
    f"http://user%3A{PLANTED}%40host:x/",
    f"http://host/?password={PLANTED}#x",
    f"http://host/%3Fpassword%3D{PLANTED}#x",
    f"http://host/;password={PLANTED}#",
    f"http://user:{PLANTED}%zz@host/#",
    f"http://[::1/{PLANTED}@",
    f"\x01http://{PLANTED}",
]
LONG_TEXT = "y" * 5000


def wrong_values(kind: Kind[Any]) -> list[str]:
    """Return values that this kind refuses."""
    by_kind: list[tuple[type[Kind[Any]] | tuple[type[Kind[Any]], ...], list[str]]] = [
        (SecretPairs, [PLANTED, f"={PLANTED}", f"a b={PLANTED}", f"a=b,{PLANTED}"]),
        (Pairs, ["no value", "=x", "a b=c", "a=b,c"]),
        (Expressions, ["(", "*x", "ok,["]),
        (ReadableFile, ["/nowhere/at/all", "/tmp", "/" + "x" * 300]),
        (Whole, [*WHOLE, "-1000000", "9" * 18]),
        (Number, [*NUMBER, "-1", "1000000"]),
        (Switch, ["maybe", "2", "10", "ja"]),
        (Redaction, ["iban, tax id", "a;b", "x" * 129]),
        (Choice, ["loud", "*"]),
        (Host, ["a b", "-x", "[::1", "host:80", "::g", "a" * 300, "a..b", "http://a", "[127.0.0.1]"]),
        ((Url, Loopback), URLS),
        (Pattern, ["§", "?", "ſ"]),
        (ListOf, ["*", "https://shop.example, *", "https://shop.example/path", "ftp://a"]),
        ((Fit, StateDir), ['a"b', "it's", "a #b", "*"]),
        (Folder, ["/nowhere/at/all", __file__, "/" + "x" * 300]),
        (WritableFile, ["/nowhere/at/all", "/tmp", "/dev/null"]),
        (AnyPath, ["~no-such-user-here/x"]),
        (Text, [LONG_TEXT]),
        (Secret, []),
    ]
    return next(values for kinds, values in by_kind if isinstance(kind, kinds)) + FOR_EVERY_KIND


def required(declared: dict[str, Declared[Any]]) -> dict[str, str]:
    """Return a valid value for every required variable."""
    return {
        name: _right(one.kind, name)
        for name, one in declared.items()
        if one.default is REQUIRED and not one.default_shown
    }


def _right(kind: Kind[Any], name: str) -> str:
    if isinstance(kind, Secret):
        return "k" * 40
    if isinstance(kind, (Url, Loopback)):
        return "mongodb://127.0.0.1:1/" if name == "MONGO_URL" else "http://127.0.0.1:1"
    return "/tmp"
