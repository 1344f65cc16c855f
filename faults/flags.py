"""The flag file: which faults are on, until when, with which parameters. Standard library only.

Its format is flagd's (https://flagd.dev/schema/v0/flags.json). The end of a fault is part of its flag, as a rule on
flagd's clock: every provider evaluates the flag as off after that time, even if no process is running that could write
the file.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.definitions import FAULTS, Parameters

SCHEMA = "https://flagd.dev/schema/v0/flags.json"


class BadFlagFile(ValueError):
    """The file does not have the format that this module writes."""


@dataclass(frozen=True, slots=True)
class Switched:
    """A fault that is on from ``since`` until ``until`` (seconds since 1970); ``by`` is an account or a program."""

    since: int
    until: int
    by: str
    parameters: Parameters = field(default_factory=dict)


def text_of(path: Path) -> str:
    """Return the file's text; no file means no flags. Raises ``OSError``."""
    try:
        return path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return json.dumps({"flags": {}})


def parse(text: str) -> dict[str, Switched]:
    """Return the faults that are switched on, expired or not. Raises ``BadFlagFile``."""
    try:
        found = json.loads(text)["flags"]
        return {
            name: Switched(
                since=int(flag["metadata"]["since"]),
                until=int(flag["metadata"]["until"]),
                by=str(flag["metadata"]["by"]),
                parameters=dict(flag["variants"]["on"]),
            )
            for name, flag in found.items()
            if name in FAULTS and "targeting" in flag
        }
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadFlagFile(f"{type(error).__name__}: {error}") from error


def dump(switched: dict[str, Switched]) -> str:
    """Return the file's text with these faults on and all others of the catalogue off."""
    flags = {name: _flag(switched.get(name)) for name in FAULTS}
    return json.dumps({"$schema": SCHEMA, "flags": flags, "metadata": {"flagSetId": "faults"}}, indent=1) + "\n"


def _flag(on: Switched | None) -> dict[str, Any]:
    flag: dict[str, Any] = {"state": "ENABLED", "variants": {"off": {}, "on": {}}, "defaultVariant": "off"}
    if on is None:
        return flag
    conditions: list[dict[str, Any]] = [{"<": [{"var": "$flagd.timestamp"}, on.until]}]
    flag["variants"]["on"] = on.parameters
    flag["targeting"] = {"if": [{"and": conditions}, "on", "off"]}
    flag["metadata"] = {"since": on.since, "until": on.until, "by": on.by}
    if "instance" in on.parameters:
        conditions.append({"==": [{"var": "instance"}, on.parameters["instance"]]})
    return flag


def change(path: Path, edit: Callable[[dict[str, Switched]], None]) -> None:
    """Read the file, edit the list of active faults, and replace the file atomically, under a lock.

    Raises ``OSError``. A file that cannot be parsed is replaced, because it must always be possible to switch faults
    off.
    """
    with _alone(path):
        try:
            switched = parse(text_of(path))
        except BadFlagFile:
            switched = {}
        before = dict(switched)
        edit(switched)
        if switched != before or not path.exists():
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_text(dump(switched))
            fresh.replace(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A separate lock file, because a file that is replaced cannot be the one that is locked.
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
