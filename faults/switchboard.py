"""Switches faults on and off; each change writes a log line and updates a counter and a gauge."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge

from faults import flags
from faults.definitions import FAULTS, Fault, Parameters
from faults.flags import Switched

_log = logging.getLogger("faults")
ACTIONS = ("on", "off", "expired")


class Switchboard:
    """Write the flag file. Several processes may share a file, as the API's replicas do."""

    def __init__(
        self, path: Path, registry: CollectorRegistry, agent: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        """``agent`` is whether a fault agent runs, for the faults that a process cannot inject into itself."""
        self._path, self._agent, self._clock = path, agent, clock
        active = Gauge("fault_active", "Whether a fault is switched on", ["fault"], registry=registry)
        # Set at each check: 0 from the start.
        self._active = {name: active.labels(name) for name in FAULTS}
        self._switched = Counter(
            "faults_switched_total",
            "Faults switched on or off, or expired",
            ["fault", "action"],
            registry=registry,
        )
        for name in FAULTS:
            for action in ACTIONS:
                self._switched.labels(name, action)

    def available(self, fault: Fault) -> bool:
        """Return whether this installation can inject the fault."""
        return self._agent or fault.where != "agent"

    def on(self, fault: Fault, parameters: Parameters, seconds: int, by: str) -> Switched:
        """Switch a fault on for ``seconds`` from now, even if it is already on. Raises ``OSError``."""
        now = self._clock()
        switched = Switched(int(now), math.ceil(now + seconds), by, parameters)
        flags.change(self._path, lambda every: every.update({fault.name: switched}))
        self._publish("on", fault.name, switched, by)
        return switched

    def off(self, fault: Fault, by: str) -> None:
        """Switch a fault off; does nothing if it is already off. Raises ``OSError``."""
        ended: list[Switched] = []

        def edit(every: dict[str, Switched]) -> None:
            if (switched := every.pop(fault.name, None)) is not None:
                ended.append(switched)

        flags.change(self._path, edit)
        for switched in ended:
            self._publish("off", fault.name, switched, by)

    def switched(self) -> dict[str, Switched]:
        """Return the faults that are on; none if the file cannot be parsed."""
        try:
            found = flags.parse(flags.text_of(self._path))
        except (OSError, flags.BadFlagFile):
            return {}
        return {name: one for name, one in found.items() if self._clock() < one.until}

    def look(self) -> None:
        """Remove expired faults from the file and set the gauge. Raises ``OSError``."""
        try:
            found = flags.parse(flags.text_of(self._path))
        except flags.BadFlagFile:
            found = {}
        if any(one.until <= self._clock() for one in found.values()):
            self._expire()
        for name, active in self._active.items():
            active.set(float(name in found and self._clock() < found[name].until))

    def _expire(self) -> None:
        ended: dict[str, Switched] = {}

        def edit(every: dict[str, Switched]) -> None:
            ended.update({name: one for name, one in every.items() if one.until <= self._clock()})
            for name in ended:
                del every[name]

        flags.change(self._path, edit)
        for name, switched in ended.items():
            self._publish("expired", name, switched, switched.by)

    def _publish(self, action: str, name: str, switched: Switched, by: str) -> None:
        self._switched.labels(name, action).inc()
        extra = {
            "event": f"fault.{action}",
            "fault": name,
            "until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(switched.until)),
            "by": by,
            **{f"fault_{key}": value for key, value in switched.parameters.items()},
        }
        _log.warning("fault %s %s", name, "has ended" if action == "expired" else action, extra=extra)
