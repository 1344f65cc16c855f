"""``python -m stack exec lab.bench.scaling``: measure with temporary databases on the running instance."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

from pymongo import MongoClient
from rich.console import Console

from lab.bench import addresses
from lab.bench.machine import machine
from lab.bench.page import put_into
from lab.bench.scaling import picture, telemetry
from lab.bench.scaling.measure import Curve, bent_first, measured
from lab.bench.scaling.picture import duration
from lab.bench.scaling.subjects import Subject, all_subjects
from shop.adapters.mongo import Document
from stack.paths import ROOT

LEAST, MOST = 1_000, 1_000_000


def main() -> int:
    """Measure and print. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make bench-scaling", description=__doc__.partition(":")[2])
    parser.add_argument(
        "--most",
        type=int,
        default=MOST,
        help=f"skip sizes above this one ({MOST}); a lower value leaves the documents unchanged",
    )
    asked = parser.parse_args()
    if not LEAST <= asked.most <= MOST:
        parser.error(f"--most must be from {LEAST} to {MOST}")
    say = Console(width=110, highlight=False).print
    curves: list[Curve] = []
    (url,) = addresses.read(addresses.MONGO_URL)
    with MongoClient[Document](url, tz_aware=True) as client:
        for subject in all_subjects():
            curves += grown(client, subject, asked.most, lambda text: say(f"  {text}"))
    text = summary(curves)
    say(text)
    if asked.most >= MOST:
        put_into(ROOT / "docs" / "explanation" / "performance.md", "scaling", text)
        foot = f"Median time of one call, by factors of ten. {machine()}. {datetime.now(UTC):%Y-%m-%d}"
        (ROOT / "docs" / "images" / "scaling.svg").write_text(picture.svg(curves, foot))
    return 0


def grown(client: MongoClient[Document], subject: Subject, most: int, say: Callable[[str], None]) -> list[Curve]:
    """Measure one subject at all its sizes up to ``most``. Its databases are dropped in any case."""
    run = secrets.token_hex(4)
    with ExitStack() as ended:
        by_size = {}
        for size in [size for size in subject.sizes if size <= most]:
            say(f"{subject.name}: filling {size:,}")
            name = f"bench-{run}-{size}"
            ended.callback(client.drop_database, name)
            by_size[size] = subject.filled(client, client[name], size)
        say(f"{subject.name}: measuring")
        return measured(subject.name, by_size)


def summary(curves: list[Curve]) -> str:
    """Return the results as Markdown."""
    lines = [f"Measured on {machine()}; {datetime.now(UTC):%Y-%m-%d}; median of one call.", ""]
    for subject in dict.fromkeys(curve.subject for curve in curves):
        ours = [curve for curve in curves if curve.subject == subject]
        sizes = [size for size, _ in ours[0].points]
        lines += [
            f"| {subject} | {' | '.join(f'{size:,}' for size in sizes)} | growth |",
            "|---" * (len(sizes) + 2) + "|",
        ]
        for curve in ours:
            costs = " | ".join(duration(seconds) for _, seconds in curve.points)
            lines.append(f"| {curve.operation} | {costs} | × {curve.growth:,.1f} |")
        lines.append("")
    bent = bent_first([curve for curve in curves if curve.subject != "label sets of one histogram"])
    lines += [f"**Greatest growth: {bent.operation}**, {duration(bent.points[-1][1])} at {bent.points[-1][0]:,}.", ""]
    replicas = ", ".join(f"{instance} {count:,}" for instance, count in sorted(telemetry.series_per_replica().items()))
    lines.append(f"- Series of each process at its last scrape: {replicas}.")
    if size := telemetry.log_bytes_per_request():
        lines.append(f"- Bytes of log for each request, without those of its job: {size:,.0f}.")
    searches = "; ".join(f"{count:,} lines {duration(took)}" for count, took in telemetry.looking_for_one_request())
    lines.append(f"- The log store finds one request's lines among {searches}.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
