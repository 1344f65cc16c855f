"""A parser of the runbooks: their sections and their queries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.rules.files import ALERTS

FOLDER = ALERTS / "runbooks"
SECTIONS = ("Impact", "Confirm", "Mitigate", "Causes", "Follow-up")
LANGUAGES = ("promql", "logql", "jaeger")
_FENCE = re.compile(r"^```(\w*)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"(\w+)=(\{[^}]*\}|\S+)")
# Not a metric name: functions are followed by a parenthesis, and labels are in braces or follow `by`.
_NOT_NAMES = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)')
_NAME = re.compile(r"\b[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()")
_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "by", "without"}


@dataclass(frozen=True)
class Query:
    """One fenced query."""

    runbook: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.runbook}-{self.number}-{self.language}"


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.md"))


def queries() -> list[Query]:
    """Return every fenced block of every runbook."""
    return [
        Query(file.stem, number, found[1], found[2])
        for file in files()
        for number, found in enumerate(_FENCE.finditer(file.read_text()), 1)
    ]


def sections(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def drills(text: str) -> list[str]:
    """Return the drills that a runbook names."""
    return re.findall(r"`make drill NAME=([\w-]+)`", text)


def metrics(promql: str) -> set[str]:
    """Return the names of the metrics that a query reads."""
    selected = set(re.findall(r'__name__="([^"]+)"', promql))
    bare = _NOT_NAMES.sub(" ", promql)
    return selected | {name for name in _NAME.findall(bare) if name.lower() not in _WORDS and not name[0].isdigit()}


def jaeger(query: str) -> dict[str, str]:
    """Return the values for Jaeger's search form, by field."""
    return dict(_PARAMETER.findall(query))
