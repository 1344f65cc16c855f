"""The reader of settings."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.uri_parser import parse_uri
from redis.connection import parse_url

from glasshouse_observability.client_urls import check_mongo, check_redis
from glasshouse_observability.settings import (
    REQUIRED,
    Choice,
    Declared,
    Folder,
    FromEnv,
    Host,
    Kind,
    ListOf,
    Number,
    Pattern,
    Port,
    Reader,
    Secret,
    Switch,
    Text,
    Url,
    Whole,
    WrongSetting,
    setting,
)
from glasshouse_observability.settings.shown import quoted_url
from glasshouse_observability.startup import address

MONGO = Url("mongodb", "mongodb+srv", check=check_mongo)
REDIS = Url("redis", "rediss", "unix", check=check_redis)


def read(kind: Kind[Any], text: str, **more: str) -> Any:
    """Return the value of the variable X. Raises ``WrongSetting``."""
    reader = Reader({"X": text, **more})
    value = reader.value(Declared("X", kind, None, ""))
    reader.finish()
    return value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Whole(0, 10), "007", 7),
        (Whole(-5, 10), "-5", -5),
        (Number(0, 1), ".5", 0.5),
        (Number(0, 10), "2.", 2.0),
        (Switch(), "TRUE", True),
        (Switch(), "off", False),
        (Choice("INFO", "DEBUG"), "debug", "DEBUG"),
        (Port(), "65535", 65535),
        (Host(), "[::1]", "::1"),
        (Host(), "mongo_1.example.", "mongo_1.example."),
        (ListOf(Whole(1, 9)), " 1, 2 ,,3,", (1, 2, 3)),
        (Url("http"), "http://host:80/base/", "http://host:80/base"),
        (Url("http", or_absent=True), "None", ""),
        (MONGO, "mongodb://u:p%40ss@a:27017,b:27018,[::1]/db?replicaSet=rs0&w=majority", None),
        (MONGO, "mongodb://%2Ftmp%2Fmongodb-27017.sock/", None),
        (MONGO, "mongodb+srv://u:p@cluster.example/?retryWrites=true", None),
        (REDIS, "redis://:p%2Fss@host:6379/0?socket_timeout=1", None),
        (REDIS, "unix:///run/redis.sock?db=1", None),
    ],
)
def test_a_right_value_is_read(kind: Kind[Any], text: str, value: Any) -> None:
    """A valid value is parsed; ``None`` as the expected value means that it is returned unchanged."""
    assert read(kind, text) == (text if value is None else value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:secret@host:80/path?token=secret&x", "'http://***@host:80/path?token=***&***'"),
        ("mongodb://u:secret@a:1,b:2/?authSource=admin", "'mongodb://***@a:1,b:2/?authSource=***'"),
        ("redis://:a/secret@host/0", "'redis://***@host/0'"),
        ("redis://:a@secret@host", "'redis://***@host'"),
        ("http://host/?password=a@secret", "'http://***'"),
        ("redis://:a#secret@host", "'redis://***'"),
        ("redis://:secret", "'redis://***'"),
        ("redis://user%3Asecret%40host/0", "'redis://***/0'"),
        ("http://host/a%3Fsecret", "'http://host/***'"),
        ("http://host/a#secret", "'http://host/a#***'"),
        ("secret", "***"),
        ("user:secret@127.0.0.1", "***"),
        ("127.0.0.1:27017", "'127.0.0.1:27017'"),
        ("se cret://host", "***"),
        ("http://host:99999", "'http://host:99999'"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(text: str, shown: str) -> None:
    """A URL is shown without user, password, parameters and parts that are no valid host or path."""
    assert quoted_url(text) == shown


_ANY = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(deadline=None)
@given(_ANY, _ANY, _ANY)
def test_no_password_is_ever_shown(before: str, after: str, end: str) -> None:
    """No password is shown, wherever an unencoded character moves it.

    This holds as long as the ``@`` before the host is present.
    """
    password = f"{before}S3CRET{after}"
    for scheme in ("redis", "mongodb", "http", "unix", "smtp"):
        shown = quoted_url(f"{scheme}://user:{password}@host/{end.replace('S3CRET', '')}")
        assert "S3CRET" not in shown
    assert "S3CRET" not in quoted_url(f"http://host/?password={before}S3CRET")


@pytest.mark.parametrize(
    "text", ["smtp://user:s3cr3t@host:25", "user:s3cr3t@host", "https://s3cr3t@host", "a, b:s3cr3t@c"]
)
@pytest.mark.parametrize("kind", [Whole(0, 9), Host(), Switch(), Text(3), Folder(), ListOf(Host())])
def test_a_password_in_a_setting_that_takes_none_is_not_shown(kind: Kind[Any], text: str) -> None:
    """A URL with a password in a setting for a host or a port, a common mistake, is not shown."""
    with pytest.raises(WrongSetting, match=r"^X is .*\*\*\*.*: it must be") as caught:
        read(kind, text)
    assert "s3cr3t" not in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_one_printable_line(text: str) -> None:
    """Any text is either a valid value or reported in one printable line, and no other exception is raised."""
    kinds = (Whole(0, 9), Number(0, 1), Switch(), Host(), MONGO, REDIS, Url("http"), ListOf(Host()), Text(), Secret(12))
    for kind in kinds:
        reader = Reader({"X": text})
        reader.value(Declared("X", kind, None, ""))
        assert all(str(problem).isprintable() for problem in reader.problems)


@pytest.mark.parametrize(
    "text",
    [
        "mongodb://host/?w",
        "mongodb://host/?w=1=2",
        "mongodb://host/?noSuchOption=1",
        "mongodb://host/?serverSelectionTimeoutMS=soon",
        "mongodb://:p@host/",
        "mongodb+srv://a,b/",
        "mongodb+srv://a:27017/",
    ],
)
def test_what_pymongo_would_refuse_or_ignore_is_refused(text: str) -> None:
    """A MongoDB URL that pymongo would refuse or ignore is refused before the client is created."""
    with pytest.raises(WrongSetting, match=r"X is 'mongodb.*it must be a URL that begins with mongodb://"):
        read(MONGO, text)


@pytest.mark.parametrize(
    "text", ["redis://host/0?socket_timeout=soon", "redis://host/?db=x", "unix://host", "unix:///"]
)
def test_what_redis_would_refuse_is_refused(text: str) -> None:
    """A Redis URL that the Redis client would refuse is refused before the client is created."""
    with pytest.raises(WrongSetting, match=r"X is '.*it must be a URL that begins with redis://"):
        read(REDIS, text)


@pytest.mark.parametrize("host", ["a", "a:1", "[::1]:27017", "a,b:2", "u:p@a", "u@a", "u:@a"])
def test_what_is_accepted_the_clients_accept(host: str) -> None:
    """The installed drivers' own parsers accept every URL that the reader accepts."""
    parse_uri(read(MONGO, f"mongodb://{host}/db?replicaSet=rs0"))
    if "," not in host:
        parse_url(read(REDIS, f"redis://{host}/0"))


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    """A secret from a file is read without the line end that an editor adds."""
    (tmp_path / "key").write_text(f" {'k' * 12}\n")
    assert read(Secret(12), "", X_FILE=str(tmp_path / "key")) == "k" * 12


def test_a_url_from_a_file(tmp_path: Path) -> None:
    """A URL may hold a password, so every kind of URL can be in a file, and is checked as in a variable."""
    (tmp_path / "url").write_text("mongodb://u:p%40ss@mongo:27017/?replicaSet=rs0\n")
    assert read(MONGO, "", X_FILE=str(tmp_path / "url")) == "mongodb://u:p%40ss@mongo:27017/?replicaSet=rs0"
    (tmp_path / "url").write_text("http://u:s3cr3t@mongo/")
    with pytest.raises(WrongSetting, match=r"X_FILE is '.*/url': .* holds a URL that begins with mongodb://") as caught:
        read(MONGO, "", X_FILE=str(tmp_path / "url"))
    assert "s3cr3t" not in str(caught.value)


def test_other_settings_are_not_read_from_a_file(tmp_path: Path) -> None:
    """NAME_FILE belongs to settings whose value may be secret; `OBSERVABILITY_LOG_FILE` is a separate setting."""
    (tmp_path / "port").write_text("80")
    assert read(Port(), "", X_FILE=str(tmp_path / "port")) is None


def test_a_file_and_an_alias_exclude_each_other(tmp_path: Path) -> None:
    """The message names the variable that is set."""
    reader = Reader({"Y": "http://host", "X_FILE": str(tmp_path / "url")})
    reader.value(Declared("X", Url("http"), None, "", aliases=("Y",)))
    assert [str(problem) for problem in reader.problems] == [
        f"X_FILE is '{tmp_path}/url': it must be omitted if Y is set"
    ]


def test_a_secret_and_a_file_exclude_each_other(tmp_path: Path) -> None:
    """A secret and a file with it exclude each other, so that neither is chosen silently."""
    with pytest.raises(WrongSetting, match=r"X_FILE is .*: it must be omitted if X is set"):
        read(Secret(), "s3cr3t", X_FILE=str(tmp_path / "key"))


def _fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "not a regular file"),
        (_fifo, "not a regular file"),
        (lambda path: path.write_text(""), "it is empty"),
        (lambda path: path.write_text("s3cr3t"), "at least 12 characters"),
        (lambda path: path.write_text("s3cr3t-s3cr3t\ns3cr3t"), "more than one line"),
        (lambda path: path.write_bytes(b"s3cr3t-s3cr3t\xff"), "not UTF-8"),
        (lambda path: path.write_bytes(b"s3cr3t" * 20_000), "longer than"),
    ],
)
def test_a_file_without_a_usable_secret_is_named(tmp_path: Path, make: Any, why: str) -> None:
    """A file without a usable secret is reported with the reason, and a named pipe does not block the start."""
    make(tmp_path / "key")
    with pytest.raises(WrongSetting, match=f"X_FILE is '{tmp_path}/key': .*{why}") as caught:
        read(Secret(12), "", X_FILE=str(tmp_path / "key"))
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("text", ["s3cr3t", "/s3cr3t", "/s3cr3t/s3cr3t", "./s3cr3t"])
def test_a_secret_in_place_of_its_file_is_not_shown(text: str) -> None:
    """A secret in the variable for the path of its file, a common mistake, is not shown."""
    with pytest.raises(WrongSetting, match=r"^X_FILE is \*\*\*: it must be the path of a readable file"):
        read(Secret(), "", X_FILE=text)


def test_secrets_are_not_in_the_repr() -> None:
    """The repr of settings contains no secret and no URL, which may hold a password."""

    @dataclass(frozen=True)
    class Settings(FromEnv):
        key: str = setting("KEY", Secret(), REQUIRED, "")
        url: str = setting("URL", REDIS, REQUIRED, "")
        port: int = setting("PORT", Port(), 1, "")

    found = Settings.from_env({"KEY": "s3cr3t", "URL": "redis://:s3cr3t@host"})
    assert (found.key, found.port) == ("s3cr3t", 1)
    assert "s3cr3t" not in repr(found)
    assert "port=1" in repr(found)


def test_an_alias_is_used_after_the_name() -> None:
    """An alias such as ``OTEL_SERVICE_NAME`` is used if the setting's own name is not set."""
    declared = Declared("A", Pattern("[a-z]+", "lower-case letters"), "", "", aliases=("B",))
    assert Reader({"A": "one", "B": "two"}).value(declared) == "one"
    assert Reader({"A": "", "B": "two"}).value(declared) == "two"
    reader = Reader({"B": "2"})
    reader.value(declared)
    assert [str(one) for one in reader.problems] == ["B is '2': it must be lower-case letters"]


def test_a_misspelled_variable_is_reported() -> None:
    """A misspelled variable is reported only if the setting itself is not set."""
    declared = Declared("TRAFFIC_SHOPPERS", Whole(1, 9), 3, "")
    reader = Reader({"TRAFFIC_SHOPERS": "5", "PATH": "/bin"})
    reader.value(declared)
    assert reader.warnings() == ["TRAFFIC_SHOPERS is not a setting and has no effect: did you mean TRAFFIC_SHOPPERS?"]
    reader = Reader({"TRAFFIC_SHOPERS": "5", "TRAFFIC_SHOPPERS": "5"})
    reader.value(declared)
    assert reader.warnings() == []


def test_an_ipv6_address_is_bound_in_brackets() -> None:
    """An IPv6 address is bound in brackets, as gunicorn requires."""
    assert (address("::1", 80), address("0.0.0.0", 80)) == ("[::1]:80", "0.0.0.0:80")


def test_the_reader_loads_neither_flask_nor_opentelemetry() -> None:
    """The settings reader imports no large package, so that the launcher and the fault agent start quickly."""
    program = (
        "import sys, glasshouse_observability.settings, stack.__main__, faults.agent.__main__; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"flask", "opentelemetry", "prometheus_client", "pymongo", "redis", "requests"}
    assert not heavy & set(done.stdout.split())
