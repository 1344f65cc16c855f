"""``make profile NAME=api-1 [SECONDS=20]``: what a running component spends its CPU on.

Python components: py-spy, as a flame graph (SVG). It looks into the running processes, those of a fork too, and changes
nothing in them; root may do so. Go servers: their own pprof, where they have it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import requests

from lab.clients.http import direct_session
from observability.settings import Problem, Whole
from observability.settings.errors import Refused
from observability.settings.shown import quoted
from stack import settings
from stack.components import PYTHON, Component, pick
from stack.errors import StackError
from stack.instance import Instance, attach
from stack.inventory import all_components
from stack.status import Row, collect

SAMPLES_A_SECOND = 100
LONGEST_SECONDS = 600
# Where each serves pprof, by the name of the port; the others of the Go servers do not serve it.
PPROF = {"prometheus": "prometheus", "alertmanager": "alertmanager", "victorialogs": "victorialogs", "loki": "loki"}
PTRACE = Path("/proc/sys/kernel/yama/ptrace_scope")


class CannotProfile(Exception):
    """Says why, and what to do instead."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Take a profile and say where it is; 2 if that cannot be done."""
    options = parser().parse_args(arguments)
    try:
        instance = attach(settings.read(os.environ))
        component = pick(all_components(instance), options.name)
        row = collect(instance).get(component.name)
        if row is None or row.state != "running" or row.pid is None:
            raise CannotProfile(f"{component.name} does not run: `make up` starts it.")
        print(f"{component.name} for {options.seconds} s …", flush=True)
        print(profiled(instance, component, row, options.seconds, options.pyspy))
    except (CannotProfile, StackError) as error:
        print(f"profile: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="make profile", description="Profile a running component.")
    top.add_argument("name", help="a component, as in `make status`")
    top.add_argument("--seconds", type=seconds, default=20, help=f"1 to {LONGEST_SECONDS}")
    top.add_argument("--pyspy", required=True, help="the py-spy program")
    return top


def seconds(text: str) -> int:
    """A whole number within bounds; raises ``ArgumentTypeError``."""
    kind = Whole(1, LONGEST_SECONDS)
    try:
        return kind.parse(text)
    except Refused:
        raise argparse.ArgumentTypeError(str(Problem("SECONDS", quoted(text), kind.allowed))) from None


def profiled(instance: Instance, component: Component, row: Row, length: int, pyspy: str) -> Path:
    """Profile a component and return the file. Raises ``CannotProfile``."""
    folder = instance.paths.state / "profiles"
    folder.mkdir(exist_ok=True)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    if component.program == PYTHON:
        assert row.pid is not None
        return flame_graph(row.pid, component.name, length, pyspy, folder / f"{component.name}-{at}.svg")
    if component.name in PPROF:
        url = f"{instance.ports.url(PPROF[component.name])}/debug/pprof/profile"
        return pprof(url, length, folder / f"{component.name}-{at}.pb.gz")
    raise CannotProfile(
        f"{component.name} is no Python process and serves no pprof: use `perf record -g -p {row.pid}`. "
        f"What can be profiled here: every Python component, and {', '.join(PPROF)}."
    )


def flame_graph(pid: int, name: str, length: int, pyspy: str, target: Path) -> Path:
    """py-spy's picture of the process and all it has started. Raises ``CannotProfile``.

    Of threads that hold the interpreter: a thread that waits for a socket or a lock uses no CPU.
    """
    if why := forbidden():
        raise CannotProfile(why)
    command = [pyspy, "record", "--pid", str(pid), "--subprocesses", "--duration", str(length)]
    command += [
        "--rate",
        str(SAMPLES_A_SECOND),
        "--format",
        "flamegraph",
        "--output",
        str(target),
        "--nonblocking",
        "--gil",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or not target.exists():
        said = done.stderr + done.stdout
        if "No stack counts found" in said:
            raise CannotProfile(f"{name} did nothing in {length} s: put it under load first, `make load`.")
        why = next((line for line in said.splitlines() if line.startswith("Error")), "it said nothing")
        raise CannotProfile(f"py-spy could not look into {name} (pid {pid}): {why}")
    return target


def forbidden() -> str:
    """Why this user may not look into another process, with the remedy; "" if they may."""
    if os.geteuid() == 0:
        return ""
    scope = PTRACE.read_text().strip() if PTRACE.exists() else "0"
    if scope == "0":
        return ""
    return (
        f"py-spy must look into another process, and kernel.yama.ptrace_scope={scope} keeps that to root: run "
        "`sudo -E make profile …`, or `sudo sysctl kernel.yama.ptrace_scope=0` until the next start of the machine."
    )


def pprof(url: str, length: int, target: Path) -> Path:
    """A Go server's own CPU profile. Raises ``CannotProfile``."""
    try:
        answer = direct_session().get(url, params={"seconds": length}, timeout=length + 15)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise CannotProfile(f"{url} gives no profile: {error}") from error
    target.write_bytes(answer.content)
    print("look at it with: go tool pprof -http 127.0.0.1:8899", target)
    return target


if __name__ == "__main__":
    sys.exit(main())
