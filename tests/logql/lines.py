"""The test lines of lines.yaml, and the time format of the files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "lines.yaml"
SECOND = 10**9
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
STEADY_HOURS = 7
"""The base is a multiple of this number of hours, so that 7-minute steps match the alignment of Loki's frontend."""
AGE_HOURS = 3
"""The minimum age of the base. The 70 minutes after it contain no lines of a stack that was started for a test."""


@dataclass(frozen=True)
class Line:
    """A line. ``after`` is in nanoseconds since the base. ``metadata`` has the types that are sent."""

    id: str
    after: int
    text: str
    stream: dict[str, str]
    metadata: dict[str, Any]
    twice: bool

    @property
    def labels(self) -> dict[str, str]:
        """The labels as in query results: dots and hyphens become underscores, and an empty value is not a label."""
        shown = {re.sub("[.-]", "_", name): str(value) for name, value in self.metadata.items()}
        return {name: value for name, value in {**self.stream, **shown}.items() if value}


@cache
def load() -> dict[str, Line]:
    """Return every line by its id."""
    found: dict[str, Line] = {}
    for part in yaml.safe_load(FILE.read_text()):
        for line in part["lines"]:
            assert line["id"] not in found, f"{line['id']} occurs twice"
            found[line["id"]] = Line(
                line["id"], offset(line["at"]), line["text"], part["stream"], line.get("with", {}), "twice" in line
            )
    return found


def services() -> list[str]:
    """Return the services of the lines."""
    return sorted({line.stream["service_name"] for line in load().values()})


def base_before(now: int) -> int:
    """Return the base for a run at ``now``. Both are in nanoseconds since the epoch."""
    hours = now // (60 * MINUTE) - AGE_HOURS
    return hours // STEADY_HOURS * STEADY_HOURS * 60 * MINUTE


def offset(text: str) -> int:
    """Convert an offset (``25:00.000000001`` as minutes and seconds, ``-7d``, ``+1d``) to ns after the base."""
    if text.endswith("d"):
        return int(text[:-1]) * DAY
    minutes, _, seconds = text.partition(":")
    whole, _, fraction = seconds.partition(".")
    return int(minutes) * MINUTE + int(whole) * SECOND + int(fraction.ljust(9, "0"))


def written(after: int) -> str:
    """Return an offset in the format of the files."""
    if after % DAY == 0 and after:
        return f"{after // DAY:+d}d"
    seconds, fraction = divmod(after, SECOND)
    return f"{seconds // 60:02d}:{seconds % 60:02d}" + (f".{fraction:09d}".rstrip("0") if fraction else "")
