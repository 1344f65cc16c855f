"""Reader of ``profiles.yaml``. Every error names the position and the allowed values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from glasshouse_observability.settings import Choice, Kind, Number, Problem, Whole
from glasshouse_observability.settings.errors import Refused
from glasshouse_observability.settings.shown import quoted
from lab.load.profiles.model import LOOKS, MOST_MINUTES, MOST_USERS, Breaks, Customers, Profile, Stage, WrongProfile

T = TypeVar("T")
FILE = Path(__file__).with_name("profiles.yaml")
_CUSTOMERS = frozenset(Customers.__dataclass_fields__)
_PROFILE = frozenset({"what", "users", "minutes", "stages", "steps", "breaks"})


def read(text: str | None = None) -> tuple[Customers, dict[str, Profile]]:
    """Return the behaviour and every profile, with its default users and minutes. Raises ``WrongProfile``."""
    try:
        content = yaml.safe_load(FILE.read_text() if text is None else text)
    except yaml.YAMLError as error:
        raise WrongProfile(f"{FILE.name} is not valid YAML: {error}") from error
    top = _members("the file", content, frozenset({"customers", "profiles"}))
    profiles = top.get("profiles")
    if not isinstance(profiles, dict) or not profiles:
        raise WrongProfile("profiles: at least one is required")
    return _customers(top.get("customers")), {name: _profile(name, entry) for name, entry in profiles.items()}


def chosen(profiles: Mapping[str, Profile], name: str, users: str, minutes: str) -> Profile:
    """Return the profile with the changes from the command line; "" keeps the default. Raises ``WrongProfile``."""
    if name not in profiles:
        raise WrongProfile(f"{Problem('PROFILE', quoted(name), Choice(*profiles).allowed)}.")
    found = profiles[name]
    return Profile(
        found.name,
        found.what,
        _asked("USERS", users, Whole(1, MOST_USERS)) if users else found.users,
        60 * _asked("MINUTES", minutes, Number(0.1, MOST_MINUTES)) if minutes else found.seconds,
        found.stages,
        found.breaks,
    )


def _asked(name: str, text: str, kind: Kind[T]) -> T:
    try:
        return kind.parse(text.strip())
    except Refused:
        raise WrongProfile(f"{Problem(name, quoted(text), kind.allowed)}.") from None


def _customers(entry: Any) -> Customers:
    entry = _members("customers", entry, _CUSTOMERS)
    if missing := _CUSTOMERS - entry.keys():
        raise WrongProfile(f"customers: {', '.join(sorted(missing))} is missing")
    looks = _members("customers.looks", entry["looks"], frozenset(LOOKS))
    weights = {name: _number(f"customers.looks.{name}", looks.get(name, 0), 0, 1e6) for name in LOOKS}
    if not sum(weights.values()):
        raise WrongProfile("customers.looks: at least one must be above 0")
    words = entry["words"]
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise WrongProfile("customers.words: must be a list of words")
    polls = entry["poll_seconds"]
    if not isinstance(polls, list) or not polls:
        raise WrongProfile("customers.poll_seconds: must be a list of seconds")
    return Customers(
        think_seconds=_range("think_seconds", entry, 0, 600),
        rest_seconds=_range("rest_seconds", entry, 0, 3600),
        steps=_whole_range("steps", entry, 1, 100),
        lines=_whole_range("lines", entry, 1, 20),
        quantity=_whole_range("quantity", entry, 1, 20),
        poll_seconds=tuple(_number("customers.poll_seconds", poll, 0.1, 60) for poll in polls),
        looks=weights,
        words=tuple(words),
        **{name: _number(f"customers.{name}", entry[name], 0, 1) for name in _CUSTOMERS if name.endswith("_share")},
    )


def _profile(name: str, entry: Any) -> Profile:
    where = f"profiles.{name}"
    entry = _members(where, entry, _PROFILE)
    if ("steps" in entry) == ("stages" in entry):
        raise WrongProfile(f"{where}: needs either stages or steps")
    breaks = None
    if "steps" in entry:
        steps = int(_number(f"{where}.steps", entry["steps"], 1, 100))
        # Steps, not a slope, so that each level lasts long enough to show its effect.
        stages = tuple(Stage(1 / steps, number / steps) for number in range(1, steps + 1))
        limits = _members(f"{where}.breaks", entry.get("breaks"), frozenset(Breaks.__dataclass_fields__))
        breaks = Breaks(
            _number(f"{where}.breaks.error_share", limits.get("error_share"), 0, 1),
            _number(f"{where}.breaks.p99_seconds", limits.get("p99_seconds"), 0, 60),
        )
    else:
        stages = tuple(_stage(f"{where}.stages", stage) for stage in entry["stages"])
        if abs(sum(stage.share for stage in stages) - 1) > 1e-6:
            raise WrongProfile(f"{where}.stages: the shares must add up to 1")
    return Profile(
        str(name),
        str(entry.get("what", "")),
        int(_number(f"{where}.users", entry.get("users"), 1, MOST_USERS)),
        60 * _number(f"{where}.minutes", entry.get("minutes"), 0.1, MOST_MINUTES),
        stages,
        breaks,
    )


def _stage(where: str, entry: Any) -> Stage:
    entry = _members(where, entry, frozenset({"share", "to"}))
    return Stage(_number(f"{where}.share", entry.get("share"), 0.001, 1), _number(f"{where}.to", entry.get("to"), 0, 1))


def _members(where: str, entry: Any, known: frozenset[str]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise WrongProfile(f"{where}: must be a mapping of {', '.join(sorted(known))}")
    if unknown := entry.keys() - known:
        raise WrongProfile(f"{where}: {', '.join(sorted(map(str, unknown)))} is unknown")
    return entry


def _number(where: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise WrongProfile(f"{where}: must be a number from {low:g} to {high:g}, not {value!r}")
    return float(value)


def _range(name: str, entry: Mapping[str, Any], low: float, high: float) -> tuple[float, float]:
    where, pair = f"customers.{name}", entry[name]
    if not isinstance(pair, list) or len(pair) != 2:
        raise WrongProfile(f"{where}: must be two numbers, [least, most]")
    first, last = (_number(where, value, low, high) for value in pair)
    if first > last:
        raise WrongProfile(f"{where}: {first:g} is above {last:g}")
    return first, last


def _whole_range(name: str, entry: Mapping[str, Any], low: int, high: int) -> tuple[int, int]:
    first, last = _range(name, entry, low, high)
    return int(first), int(last)
