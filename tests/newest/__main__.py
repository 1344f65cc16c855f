"""`python -m tests.newest`: run the tests with newer packages, identify packages that break them, write the report.

Exit status: 0 if all tests pass, 1 if tests fail, 2 if the versions cannot be installed.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from stack.paths import ROOT, cache_home
from tests.newest import environment, versions
from tests.newest.culprit import blame
from tests.newest.report import Result, page, summary
from tests.newest.running import RunFailed, failing

PAGE = ROOT / "docs" / "reference" / "newest-versions.md"


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    options = _parser().parse_args(arguments)
    try:
        result = _run(options)
    except (environment.SetupFailed, RunFailed) as error:
        print(f"test-newest: {error}", file=sys.stderr)
        return 2
    print(page(result) if result.blamed else summary(result))
    for file in options.write or ():
        file.write_text(page(result))
    return 1 if result.blamed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.newest", description=__doc__)
    parser.add_argument("--package", choices=versions.WATCHED, help="upgrade only this package (default: all packages)")
    parser.add_argument("--main", action="store_true", help="take --package from its main branch")
    parser.add_argument("--pre", action="store_true", help="admit pre-releases")
    parser.add_argument("--write", action="append", type=Path, metavar="FILE", help="write the report to this file")
    parser.add_argument("--record", action="append_const", dest="write", const=PAGE, help=f"write it to {PAGE.name}")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    return parser


def _run(options: argparse.Namespace) -> Result:
    locked = versions.pinned(environment.LOCK.read_text())
    # OpenTelemetry has no branch here, because its pre-releases are its next versions.
    main = [options.package] if options.main and options.package in versions.MAIN_BRANCHES else []
    pre = options.pre or (options.main and not main)
    chosen = None if options.package is None else versions.members(options.package, locked)
    lock = environment.resolve(chosen, pre=pre, main=main)
    changed = versions.changes(locked, versions.pinned(lock))
    for change in changed:
        print(f"{change.name}: {change.locked or 'new'} -> {change.newest or 'not needed'}", flush=True)
    if not changed:
        print("every locked version is the newest", flush=True)
    failed = failing(environment.install(lock), arguments=options.pytest)
    # Without the coverage of one group there is nothing to attribute.
    groups = sorted({versions.group(change.name) for change in changed}) if not main else []
    with tempfile.TemporaryDirectory(dir=_scratch(), prefix=".newest-") as folder:

        def retried(group: str | None, tests: Sequence[str]) -> list[str]:
            print(f"again with {f'{group} upgraded alone' if group else 'the locked versions'}:", flush=True)
            upgrade = versions.members(group, [*locked, *(change.name for change in changed)]) if group else []
            return failing(environment.install(environment.resolve(upgrade, pre=pre), Path(folder)), tests)

        blamed = dict(blame(failed, groups, retried))
    return Result(
        day=datetime.now(UTC).date(),
        python=platform.python_version(),
        kind=_kind(options, main, pre),
        locked=locked,
        changed=changed,
        index=_limited(lock, chosen, pre=pre),
        blamed=blamed,
    )


def _scratch() -> Path:
    """On the cache's file system, so that uv links the files of packages instead of copying them."""
    folder = cache_home() / "venv"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _kind(options: argparse.Namespace, main: Sequence[str], pre: bool) -> str:
    which = "main branch" if main else "newest pre-releases" if pre else "newest releases"
    return f"{which} of {options.package or 'all packages'}"


def _limited(lock: str, chosen: Sequence[str] | None, *, pre: bool) -> dict[str, str]:
    """Return watched packages with a newer version in the index than could be installed with the others."""
    installed = versions.pinned(lock)
    names = [name for name in installed if versions.group(name) in versions.WATCHED and (not chosen or name in chosen)]
    newest = versions.pinned(environment.newest_alone(names, pre=pre))
    return {name: newest[name] for name in names if "://" not in installed[name] and newest[name] != installed[name]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
