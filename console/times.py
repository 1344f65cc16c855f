"""Times as text, one form everywhere: UTC, RFC 3339, microseconds, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """Return ``2026-11-23T04:00:00.123456Z``; a time without a zone is taken as UTC."""
    return _utc(moment).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime | None:
    """Return the time written in RFC 3339 or ISO 8601, in UTC; None if it is invalid."""
    try:
        return _utc(datetime.fromisoformat(text.strip()))
    except ValueError:
        return None


def _utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:  # within a day of the first or last supported year, where the zone makes no difference
        return moment.replace(tzinfo=UTC)
