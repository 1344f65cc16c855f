"""``python -m lab.bench.log_store``: fills its own store step by step and measures at each size."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from lab.bench.log_store.filling import WEEK, Filler
from lab.bench.log_store.servers import Servers, running
from lab.bench.machine import machine
from lab.bench.page import put_into
from lab.clients.http import direct_session
from stack.paths import ROOT

SIZES = (1_000, 10_000, 100_000, 1_100_000, 10_000_000)
SEARCHES = 60
HOUR = 3600


@dataclass(frozen=True)
class Row:
    """The measurements at one size: seconds, bytes, lines per second."""

    lines: int
    search_p50: float
    search_p95: float
    rate: float
    scan: float
    disk: float
    store_memory: int
    gateway_memory: int
    ingested: float


def main() -> int:
    """Measure and print. A run over all sizes replaces the table in docs/explanation/performance.md."""
    parser = argparse.ArgumentParser(prog="make bench-logs", description=__doc__.partition(":")[2])
    parser.add_argument("--most", type=int, default=SIZES[-1], help=f"skip sizes above this one ({SIZES[-1]:,})")
    most = parser.parse_args().most
    if not SIZES[0] <= most <= SIZES[-1]:
        parser.error(f"--most must be from {SIZES[0]} to {SIZES[-1]}")
    say = Console(width=120, highlight=False).print
    rows = []
    with tempfile.TemporaryDirectory(prefix="glasshouse-logs-") as folder, running(Path(folder)) as servers:
        filler = Filler(servers.store)
        for size in [size for size in SIZES if size <= most]:
            ingested = filler.add(size - filler.lines)
            rows.append(measured(servers, filler, ingested, say))
    text = table(rows)
    say(text)
    if most >= SIZES[-1]:
        put_into(ROOT / "docs" / "explanation" / "performance.md", "log store", text)
    return 0


def measured(servers: Servers, filler: Filler, ingested: float, say: Callable[[str], None]) -> Row:
    """Measure one row: searches by id over the whole week, a per-minute rate over a day, regex scans of an hour."""
    end = filler.begin + WEEK + 10**10
    chosen = filler.ids[:: max(len(filler.ids) // SEARCHES, 1)][:SEARCHES]
    searches = []
    for request_id in [chosen[0], *chosen]:
        query = f'{{service_name=~".+"}} | request_id="{request_id}"'
        took, found = _asked(servers.gateway, query, filler.begin, end)
        if sum(len(stream["values"]) for stream in found) != 1:
            raise RuntimeError(f"{request_id} was found {found} times instead of once")
        searches.append(took)
    del searches[0]
    rate, _ = _asked(
        servers.gateway, 'sum by (service_name, level) (rate({service_name=~".+"}[1m]))', end - WEEK // 7, end
    )
    # Two concurrent scans, over one hour of the week, for text that no index covers.
    with ThreadPoolExecutor(2) as pool:
        scans = [
            pool.submit(
                _asked,
                servers.gateway,
                f'{{service_name=~".+"}} |~ "no{number}thing.*[0-9]{{9}}"',
                end - WEEK // 168,
                end,
            )
            for number in range(2)
        ]
        scan = max(one.result()[0] for one in scans)
    servers.wait_written(filler.lines)
    store, gateway = servers.resident_bytes()
    row = Row(
        filler.lines,
        statistics.median(searches),
        statistics.quantiles(searches, n=20, method="inclusive")[-1],
        rate,
        scan,
        servers.disk_bytes() / filler.lines,
        store,
        gateway,
        ingested,
    )
    say(f"{row.lines:,} lines: a request id is found in {_ms(row.search_p50)} (p95 {_ms(row.search_p95)})")
    return row


def _asked(gateway: str, query: str, start: int, end: int) -> tuple[float, list[dict[str, list[list[str]]]]]:
    began = time.perf_counter()
    answer = direct_session().get(
        f"{gateway}/loki/api/v1/query_range",
        params={"query": query, "start": str(start), "end": str(end), "step": "60", "limit": "1000"},
        timeout=130,
    )
    answer.raise_for_status()
    return time.perf_counter() - began, answer.json()["data"]["result"]


def table(rows: list[Row]) -> str:
    """Return the results as Markdown."""
    columns = (
        "lines",
        "request id found, p50",
        "p95",
        "rate by service over a day, one point per minute",
        "two regex scans of an hour",
        "disk per line",
        "memory: store",
        "gateway",
        "ingested",
    )
    lines = [
        f"Measured on {machine()}; {datetime.now(UTC):%Y-%m-%d}; VictoriaLogs behind the log gateway, lines spread "
        "over a week.",
        "",
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
    ]
    for row in rows:
        cells = (
            f"{row.lines:,}",
            *(_ms(seconds) for seconds in (row.search_p50, row.search_p95, row.rate, row.scan)),
            f"{row.disk:.0f} B",
            f"{row.store_memory / 1e6:.0f} MB",
            f"{row.gateway_memory / 1e6:.0f} MB",
            f"{row.ingested:,.0f} lines/s",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
