"""``python -m lab.drills``: ``list``, ``check``, ``run NAME… | all | quick``, ``gameday``.

docs/reference/drills.md describes them.

Exit status: 0 if every expectation was met, 1 if not, 2 if a drill could not be carried out, 130 after Ctrl-C.
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
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m lab.drills",
        description="Fire drills: inject a fault, watch the alerts, clear the fault, measure.",
    )
    what = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    what.add_parser("list", help="every drill, and how its last run ended")
    what.add_parser("check", help="validate the scenarios")
    run = what.add_parser("run", help="carry out drills")
    run.add_argument("names", nargs="+", metavar="NAME", help="a drill, quick, or all")
    run.add_argument("--again", action="store_true", help="with all: also those that have passed already")
    run.add_argument(
        "--minutes", type=float, default=None, help="how long the fault (or the quiet of false-alarms) lasts"
    )
    run.add_argument("--users", type=float, default=None, help="load of so many times the declared one")
    run.add_argument("--here", action="store_true", help="on the instance that is up, or not at all")
    game = what.add_parser("gameday", help="a hidden fault: find it")
    game.add_argument("--seed", type=int, default=None, help="the same seed hides the same fault")
    game.add_argument("--answer", action="append", default=[], metavar="NAME", help="answer without being asked")
    for one in (run, game):
        one.add_argument("--own", action="store_true", help="on an instance of its own, even if one is up")
        one.add_argument("--keep", action="store_true", help="leave that instance's state and logs")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command."""
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
