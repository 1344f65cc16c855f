"""``logs``: prints all logs of the instance as one readable stream, with filters."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from glasshouse_observability.settings import Problem
from glasshouse_observability.settings.shown import quoted
from stack import logline
from stack.errors import SettingError, StackError
from stack.logline import Filter, LogLine
from stack.logtail import Tail, history
from stack.paths import StatePaths
from stack.settings import Settings

POLL_SECONDS = 0.1
# Interval between checks for log files of new components.
LOOK_SECONDS = 1.0
COLOURS = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
SERVICE_COLOURS = ("36", "35", "34", "96", "95", "94", "92", "93")


def logs(settings: Settings, wanted: Filter, *, lines: int | None, follow: bool, stream: TextIO | None = None) -> int:
    """Print the last lines (all lines of a selected trace or request), then new lines until Ctrl-C."""
    out = stream or sys.stdout
    printer = Printer(out, colour=out.isatty() and "NO_COLOR" not in os.environ)
    tails = {path: Tail(path) for path in files(settings.paths)}
    if not tails:
        raise StackError(f"there are no logs in {settings.paths.logs}: start the stack with `make up`.")
    try:
        past = [line for tail in tails.values() for line in read_past(tail, wanted)]
        # Lines of one file keep their order, because the sort is stable and a line without a time uses its
        # predecessor's.
        past.sort(key=lambda pair: pair[0])
        count = len(past) if lines is None and wanted.by_id else 20 if lines is None else lines
        for _, line in past[len(past) - count if count < len(past) else 0 :]:
            printer.show(line)
        if follow:
            printer.follow(settings.paths, tails, wanted)
    except KeyboardInterrupt:
        return 0
    finally:
        for tail in tails.values():
            tail.close()
    return 0


def make_filter(services: str, level: str, trace: str, request: str) -> Filter:
    """Return the filter for the given options. Raises SettingError for an unknown level."""
    known = logline.level_of(level) if level else ""
    if level and not known:
        raise SettingError(Problem("LEVEL", quoted(level), f"one of {', '.join(logline.LEVELS)}"))
    return Filter(frozenset(name.strip() for name in services.split(",") if name.strip()), known, trace, request)


def files(paths: StatePaths) -> list[Path]:
    """Return every existing log file."""
    return sorted([*paths.json_logs.glob("*.log"), *paths.logs.glob("*.log")])


def is_own(path: Path) -> bool:
    """Return whether the file is the log of a component that writes JSON lines."""
    return path.parent.name == "json"


def read_past(tail: Tail, wanted: Filter) -> Iterator[tuple[str, LogLine]]:
    """Return the past lines that match the filter, each with the time to sort it by."""
    last = ""
    for raw in history(tail, wanted.possible, everything=wanted.by_id):
        line = logline.parse(tail.path.stem, raw)
        last = line.time or last
        if raw.strip() and wanted.passes(line, own=is_own(tail.path)):
            yield last, line


class Printer:
    """Writes lines in a readable form."""

    def __init__(self, out: TextIO, *, colour: bool) -> None:
        self.out, self.colour = out, colour

    def paint(self, text: str, code: str) -> str:
        """Return the text in a colour, if the output supports colours."""
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def show(self, line: LogLine) -> None:
        """Write one line: time, component, level, message, ids. A plain-text line follows its component unchanged."""
        name = self.paint(f"{line.service:<12}", SERVICE_COLOURS[sum(line.service.encode()) % len(SERVICE_COLOURS)])
        if not line.structured:
            self.out.write(f"{' ' * 12} {name} {line.raw}\n")
            return
        level = self.paint(f"{line.level or '-':<8}", COLOURS.get(line.level, "0"))
        ids = "".join(f"  {key}={value}" for key, value in line.ids.items())
        when = self.paint(f"{line.time[11:23]:<12}", "2")
        self.out.write(f"{when} {name} {level} {line.message}{self.paint(ids, '2')}\n")
        if trace := line.fields.get("exception_stacktrace"):
            for part in str(trace).rstrip().splitlines():
                self.out.write(f"{' ' * 26}{self.paint(part, '31')}\n")

    def follow(self, paths: StatePaths, tails: dict[Path, Tail], wanted: Filter) -> None:
        """Print lines that are written from now on, also to files that are created later."""
        looked = time.monotonic()
        while True:
            self.out.flush()
            if time.monotonic() - looked > LOOK_SECONDS:
                looked = time.monotonic()
                for path in files(paths):
                    if path not in tails:
                        tails[path] = Tail(path, from_start=True)
            quiet = True
            for path, tail in tails.items():
                for raw in tail.new_lines():
                    quiet = False
                    if raw.strip() and wanted.possible(raw):
                        line = logline.parse(path.stem, raw)
                        if wanted.passes(line, own=is_own(path)):
                            self.show(line)
            if quiet:
                time.sleep(POLL_SECONDS)
