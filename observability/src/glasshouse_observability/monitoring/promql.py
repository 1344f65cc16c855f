"""Texts of PromQL: series selectors, strings, and the expressions that several rules share."""

from __future__ import annotations

import re
from dataclasses import dataclass

from glasshouse_observability.monitoring.errors import WrongOption

_STRING = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`"""
_MATCHER = re.compile(rf"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*({_STRING})\s*")
_ESCAPE = re.compile(r"\\(?:[abfnrtv\\\"']|x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})")
_NOT_RE2 = re.compile(r"\(\?(?:<?[=!]|>)|\\[1-9]")


@dataclass(frozen=True)
class Selector:
    """The label matchers of a service, such as ``job="web"``."""

    matchers: str

    def of(self, metric: str, *more: str) -> str:
        """Return the selector of a metric's series, with the matchers ``more`` too; empty ones are left out."""
        return f"{metric}{{{', '.join([self.matchers, *filter(None, more)])}}}"

    def narrowed(self, *more: str) -> Selector:
        """Return a selector with the matchers ``more`` too."""
        return Selector(", ".join([self.matchers, *more]))


def quoted(text: str) -> str:
    """Return a PromQL string with this content."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def check_printable(option: str, text: str) -> None:
    """Raise ``WrongOption`` if ``text`` contains line breaks or other characters that files of rules cannot contain."""
    if not text.isprintable():
        raise WrongOption(f"{option} {text!r} contains a line break or another character that cannot be printed")


def selector(option: str, text: str) -> Selector:
    """Return the matchers of ``text``, with or without braces.

    Raises:
        WrongOption: ``text`` is not a list of label matchers.
    """
    check_printable(option, text)
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    found, position = [], 0
    while matched := _MATCHER.match(inner, position):
        label, operator, value = matched.groups()
        if label == "__name__":
            raise WrongOption(f"{option} {text!r}: __name__ is not supported, because each rule has its own metrics")
        _check_string(option, text, value)
        found.append(f"{label}{operator}{value}")
        position = matched.end()
        if not inner.startswith(",", position):
            break
        position += 1
    if not found or inner[position:].strip():
        example = """'job="web"' or 'job="web", env="production"'"""
        raise WrongOption(f"{option} {text!r} is not a list of label matchers; write them like {example}")
    return Selector(", ".join(found))


def _check_string(option: str, text: str, value: str) -> None:
    rest = _ESCAPE.sub("", value)
    if not value.startswith("`") and "\\" in rest:
        wrong = rest[rest.index("\\") :][:2]
        raise WrongOption(f"{option}: {wrong} is no escape of PromQL; write \\{wrong} in a regular expression")


def route_filter(option: str, pattern: str) -> str:
    """Return the matcher that excludes routes which match ``pattern`` completely; ``""`` for an empty pattern.

    Raises:
        WrongOption: Prometheus would reject the regular expression.
    """
    if not pattern:
        return ""
    check_printable(option, pattern)
    try:
        re.compile(pattern)
    except re.error as error:
        raise WrongOption(f"{option} {pattern!r} is not a regular expression: {error}") from error
    if unsupported := _NOT_RE2.search(pattern):
        raise WrongOption(f"{option} {pattern!r}: Prometheus does not support {unsupported[0]} (its syntax is RE2)")
    return f"http_route!~{quoted(pattern)}"


def boundary(seconds: float) -> str:
    """Return the matcher of a bucket. Exporters write the boundary of 1 second as ``1.0`` or ``1``."""
    if seconds == int(seconds):
        return f'le=~"{int(seconds)}|{int(seconds)}[.]0"'
    return f'le="{seconds:g}"'


def rate(series: str, window: str, by: str = "") -> str:
    """Return the sum of per-second rates of counters, by the labels ``by``."""
    grouping = f" by ({by}) " if by else ""
    return f"sum{grouping}(rate({series}[{window}]))"


def increased(series: str, up: str, window: str, by: str) -> str:
    """Return how much counters have increased, by the labels ``by``.

    ``increase`` does not count the first value of a series that appears with its first event, such as a job's first
    failures. Such a series counts as a whole if a target of ``up`` was scraped before the window; otherwise Prometheus
    itself is new, and the events may be old.
    """
    return (
        f"sum by ({by}) (\n"
        f"  ({series} unless {series} offset {window}) and on () group({up} offset {window})\n"
        f"  or increase({series}[{window}])\n"
        ")"
    )
