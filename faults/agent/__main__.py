"""``python -m faults.agent``: injects the faults that a process cannot inject into itself, and clears them.

It pauses Redis and MongoDB, kills processes and stops telemetry components of its own instance, as the flag file
(``faults/``) requires. It records each action before it acts: after a crash, its next start clears faults that have
expired. It imports few modules, all from the standard library, to use little memory, because it always runs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from faults.agent.supervisord import Supervisor, SupervisorSilent
from glasshouse_observability.settings import MISCONFIGURED, REQUIRED, AnyPath, FromEnv, WrongSetting, setting

LOOK_SECONDS = 0.5
MARK = "GLASSHOUSE_INSTANCE"
"""This variable is in the environment of every process of an instance (``stack.stragglers``)."""

PAUSE, KEEP_DOWN, KILL = "pause", "keep-down", "kill"
ACTIONS: Mapping[str, tuple[str, str]] = {
    "redis-pause": (PAUSE, "redis"),
    "mongo-pause": (PAUSE, "mongo"),
    "telemetry-outage": (KEEP_DOWN, "collector"),
    "replica-kill": (KILL, "api-1"),
}
"""Fault to action, and the default component if the flag names none."""

Action = dict[str, str | int]


def say(level: str, event: str, message: str, **fields: object) -> None:
    """Write one log line in the project's format."""
    now = time.time()
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"
    who = {"logger": "fault-agent", "service": "fault-agent", "instance": "fault-agent"}
    line = {"timestamp": at, "level": level, "message": message, "event": event, **who, **fields}
    print(json.dumps(line), flush=True)  # noqa: T201


def wanted(text: str, now: float) -> dict[str, Action]:
    """Return the actions that the flag file requires now; none if it cannot be parsed."""
    found: dict[str, Action] = {}
    try:
        flags = json.loads(text)["flags"]
        for fault, (kind, component) in ACTIONS.items():
            flag = flags.get(fault, {})
            if "targeting" in flag and now < float(flag["metadata"]["until"]):
                found[fault] = {"kind": kind, "component": flag["variants"]["on"].get("instance", component)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return found


@dataclass(frozen=True)
class AgentSettings(FromEnv):
    """The files that the agent reads and writes, and the socket of supervisord."""

    flags: Path = setting("FAULTS_FILE", AnyPath(), REQUIRED, "the file that lists the faults that are on")
    record: Path = setting("FAULT_AGENT_RECORD", AnyPath(), REQUIRED, "the file that records the actions of the agent")
    socket: Path = setting("SUPERVISOR_SOCKET", AnyPath(), REQUIRED, "supervisord's socket")


class FaultAgent:
    """Reconcile the actions in effect with the flag file."""

    def __init__(self, flags: str, record: str, supervisor: Supervisor, clock: Callable[[], float] = time.time) -> None:
        self._flags, self._record, self._supervisor, self._clock = flags, record, supervisor, clock
        self.done: dict[str, Action] = read_record(record)
        self._complained = ""
        self._write()

    def look(self) -> None:
        """Start actions that are required, and end those that are not."""
        asked = wanted(read(self._flags), self._clock())
        for fault in list(self.done):
            if fault not in asked or asked[fault]["component"] != self.done[fault]["component"]:
                self._try(self._undo, fault)
        for fault, action in asked.items():
            if fault not in self.done:
                self._try(self._do, fault, action)
            elif action["kind"] == PAUSE:
                self._try(self._pause_again, fault)

    def undo_all(self) -> None:
        """End all actions."""
        for fault in list(self.done):
            self._try(self._undo, fault)

    def _do(self, fault: str, action: Action) -> None:
        component = str(action["component"])
        pid = self._supervisor.pid(component)
        self.done[fault] = {**action, "pid": pid}
        self._write()
        if action["kind"] == PAUSE:
            send(pid, signal.SIGSTOP)
        else:
            if action["kind"] == KILL and pid:
                self._supervisor.signal(component, "KILL")
            self._supervisor.stop(component)
        say(
            "WARNING",
            "fault_agent.injected",
            f"{action['kind']} {component}",
            fault=fault,
            component=component,
            pid=pid,
        )

    def _pause_again(self, fault: str) -> None:
        # The component was restarted while the fault is still on.
        pid = self._supervisor.pid(str(self.done[fault]["component"]))
        if pid and pid != self.done[fault]["pid"]:
            self.done[fault]["pid"] = pid
            self._write()
            send(pid, signal.SIGSTOP)

    def _undo(self, fault: str) -> None:
        action = self.done[fault]
        if action["kind"] == PAUSE:
            send(int(action["pid"]), signal.SIGCONT)
        else:
            self._supervisor.start(str(action["component"]))
        del self.done[fault]
        self._write()
        say("WARNING", "fault_agent.cleared", f"{action['kind']} {action['component']} has ended", fault=fault)

    def _try(self, act: Callable[..., None], fault: str, *arguments: Action) -> None:
        try:
            act(fault, *arguments)
        except SupervisorSilent as error:
            # It is retried at the next check, and logged once.
            if str(error) != self._complained:
                say("ERROR", "fault_agent.failed", str(error), fault=fault)
            self._complained = str(error)

    def _write(self) -> None:
        fresh = f"{self._record}.new"
        with open(fresh, "w") as file:
            json.dump({"pid": os.getpid(), "done": self.done}, file)
        os.replace(fresh, self._record)


def read(path: str) -> str:
    """Return the file's text; it is empty if the file does not exist."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def read_record(path: str) -> dict[str, Action]:
    """Return the actions that were in effect when this program last ran."""
    try:
        done = json.loads(read(path))["done"]
        return {
            fault: {"kind": ACTIONS[fault][0], "component": str(action["component"]), "pid": int(action["pid"])}
            for fault, action in done.items()
            if fault in ACTIONS
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process of this instance; a process of another instance that has the same pid now gets no signal."""
    if pid <= 1:
        return
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            if f"{MARK}={os.environ.get(MARK, '')}".encode() in file.read().split(b"\0"):
                os.kill(pid, number)
    except (OSError, ProcessLookupError):
        return


def main() -> int:
    """Check twice a second until SIGTERM; return the exit status, 78 for a wrong setting."""
    try:
        settings = AgentSettings.from_env()
    except WrongSetting as error:
        say("CRITICAL", "settings.wrong", str(error), settings=error.names)
        return MISCONFIGURED
    going = [True]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: going.clear())
    agent = FaultAgent(str(settings.flags), str(settings.record), Supervisor(str(settings.socket)))
    say("INFO", "fault_agent.ready", "fault agent ready", left_over=len(agent.done))
    while going:
        agent.look()
        time.sleep(LOOK_SECONDS)
    agent.undo_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
