"""``logs --query``: prints the log store's lines that match a LogQL query: the newest ones, then new arrivals."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TextIO

from stack.errors import StackError
from stack.logline import SPELLINGS, LogLine
from stack.logs import Printer

POLL_SECONDS = 1.0
ANSWER_SECONDS = 35.0
# Lines arrive late and out of order: the last seconds are queried again, and lines already shown are skipped.
OVERLAP_NS = 10_000_000_000
HOUR_NS = 3_600_000_000_000
MOST_LINES = 5_000


def query_logs(url: str, query: str, *, lines: int, follow: bool, stream: TextIO | None = None) -> int:
    """Print the newest matching lines of the last hour, then new ones until Ctrl-C. Raises StackError."""
    out = stream or sys.stdout
    printer = Printer(out, colour=out.isatty())
    start, limit = time.time_ns() - HOUR_NS, min(max(lines, 1), MOST_LINES)
    shown: dict[tuple[int, str], None] = {}
    try:
        while True:
            now = time.time_ns()
            for at, line in ask(url, query, start, now + 1_000_000_000, limit):
                if (at, line.raw) not in shown:
                    shown[(at, line.raw)] = None
                    printer.show(line)
            out.flush()
            if not follow:
                return 0
            shown = {key: None for key in shown if key[0] >= now - 2 * OVERLAP_NS}
            start, limit = now - OVERLAP_NS, MOST_LINES
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return 0


def ask(url: str, query: str, start: int, end: int, limit: int) -> list[tuple[int, LogLine]]:
    """Return the lines of Loki's ``query_range`` with their times in ns, oldest first. Raises StackError."""
    asked = urllib.parse.urlencode({"query": query, "start": start, "end": end, "limit": limit})
    # Proxies from the environment do not apply to this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/loki/api/v1/query_range?{asked}", timeout=ANSWER_SECONDS) as answer:
            data = json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise StackError(f"the log store refused the query: {error.read().decode(errors='replace').strip()}") from error
    except (OSError, ValueError, KeyError) as error:
        raise StackError(
            f"the log store at {url} does not respond ({error}): `make status` shows its state."
        ) from error
    if data["resultType"] != "streams":
        raise StackError("a metric query returns no lines: use a log query, which begins with a selector in braces.")
    found = [
        (int(value[0]), line_of(int(value[0]), value[1], stream["stream"]))
        for stream in data["result"]
        for value in stream["values"]
    ]
    return sorted(found, key=lambda pair: pair[0])


def line_of(at: int, message: str, labels: dict[str, str]) -> LogLine:
    """Convert a line of the store to the printer's format."""
    seconds, rest = divmod(at, 1_000_000_000)
    when = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1000:06d}Z"
    service = labels.get("service_instance_id") or labels.get("service_name", "")
    level = SPELLINGS.get(labels.get("level", "").upper(), "")
    return LogLine(service, json.dumps([message, labels], sort_keys=True), when, level, service, message or " ", labels)
