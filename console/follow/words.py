"""Formats of amounts, times and colours in the terminal."""

from __future__ import annotations

from console.plaintext import one_line

_SERVICE_STYLES = {"api": "cyan", "worker": "green", "payments": "magenta", "nginx": "blue", "sweeper": "yellow"}
_LEVEL_STYLES = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
_LONGEST = 500


def safe(text: str) -> str:
    """Return text from servers in a form that is safe for the terminal: one line, no escape sequences."""
    return one_line(text, _LONGEST)


def amount(ms: float) -> str:
    """Return ``0.42 ms``, ``18 ms``, ``1.25 s``: three digits in a suitable unit."""
    if abs(ms) >= 1000:
        return f"{ms / 1000:.2f} s"
    if abs(ms) >= 100:
        return f"{ms:.0f} ms"
    return f"{ms:.1f} ms" if abs(ms) >= 10 else f"{ms:.2f} ms"


def clock(at: str) -> str:
    """Return the time of day of an RFC 3339 time, to the millisecond."""
    return safe(at)[11:23] or "?"


def money(cents: int, currency: str) -> str:
    """Return ``12.50 EUR``."""
    return f"{cents / 100:,.2f} {safe(currency)}".strip()


def service_style(service: str) -> str:
    """Return the colour of a service; unknown services have none."""
    return _SERVICE_STYLES.get(service, "default")


def level_style(level: str) -> str:
    """Return the colour of a log level; only levels that need attention have one."""
    return _LEVEL_STYLES.get(level, "dim")
