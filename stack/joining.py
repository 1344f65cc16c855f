"""The file that ``up`` maintains while it fetches and builds: the components that have not started, with estimates.

``status``, the console and ``make follow`` read it (the latter two in ``console/joining.py``, through JOINING_FILE) and
show it for a server that does not respond yet:

    {"pid": 4711, "components": {"jaeger": {"url": "http://127.0.0.1:16686", "state": "building", "since": 1764277200.0,
                                            "until": 1764277290.0}}}

``pid`` is the running ``up``: once that process has ended, the file is ignored. ``state`` is "building" or "waiting"
(for another build, or for a package). Times are Unix seconds; ``since`` is when this ``up`` found the component's
program missing, ``until`` an estimate.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from stack import lock
from stack.components import Component
from stack.errors import AlreadyUnderWay
from stack.modules import Module
from stack.paths import StatePaths
from stack.render import write
from stack.say import clock

# The build thread writes the file; the thread that starts a component removes it from the file.
_WRITING = threading.Lock()


@dataclass(frozen=True)
class Joining:
    """One component that has not started yet."""

    url: str
    state: str
    since: float
    until: float

    def words(self, now: float) -> str:
        """``building for 1 min 20 s, about 40 s more``."""
        left = self.until - now
        more = f"about {clock(left)} more" if left > 1 else "should finish at any moment"
        return f"{self.state} for {clock(max(0.0, now - self.since))}, {more}"


@contextlib.contextmanager
def sole_up(paths: StatePaths) -> Iterator[None]:
    """Hold this instance's lock for ``up``. Raises AlreadyUnderWay if another ``up`` holds it."""
    try:
        with lock.hold(paths.up_lock):
            try:
                yield
            finally:
                paths.joining_file.unlink(missing_ok=True)
    except lock.Held as held:
        raise AlreadyUnderWay(
            f"another `make up` (pid {held.pid}) is running for {paths.state}: wait, or stop it with `make down`."
        ) from None


def forecast(absent: Sequence[Component], left: Sequence[Module], since: float, now: float) -> dict[str, Joining]:
    """Estimate when each absent component starts, given the modules left to build. The first one is being built now."""
    finished: dict[str, tuple[str, float]] = {}
    end = now
    for module in left:
        end += module.minutes * 60
        state = "building" if module is left[0] else "waiting"
        finished |= {output: (state, end) for _, output in module.builds}
    programs = {component.name: component.program for component in absent}
    answer = {}
    for component in absent:
        program = programs.get(component.joins_with, component.program)
        state, until = finished.get(program, ("waiting", now))
        answer[component.name] = Joining(component.url, state, since, until)
    return answer


def note(paths: StatePaths, joining: Mapping[str, Joining]) -> None:
    """Record the components that have not started yet."""
    with _WRITING:
        _write(paths, joining)


def _write(paths: StatePaths, joining: Mapping[str, Joining]) -> None:
    components = {name: asdict(its) for name, its in joining.items()}
    write(paths.joining_file, json.dumps({"pid": os.getpid(), "components": components}, indent=2))


def keep(paths: StatePaths, names: Collection[str]) -> None:
    """Remove all components except these."""
    with _WRITING:
        _write(paths, {name: its for name, its in expected(paths).items() if name in names})


def expected(paths: StatePaths) -> dict[str, Joining]:
    """Return the components that have not started yet; empty if no ``up`` runs, even if a killed one left a file."""
    if not lock.is_held(paths.up_lock):
        return {}
    try:
        written = json.loads(paths.joining_file.read_text())["components"]
    except (OSError, ValueError, KeyError):
        return {}
    return {name: Joining(**its) for name, its in written.items()}
