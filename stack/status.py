"""The state of every component, from supervisord and the operating system."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stack import joining
from stack.components import Component, Table
from stack.instance import Instance, read_record
from stack.inventory import all_components
from stack.joining import Joining
from stack.render import log_file
from stack.supervisor import Supervisor
from stack.supervisorconf import MISCONFIGURED

STATES = {
    "RUNNING": "running",
    "STARTING": "starting",
    "STOPPED": "stopped",
    "STOPPING": "stopped",
    "EXITED": "stopped",
    "BACKOFF": "backoff",
    "FATAL": "fatal",
    "UNKNOWN": "fatal",
}


@dataclass(frozen=True)
class Row:
    """One component's state: running, starting, stopped, backoff, fatal, building or absent. Port 0: no port."""

    state: str
    pid: int | None
    port: int
    url: str
    log: str
    uptime_seconds: float | None
    memory_bytes: int | None
    joining: str = ""
    """For a component that has not started: how long it has been building and about how long it will still take."""


def state_of(info: Mapping[str, Any] | None, joins: Joining | None) -> str:
    """Return the component's state in one word; ``info`` is supervisord's information, None if it has none."""
    if info is None:
        return "building" if joins else "absent"
    if info["statename"] == "EXITED" and info["exitstatus"] == MISCONFIGURED:
        return "fatal"
    return STATES.get(info["statename"], "fatal")


def row(
    instance: Instance,
    component: Component,
    info: Mapping[str, Any] | None,
    joins: Joining | None,
    children: Mapping[int, Sequence[int]],
) -> Row:
    """Return the component's row; ``children`` are child processes by parent."""
    pid = info["pid"] if info and info["pid"] else None
    return Row(
        state=state_of(info, joins),
        pid=pid,
        port=instance.ports[component.ports[0]] if component.ports else 0,
        url=component.url,
        log=str(log_file(instance.paths, component)),
        uptime_seconds=float(info["now"] - info["start"]) if info and pid else None,
        memory_bytes=resident(pid, children) if pid else None,
        joining=joins.words(time.time()) if joins and info is None else "",
    )


def children_of_all() -> dict[int, list[int]]:
    """Return the machine's child processes by parent. Called once for all components: it reads every process."""
    import psutil

    found: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        found.setdefault(process.info["ppid"], []).append(process.pid)
    return found


def resident(pid: int, children: Mapping[int, Sequence[int]]) -> int | None:
    """Return the resident memory of the process and its descendants in bytes; None if it has exited."""
    import psutil

    total, waiting, ended = 0, [pid], True
    while waiting:
        member = waiting.pop()
        waiting += children.get(member, ())
        try:
            total += psutil.Process(member).memory_info().rss
        except psutil.Error:
            continue
        ended = ended and member != pid
    return None if ended else total


def collect(instance: Instance, components_of: Table = all_components) -> dict[str, Row]:
    """Return one row per component of the instance as it was started or, if it was not, as it would be started now."""
    known = Supervisor(instance.paths.socket).processes()
    to_come = joining.expected(instance.paths)
    record = read_record(instance.paths)
    components = components_of(instance)
    if record:
        belongs = {*record["components"], *known}
        components = [component for component in components if component.name in belongs]
    children = children_of_all()
    return {
        component.name: row(instance, component, known.get(component.name), to_come.get(component.name), children)
        for component in components
    }
