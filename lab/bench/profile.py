"""``make profile NAME=api-1 [SECONDS=20]``: a CPU profile of a running component.

Python components are profiled with py-spy, which writes a flame graph (SVG). It reads the memory of the running
processes and their forks without changing them, which root is allowed to do. Go servers are profiled with their pprof
endpoint, if they have one.
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

from glasshouse_observability.settings import Problem, Whole
from glasshouse_observability.settings.errors import Refused
from glasshouse_observability.settings.shown import quoted
from lab.clients.http import direct_session
from stack import settings
from stack.components import PYTHON, Component, pick
from stack.errors import StackError
from stack.instance import Instance, attach
from stack.inventory import all_components
from stack.status import Row, collect

SAMPLES_A_SECOND = 100
LONGEST_SECONDS = 600
# Go servers with a pprof endpoint, and the name of its port. The other Go servers have none.
PPROF = {"prometheus": "prometheus", "alertmanager": "alertmanager", "victorialogs": "victorialogs", "loki": "loki"}
PTRACE = Path("/proc/sys/kernel/yama/ptrace_scope")


class CannotProfile(Exception):
    """The component cannot be profiled; the message states the reason and the alternative."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Record a profile and print its path. Returns 2 if that is not possible."""
    options = parser().parse_args(arguments)
    try:
        instance = attach(settings.read(os.environ))
        component = pick(all_components(instance), options.name)
        row = collect(instance).get(component.name)
        if row is None or row.state != "running" or row.pid is None:
            raise CannotProfile(f"{component.name} is not running: start it with `make up`.")
        print(f"{component.name} for {options.seconds} s …", flush=True)
        print(profiled(instance, component, row, options.seconds, options.pyspy))
    except (CannotProfile, StackError) as error:
        print(f"profile: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the argument parser."""
    top = argparse.ArgumentParser(prog="make profile", description="Profile a running component.")
    top.add_argument("name", help="a component listed by `make status`")
    top.add_argument("--seconds", type=seconds, default=20, help=f"1 to {LONGEST_SECONDS}")
    top.add_argument("--pyspy", required=True, help="path of py-spy")
    return top


def seconds(text: str) -> int:
    """Parse an integer within bounds. Raises ``ArgumentTypeError``."""
    kind = Whole(1, LONGEST_SECONDS)
    try:
        return kind.parse(text)
    except Refused:
        raise argparse.ArgumentTypeError(str(Problem("SECONDS", quoted(text), kind.allowed))) from None


def profiled(instance: Instance, component: Component, row: Row, length: int, pyspy: str) -> Path:
    """Profile a component and return the profile's path. Raises ``CannotProfile``."""
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
        f"{component.name} is not a Python process and does not serve pprof: use `perf record -g -p {row.pid}`. "
        f"`make profile` supports every Python component, and {', '.join(PPROF)}."
    )


def flame_graph(pid: int, name: str, length: int, pyspy: str, target: Path) -> Path:
    """Record py-spy's flame graph of the process and its descendants. Raises ``CannotProfile``.

    Only threads that hold the interpreter lock are sampled: a thread that waits for a socket or a lock uses no CPU.
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
            raise CannotProfile(f"{name} used no CPU in {length} s: put it under load first, with `make load`.")
        why = next((line for line in said.splitlines() if line.startswith("Error")), "no output")
        raise CannotProfile(f"py-spy could not read {name} (pid {pid}): {why}")
    return target


def forbidden() -> str:
    """Return why this user may not read another process, with the remedy; "" if the user may."""
    if os.geteuid() == 0:
        return ""
    scope = PTRACE.read_text().strip() if PTRACE.exists() else "0"
    if scope == "0":
        return ""
    return (
        f"py-spy must read another process, which kernel.yama.ptrace_scope={scope} allows only root: run "
        "`sudo -E make profile …`, or `sudo sysctl kernel.yama.ptrace_scope=0` until the next reboot."
    )


def pprof(url: str, length: int, target: Path) -> Path:
    """Fetch a Go server's CPU profile. Raises ``CannotProfile``."""
    try:
        answer = direct_session().get(url, params={"seconds": length}, timeout=length + 15)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise CannotProfile(f"{url} returned no profile: {error}") from error
    target.write_bytes(answer.content)
    print("view it with: go tool pprof -http 127.0.0.1:8899", target)
    return target


if __name__ == "__main__":
    sys.exit(main())
