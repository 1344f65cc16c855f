"""``python -m lab.chaos``: send orders while components are killed in turn, then audit every ledger.

Exit status: 0 if every invariant holds, 1 if one is broken, 2 if the run could not be completed.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from pymongo.errors import PyMongoError
from requests import RequestException

from lab.chaos.killer import IN_TURN
from lab.chaos.report import Progress, show, write_json
from lab.chaos.run import ChaosRun, carry_out
from lab.clients.errors import RunFailed
from lab.clients.own_stack import own_stack
from lab.clients.running_stack import RunningStack


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=50.0, help="orders per second")
    parser.add_argument(
        "--seed", type=int, default=None, help="repeats the order mix and the outage durations of an earlier run"
    )
    parser.add_argument("--turns", type=int, default=1, help="how often each component is killed at least")
    parser.add_argument("--no-kills", action="store_true")
    parser.add_argument(
        "--state-dir", type=Path, default=None, help="use a running instance instead of starting a separate one"
    )
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="also write the figures to this file")
    parser.add_argument(
        "--keep", action="store_true", help="keep the state directory of the instance that the run started"
    )
    chosen = parser.parse_args(arguments)
    if not 1 <= chosen.orders <= 100_000 or not 0.1 <= chosen.rate <= 1000:
        parser.error("--orders must be 1 to 100000 and --rate 0.1 to 1000")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute the run. Returns the exit status."""
    chosen, progress = options(arguments), Progress()
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(10_000)
    run = ChaosRun(chosen.orders, chosen.rate, () if chosen.no_kills else IN_TURN, seed=seed, turns=chosen.turns)
    progress.say(f"seed {seed}; " + ("starting an instance" if chosen.state_dir is None else "checking the instance"))
    place = (
        own_stack(chosen.keep) if chosen.state_dir is None else nullcontext(RunningStack.at(chosen.state_dir.resolve()))
    )
    try:
        with place as instance:
            outcome = carry_out(instance, run, progress)
            progress.done()
            show(outcome.figures, outcome.violations, progress.console)
            if chosen.keep:
                progress.console.print(f"State and logs: {instance.state_dir}")
    except (RunFailed, PyMongoError, RequestException) as error:
        progress.done()
        sys.stderr.write(f"chaos: {error}\n")
        return 2
    except KeyboardInterrupt:
        progress.done()
        return 130
    if chosen.json is not None:
        write_json(chosen.json, seed, outcome.figures, outcome.violations, outcome.kills)
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
