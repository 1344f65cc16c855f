"""Format and parse times with nanoseconds by Go's reference time ``2006-01-02T15:04:05``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from log_gateway.templates.errors import TemplateFailed

_SECOND = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ELEMENT = re.compile(
    r"January|Jan|Monday|Mon|MST|2006|Z07:00:00|Z07:00|Z070000|Z0700|Z07|-07:00:00|-07:00|-070000|-0700|-07"
    r"|002|01|02|03|04|05|06|15|[.,]0+(?!\d)|[.,]9+(?!\d)|_2(?!006)|PM|pm|1|2|3|4|5"
)
_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


@dataclass(frozen=True)
class Moment:
    """A time in nanoseconds since 1970, with a time zone."""

    nanoseconds: int
    zone: tzinfo = UTC

    def datetime(self) -> datetime:
        """Return the time without nanoseconds. TemplateFailed outside the years 1 to 9999."""
        try:
            return (_EPOCH + timedelta(seconds=self.nanoseconds // _SECOND)).astimezone(self.zone)
        except OverflowError:
            raise TemplateFailed("this time is outside the years 1 to 9999") from None

    def __str__(self) -> str:
        return written(self, "2006-01-02 15:04:05.999999999 -0700 MST")


def _offset(moment: datetime, element: str) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    if element[0] == "Z" and seconds == 0:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    parts = [f"{hours:02d}", f"{rest // 60:02d}", f"{rest % 60:02d}"]
    count = sum(letter.isdigit() for letter in element) // 2
    return ("-" if seconds < 0 else "+") + (":" if ":" in element else "").join(parts[:count])


def _fraction(nanoseconds: int, element: str) -> str:
    digits = f"{nanoseconds:09d}"[: len(element) - 1].ljust(len(element) - 1, "0")
    if element[1] == "9":
        digits = digits.rstrip("0")
    return element[0] + digits if digits else ""


def _calendar(moment: datetime, element: str) -> str | None:
    match element:
        case "2006":
            return f"{moment.year:04d}"
        case "06":
            return f"{moment.year % 100:02d}"
        case "January" | "Jan":
            name = _MONTHS[moment.month - 1]
            return name if element == "January" else name[:3]
        case "01" | "1":
            return f"{moment.month:0{len(element)}d}"
        case "Monday" | "Mon":
            name = _DAYS[moment.weekday()]
            return name if element == "Monday" else name[:3]
        case "02" | "2":
            return f"{moment.day:0{len(element)}d}"
        case "_2":
            return f"{moment.day:2d}"
        case "002":
            return f"{moment.timetuple().tm_yday:03d}"
    return None


def _clock(moment: datetime, element: str) -> str:
    match element:
        case "15":
            return f"{moment.hour:02d}"
        case "03" | "3":
            return f"{(moment.hour % 12) or 12:0{len(element)}d}"
        case "04" | "4":
            return f"{moment.minute:0{len(element)}d}"
        case "05" | "5":
            return f"{moment.second:0{len(element)}d}"
        case "PM":
            return "PM" if moment.hour >= 12 else "AM"
        case "pm":
            return "pm" if moment.hour >= 12 else "am"
        case "MST":
            return moment.tzname() or "UTC"
    return _offset(moment, element)


def written(moment: Moment, layout: str) -> str:
    """Format the time with a layout."""
    at, rest = moment.datetime(), moment.nanoseconds % _SECOND

    def element(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] in ".,":
            return _fraction(rest, found)
        return _calendar(at, found) or _clock(at, found)

    return _ELEMENT.sub(element, layout)


_READING = {
    "2006": r"(?P<year>\d{4})",
    "06": r"(?P<short>\d{2})",
    "January": f"(?P<name>{'|'.join(_MONTHS)})",
    "Jan": f"(?P<name>{'|'.join(name[:3] for name in _MONTHS)})",
    "01": r"(?P<month>\d{2})",
    "1": r"(?P<month>\d{1,2})",
    "Monday": f"(?:{'|'.join(_DAYS)})",
    "Mon": f"(?:{'|'.join(name[:3] for name in _DAYS)})",
    "02": r"(?P<day>\d{2})",
    "2": r"(?P<day>\d{1,2})",
    "_2": r" ?(?P<day>\d{1,2})",
    "15": r"(?P<hour>\d{2})",
    "03": r"(?P<hour>\d{2})",
    "3": r"(?P<hour>\d{1,2})",
    "04": r"(?P<minute>\d{2})",
    "4": r"(?P<minute>\d{1,2})",
    # Go accepts a fraction after the seconds even if the layout has none.
    "05": r"(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?",
    "5": r"(?P<second>\d{1,2})(?:[.,](?P<fraction>\d+))?",
    "PM": r"(?P<half>AM|PM)",
    "pm": r"(?P<half>am|pm)",
    "MST": r"(?P<zone>UTC|GMT)",
}


@lru_cache(64)
def _reader(layout: str) -> re.Pattern[str]:
    pattern, end = "", 0
    for match in _ELEMENT.finditer(layout):
        pattern += re.escape(layout[end : match.start()])
        end = match.end()
        element = match[0]
        if element[0] in ".,":
            continue
        if element in _READING:
            pattern += _READING[element]
        elif element[0] in "-Z" and len(element) <= 6:
            pattern += (
                r"(?P<offset>Z|[+-]\d{2}:?(?:\d{2})?)" if element[0] == "Z" else r"(?P<offset>[+-]\d{2}:?(?:\d{2})?)"
            )
        else:
            raise TemplateFailed(f"reading {element} is not supported")
    try:
        return re.compile(pattern + re.escape(layout[end:]), re.ASCII)
    except re.error:
        raise TemplateFailed(f"layout {layout!r} has an element twice") from None


def read(layout: str, text: str, zone: tzinfo) -> Moment:
    """Parse a text with a layout. TemplateFailed if the text does not match."""
    match = _reader(layout).fullmatch(text)
    if match is None:
        raise TemplateFailed(f"parsing time {text!r} as {layout!r}: cannot parse")
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    try:
        return _moment(found, zone)
    except (ValueError, OverflowError) as error:
        raise TemplateFailed(f"parsing time {text!r}: {error}") from None


def _moment(found: dict[str, str], zone: tzinfo) -> Moment:
    year = int(found.get("year", 0))
    if "short" in found:
        year = int(found["short"]) + (1900 if int(found["short"]) >= 69 else 2000)
    names = [name[:3] for name in _MONTHS]
    month = names.index(found["name"][:3]) + 1 if "name" in found else int(found.get("month", 1))
    hour = int(found.get("hour", 0))
    if "half" in found:
        hour = hour % 12 + (12 if found["half"].upper() == "PM" else 0)
    if found.get("zone"):
        zone = UTC
    if "offset" in found:
        zone = _zone(found["offset"])
    day, minute, second = int(found.get("day", 1)), int(found.get("minute", 0)), int(found.get("second", 0))
    seconds = int((datetime(year, month, day, hour, minute, second, tzinfo=zone) - _EPOCH).total_seconds())
    return Moment(seconds * _SECOND + int(found.get("fraction", "0")[:9].ljust(9, "0")), zone)


def _zone(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset) if offset else UTC
