"""`python -m tests.library_versions`: run the library's tests with each combination of versions.

Exit status: 0 if all tests pass, 1 if a test fails or an environment cannot be made, 3 if all that ran passed but a
Python was not available.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from stack.paths import ROOT
from tests.library_versions import environment, interpreters
from tests.library_versions.combinations import COMBINATIONS, Combination, chosen
from tests.library_versions.report import Row, recorded, table
from tests.library_versions.running import RunFailed, run
from tests.newest.environment import SetupFailed

PAGE = ROOT / "docs" / "library" / "versions.md"
PASSED, FAILED, INCOMPLETE = 0, 1, 3


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.record and (options.combination or options.python):
        parser.error("--record needs all combinations, so do not name one")
    if options.resolve:
        for each in COMBINATIONS.values():
            environment.resolve(each)
        return PASSED
    with tempfile.TemporaryDirectory(prefix="gh-") as folder:
        built = environment.wheel(Path(folder))
        rows = [_row(each, python, built, options) for each, python in chosen(options.combination, options.python)]
    print(table(rows))
    if options.record:
        PAGE.write_text(recorded(PAGE.read_text(), rows, datetime.now(UTC).date(), quick=options.quick))
    return status(rows)


def status(rows: Sequence[Row]) -> int:
    """Return the exit status; nothing tested is a failure."""
    if not rows or any(not row.ok and row.available for row in rows):
        return FAILED
    return PASSED if all(row.ok for row in rows) else INCOMPLETE


def _row(combination: Combination, version: str, built: Path, options: argparse.Namespace) -> Row:
    print(f"{combination.name}, Python {version}", flush=True)
    try:
        interpreter = interpreters.find(version)
        with environment.environment(combination, interpreter, version, built) as python:
            return Row(combination, version, run(python, quick=options.quick, arguments=options.pytest))
    except interpreters.NotAvailable as error:
        return Row(combination, version, None, str(error), available=False)
    except (SetupFailed, RunFailed) as error:
        print(f"test-versions: {error}", file=sys.stderr)
        return Row(combination, version, None, str(error).splitlines()[-1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.library_versions", description=__doc__)
    parser.add_argument("--combination", choices=COMBINATIONS, help="only this combination (default: all)")
    parser.add_argument("--python", metavar="VERSION", help="only this Python, for example 3.13")
    parser.add_argument("--quick", action="store_true", help="only a few tests, which use every integration")
    parser.add_argument(
        "--record", action="store_true", help=f"write the result to {PAGE.name}; needs all combinations"
    )
    parser.add_argument("--resolve", action="store_true", help="write the exact versions in pins/ again, without tests")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
