"""``make load`` (``python -m stack exec lab.load PROFILE``): put the instance under load and compare with Prometheus.

Exit status: 0 if both have the same figures, 1 if not, 2 if the load failed to run, 130 after Ctrl-C (with a report of
the figures so far).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from glasshouse_observability.settings import MISCONFIGURED, WrongSetting
from lab.clients.errors import NoAnswer, RunFailed
from lab.clients.prometheus import Prometheus
from lab.clients.running_stack import RunningStack, default_state_dir
from lab.load import address
from lab.load.jmeter.process import JMeter, ramp_seconds
from lab.load.profiles.model import Profile, WrongProfile
from lab.load.profiles.reading import chosen, read
from lab.load.report.figures import figures
from lab.load.report.lines import Progress, disagreements, errors_said, summary
from lab.load.report.page import report
from lab.load.run.process import Generator, GeneratorFailed, Start
from lab.load.run.runner import Result, carry_out
from lab.load.run.target import Target
from lab.load.verify.counters import Counters


def parser() -> argparse.ArgumentParser:
    """Return the argument parser; all other settings come from ``stack exec``."""
    top = argparse.ArgumentParser(prog="make load", description="Put the running stack under load.")
    top.add_argument("profile", nargs="?", default="smoke", help="smoke, steady, spike, soak or stress")
    top.add_argument("--users", default="", help="maximum number of users")
    top.add_argument("--minutes", default="", help="duration")
    client = top.add_mutually_exclusive_group(required=True)
    client.add_argument("--python", help="use Locust: the Python of the load generator's environment")
    client.add_argument(
        "--jmeter", type=Path, help="use Apache JMeter: its home directory; any failed request fails the run"
    )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a profile."""
    options = parser().parse_args(arguments)
    # SIGTERM cleans up like Ctrl-C and starts the generated traffic again.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        customers, profiles = read()
        profile = chosen(profiles, options.profile, options.users, options.minutes)
        client, start = _client(options.python, options.jmeter)
        if options.jmeter:
            ramp_seconds(profile)
        settings = address.LoadSettings.from_env()
        url, counters = settings.api_url, Counters(Prometheus(settings.prometheus_url))
        target = Target.of(RunningStack.at(default_state_dir()))
        _say(announced(profile, url, client))
        at = datetime.now(UTC)
        with target.alone():
            folder = target.stack.state_dir / "load" / at.strftime("%Y-%m-%dT%H-%M-%SZ")
            folder.mkdir(parents=True)
            progress = Progress(_say)
            result = carry_out(profile, customers, url, counters, target, start, folder, progress.moment, _say)
        return finish(result, folder, at, strict=bool(options.jmeter))
    except WrongSetting as error:
        sys.stderr.write(f"load: {error}\n")
        return MISCONFIGURED
    except (WrongProfile, address.ForeignHost, RunFailed, NoAnswer, GeneratorFailed) as error:
        sys.stderr.write(f"load: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("load: stopped before any comparison.\n")
        return 130


def _client(python: str | None, jmeter: Path | None) -> tuple[str, Start]:
    """Return the client's name and the function that starts it."""
    if jmeter is not None:
        home = jmeter
        return "JMeter", lambda plan, folder: JMeter(home, plan, folder)
    return "Locust", lambda _, folder: Generator(python or sys.executable, folder)


def announced(profile: Profile, url: str, client: str) -> str:
    """Return one or two lines that announce the run."""
    return (
        f"{profile.name} ({profile.what}): up to {profile.users} users for {profile.seconds:.0f} s at {url}\n"
        f"  {client} and the stack share the {os.cpu_count()} cores of this machine: the figures cover both."
    )


def finish(result: Result, folder: Path, at: datetime, strict: bool) -> int:
    """Write the reports, print the summary, return the exit status. ``strict``: any failed request fails the run."""
    machine = {"cores": os.cpu_count(), "Python": platform.python_version(), "system": platform.machine()}
    said = at.isoformat(timespec="seconds")
    (folder / "report.json").write_text(json.dumps(figures(result, said, machine), indent=1) + "\n")
    (folder / "report.html").write_text(report(result, said, machine))
    _say("\n" + "\n".join(summary(result)))
    wrong = disagreements(result)
    for sentence in wrong:
        _say(f"  differs: {sentence}")
    failed = strict and bool(result.tally.errors)
    if failed:
        _say(f"  failed: {errors_said(result.tally.errors)}; with JMeter, no request may fail")
    _say(f"report: {folder / 'report.html'} (and report.json in the same folder)")
    if result.ended == "stopped":
        return 130
    return 1 if wrong or failed else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
