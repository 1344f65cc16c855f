"""``python -m lab.drills``: ``list``, ``check``, ``run NAME… | all | quick``, ``gameday``.

docs/reference/drills.md describes them.

Exit status: 0 if every expectation was met, 1 if not, 2 if a drill failed to run, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lab.clients.errors import RunFailed
from lab.drills.cli import commands
from lab.drills.run.interrupt import as_interrupt
from lab.drills.spec.reader import UnknownDrill, WrongDeclaration
from stack.errors import SettingError


def parser() -> argparse.ArgumentParser:
    """Return the argument parser."""
    top = argparse.ArgumentParser(
        prog="python -m lab.drills",
        description="Drills: inject a fault, record the alerts, clear the fault, verify the expectations.",
    )
    what = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    what.add_parser("list", help="list every drill with the result of its last run")
    what.add_parser("check", help="validate the scenarios")
    run = what.add_parser("run", help="run drills")
    run.add_argument("names", nargs="+", metavar="NAME", help="a drill, quick, or all")
    run.add_argument("--again", action="store_true", help="with all: also run drills that have already passed")
    run.add_argument("--minutes", type=float, default=None, help="duration of the fault (or of false-alarms)")
    run.add_argument("--users", type=float, default=None, help="multiply the scenario's load by this factor")
    run.add_argument("--here", action="store_true", help="use the running instance; fail if none is running")
    game = what.add_parser("gameday", help="inject a hidden fault to find")
    game.add_argument("--seed", type=int, default=None, help="the same seed selects the same fault")
    game.add_argument("--answer", action="append", default=[], metavar="NAME", help="give this answer without a prompt")
    for one in (run, game):
        one.add_argument("--own", action="store_true", help="start a separate instance, even if one is running")
        one.add_argument("--keep", action="store_true", help="keep that instance's state and logs")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command."""
    options = parser().parse_args(arguments)
    try:
        with as_interrupt():
            return commands()[options.command](options)
    except (UnknownDrill, WrongDeclaration, RunFailed, SettingError) as error:
        sys.stderr.write(f"drills: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("drills: stopped; the fault is cleared.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
