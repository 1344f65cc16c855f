"""The command line: ``python -m glasshouse_observability rules`` and ``dashboard``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence

from glasshouse_observability.monitoring import options, output
from glasshouse_observability.monitoring.dashboard import page
from glasshouse_observability.monitoring.errors import WrongOption
from glasshouse_observability.monitoring.rules import file
from glasshouse_observability.monitoring.service import Service

PROGRAM = "python -m glasshouse_observability"

_COMMANDS = {
    "rules": (
        "write Prometheus rules: alerts on requests, jobs, databases and telemetry, and objectives",
        "Write Prometheus rules for an application that uses glasshouse-observability: alerts on errors, duration,\n"
        "jobs, databases and telemetry, and burn-rate alerts of objectives. Prometheus 2.42 or newer reads the file.",
        "example:\n"
        f"  {PROGRAM} rules --service shop --selector 'job=\"web\"' \\\n"
        "      --jobs-selector 'job=\"worker\"' --output /etc/prometheus/rules/shop.yml\n"
        "  promtool check rules /etc/prometheus/rules/shop.yml",
    ),
    "dashboard": (
        "write a Grafana dashboard of the same metrics",
        "Write a Grafana dashboard (11 to 13) of the metrics of an application that uses glasshouse-observability.\n"
        "Give it the same options as the rules, because its lines are their limits.",
        "example:\n"
        f"  {PROGRAM} dashboard --service shop --without jobs --output shop.json\n"
        "  then in Grafana: Dashboards, New, Import, Upload dashboard JSON file",
    ),
}


def _rules(service: Service, arguments: Sequence[str]) -> str:
    return file.text(service, f"{PROGRAM} {shlex.join(arguments)}")


def _dashboard(service: Service, _: Sequence[str]) -> str:
    return page.text(service)


_WRITERS: dict[str, Callable[[Service, Sequence[str]], str]] = {"rules": _rules, "dashboard": _dashboard}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Alerts and a dashboard for an application that uses glasshouse-observability.",
        epilog=f"Show the options of a command: {PROGRAM} rules --help",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (summary, description, example) in _COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            usage=f"{PROGRAM} {name} --service NAME [options]",
            description=description,
            epilog=example,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        options.add_to(command)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Write the rules or the dashboard. Return 1 if the output cannot be written, 2 if an option is wrong."""
    parser = _parser()
    if not arguments:
        parser.print_help(sys.stderr)
        return 2
    try:
        asked = parser.parse_args(arguments)
    except SystemExit as stop:
        # argparse has printed the help (0) or the error with the usage (2).
        return stop.code if isinstance(stop.code, int) else 2
    try:
        service = options.service(asked)
    except WrongOption as error:
        sys.stderr.write(f"{PROGRAM} {asked.command}: {error}\n")
        return 2
    text = _WRITERS[asked.command](service, arguments)
    try:
        output.write(text, asked.output)
    except BrokenPipeError:
        # The reader of a pipe, such as head, has ended. Otherwise Python would report it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"--output {asked.output}" if asked.output else "standard output"
        sys.stderr.write(f"{PROGRAM} {asked.command}: cannot write {where}: {error.strerror}\n")
        return 1
    if asked.output:
        sys.stderr.write(f"wrote {asked.output}\n")
    return 0
