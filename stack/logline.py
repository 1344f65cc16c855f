"""A parser for one line of any log: our own JSON, the servers' JSON and logfmt, plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
SPELLINGS = {
    **{name: name for name in LEVELS},
    **{"D": "DEBUG", "I": "INFO", "W": "WARNING", "E": "ERROR", "F": "CRITICAL"},
    **{"TRACE": "DEBUG", "NOTICE": "INFO", "WARN": "WARNING", "ERR": "ERROR", "CRIT": "CRITICAL"},
    **{"ALERT": "CRITICAL", "EMERG": "CRITICAL", "FATAL": "CRITICAL", "PANIC": "CRITICAL", "DPANIC": "CRITICAL"},
    # Redis marks the level with one character.
    **{".": "DEBUG", "-": "DEBUG", "*": "INFO", "#": "WARNING"},
}
IDS = ("trace_id", "request_id", "job_id", "order_id")
PLAIN_LEVEL = re.compile(
    r"\blevel=\"?(?P<logfmt>\w+)"  # Prometheus, Loki, Alertmanager
    r"|^\d+:\w (?:\d+ \w+ \d+ )?[\d:.]+ (?P<redis>[.*#-]) "
    r"|^\S+ \S+ \[(?P<nginx>\w+)\] "
    r"|^\S+\s(?P<zap>debug|info|warn|error|dpanic|panic|fatal)\s"  # Collector, Jaeger
    r"|^\S+ \S+ (?P<supervisor>DEBG|INFO|WARN|ERRO|CRIT) "
)
PLAIN_TIME = re.compile(r"(?:^|\bts=\"?)(\d{4}[-/]\d\d[-/]\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,6}))?")


@dataclass(frozen=True)
class LogLine:
    """One parsed line. ``level`` and ``time`` are "" if the line does not contain them."""

    component: str
    raw: str
    time: str = ""
    level: str = ""
    service: str = ""
    message: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def structured(self) -> bool:
        """Whether the line was JSON."""
        return bool(self.message)

    @property
    def ids(self) -> dict[str, str]:
        """The ids that link the line to other lines."""
        return {name: str(self.fields[name]) for name in IDS if self.fields.get(name)}


def parse(component: str, raw: str) -> LogLine:
    """Parse a line from the log of the component."""
    if raw.startswith("{"):
        try:
            fields = json.loads(raw)
        except ValueError:
            fields = None
        if isinstance(fields, dict) and (message := fields.get("message", fields.get("msg"))):
            return LogLine(
                component=component,
                raw=raw,
                time=time_of(fields.get("timestamp", fields.get("ts", fields.get("t")))),
                level=level_of(fields.get("level", fields.get("s", ""))),
                service=str(fields.get("instance") or fields.get("service") or component),
                message=str(message),
                fields=fields,
            )
    found, when = PLAIN_LEVEL.search(raw), PLAIN_TIME.search(raw)
    level = next((text for text in found.groups() if text), "") if found else ""
    time = f"{when[1].replace('/', '-')}T{when[2]}.{(when[3] or '').ljust(6, '0')}" if when else ""
    return LogLine(component=component, raw=raw, service=component, level=level_of(level), time=time)


def level_of(text: object) -> str:
    """Return the level in the spelling that we use for all writers; "" if it is not a level."""
    name = str(text).upper()
    return SPELLINGS.get(name) or SPELLINGS.get({"DEBG": "DEBUG", "ERRO": "ERROR"}.get(name, name[:1] + "?"), "")


def time_of(value: object) -> str:
    """Return a timestamp as ``YYYY-MM-DDThh:mm:ss.ffffff``, which sorts as text; "" if it is not a timestamp."""
    if isinstance(value, dict):  # MongoDB: {"$date": "…"}
        value = value.get("$date")
    try:
        if isinstance(value, int | float):
            moment = datetime.fromtimestamp(value, UTC)
        else:
            moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError):
        return ""
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


@dataclass(frozen=True)
class Filter:
    """The lines that ``logs`` shows. An empty field matches every line; ``level`` is the lowest level shown."""

    services: frozenset[str] = frozenset()
    level: str = ""
    trace: str = ""
    request: str = ""

    @property
    def by_id(self) -> bool:
        """Whether it selects the lines of one trace or request, at any position in the logs."""
        return bool(self.trace or self.request)

    def possible(self, raw: str) -> bool:
        """Check the text quickly, before the line is parsed."""
        return self.trace in raw and self.request in raw

    def passes(self, line: LogLine, *, own: bool) -> bool:
        """Return whether to show the line.

        A line without a level counts as INFO. In the log of our own processes (``own``), which otherwise write JSON, it
        is the output of a crash and counts as ERROR.
        """
        names = {line.component, line.service, str(line.fields.get("service", ""))}
        if self.services and not self.services & names:
            return False
        level = line.level or ("ERROR" if own and not line.structured else "INFO")
        if self.level and LEVELS[level] < LEVELS[self.level]:
            return False
        return self.possible(line.raw)
