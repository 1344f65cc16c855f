"""``python -m faults.agent``: does to servers what no flag in our own code can, and undoes it.

It pauses Redis and MongoDB, kills processes and stops telemetry, of its own instance only, as the flag file says
(``faults/``). What it does is written down first, so that whatever ends it, its next start undoes what is over.
Standard library only (``observability.settings`` too), and little of it: it runs all the time.
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
from observability.settings import MISCONFIGURED, REQUIRED, AnyPath, FromEnv, WrongSetting, setting

LOOK_SECONDS = 0.5
MARK = "GLASSHOUSE_INSTANCE"
"""In the environment of every process of an instance (``stack.stragglers``)."""

PAUSE, KEEP_DOWN, KILL = "pause", "keep-down", "kill"
DEEDS: Mapping[str, tuple[str, str]] = {
    "redis-pause": (PAUSE, "redis"),
    "mongo-pause": (PAUSE, "mongo"),
    "telemetry-outage": (KEEP_DOWN, "collector"),
    "replica-kill": (KILL, "api-1"),
}
"""Fault to what is done, and to which component if the flag names none."""

Deed = dict[str, str | int]


def say(level: str, event: str, message: str, **fields: object) -> None:
    """One log line in the form of all others."""
    now = time.time()
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"
    who = {"logger": "saboteur", "service": "saboteur", "instance": "saboteur"}
    line = {"timestamp": at, "level": level, "message": message, "event": event, **who, **fields}
    print(json.dumps(line), flush=True)  # noqa: T201


def wanted(text: str, now: float) -> dict[str, Deed]:
    """What the flag file asks for now. A file that is not understood asks for nothing."""
    found: dict[str, Deed] = {}
    try:
        flags = json.loads(text)["flags"]
        for fault, (kind, component) in DEEDS.items():
            flag = flags.get(fault, {})
            if "targeting" in flag and now < float(flag["metadata"]["until"]):
                found[fault] = {"kind": kind, "component": flag["variants"]["on"].get("instance", component)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return found


@dataclass(frozen=True)
class AgentSettings(FromEnv):
    """What it reads, what it writes, and by whom it acts."""

    flags: Path = setting("FAULTS_FILE", AnyPath(), REQUIRED, "the file that says which faults are on")
    record: Path = setting("SABOTEUR_RECORD", AnyPath(), REQUIRED, "where it notes what it has done")
    socket: Path = setting("SUPERVISOR_SOCKET", AnyPath(), REQUIRED, "the socket of supervisord")


class Saboteur:
    """Makes what is done equal what is wanted."""

    def __init__(self, flags: str, record: str, supervisor: Supervisor, clock: Callable[[], float] = time.time) -> None:
        self._flags, self._record, self._supervisor, self._clock = flags, record, supervisor, clock
        self.done: dict[str, Deed] = read_record(record)
        self._complained = ""
        self._write()

    def look(self) -> None:
        """Do what is wanted and not done, undo what is done and not wanted."""
        asked = wanted(read(self._flags), self._clock())
        for fault in list(self.done):
            if fault not in asked or asked[fault]["component"] != self.done[fault]["component"]:
                self._try(self._undo, fault)
        for fault, deed in asked.items():
            if fault not in self.done:
                self._try(self._do, fault, deed)
            elif deed["kind"] == PAUSE:
                self._try(self._pause_again, fault)

    def undo_all(self) -> None:
        """Leave nothing behind."""
        for fault in list(self.done):
            self._try(self._undo, fault)

    def _do(self, fault: str, deed: Deed) -> None:
        component = str(deed["component"])
        pid = self._supervisor.pid(component)
        self.done[fault] = {**deed, "pid": pid}
        self._write()
        if deed["kind"] == PAUSE:
            send(pid, signal.SIGSTOP)
        else:
            if deed["kind"] == KILL and pid:
                self._supervisor.signal(component, "KILL")
            self._supervisor.stop(component)
        say("WARNING", "saboteur.did", f"{deed['kind']} {component}", fault=fault, component=component, pid=pid)

    def _pause_again(self, fault: str) -> None:
        # Somebody has restarted it, and the fault is still on.
        pid = self._supervisor.pid(str(self.done[fault]["component"]))
        if pid and pid != self.done[fault]["pid"]:
            self.done[fault]["pid"] = pid
            self._write()
            send(pid, signal.SIGSTOP)

    def _undo(self, fault: str) -> None:
        deed = self.done[fault]
        if deed["kind"] == PAUSE:
            send(int(deed["pid"]), signal.SIGCONT)
        else:
            self._supervisor.start(str(deed["component"]))
        del self.done[fault]
        self._write()
        say("WARNING", "saboteur.undid", f"{deed['kind']} {deed['component']} is over", fault=fault)

    def _try(self, act: Callable[..., None], fault: str, *arguments: Deed) -> None:
        try:
            act(fault, *arguments)
        except SupervisorSilent as error:
            # Tried again at the next look, told once.
            if str(error) != self._complained:
                say("ERROR", "saboteur.failed", str(error), fault=fault)
            self._complained = str(error)

    def _write(self) -> None:
        fresh = f"{self._record}.new"
        with open(fresh, "w") as file:
            json.dump({"pid": os.getpid(), "done": self.done}, file)
        os.replace(fresh, self._record)


def read(path: str) -> str:
    """The file's text, empty if there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def read_record(path: str) -> dict[str, Deed]:
    """What was done and not undone when this program last ran."""
    try:
        done = json.loads(read(path))["done"]
        return {
            fault: {"kind": DEEDS[fault][0], "component": str(deed["component"]), "pid": int(deed["pid"])}
            for fault, deed in done.items()
            if fault in DEEDS
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process of this instance; any other that has the pid by now is left alone."""
    if pid <= 1:
        return
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            if f"{MARK}={os.environ.get(MARK, '')}".encode() in file.read().split(b"\0"):
                os.kill(pid, number)
    except (OSError, ProcessLookupError):
        return


def main() -> int:
    """Look twice a second until SIGTERM. Returns the exit status, 78 for a wrong setting."""
    try:
        settings = AgentSettings.from_env()
    except WrongSetting as error:
        say("CRITICAL", "settings.wrong", str(error), settings=error.names)
        return MISCONFIGURED
    going = [True]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: going.clear())
    saboteur = Saboteur(str(settings.flags), str(settings.record), Supervisor(str(settings.socket)))
    say("INFO", "saboteur.ready", "saboteur ready", left_over=len(saboteur.done))
    while going:
        saboteur.look()
        time.sleep(LOOK_SECONDS)
    saboteur.undo_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
