"""The faults that are on for this process."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

from faults.definitions import FAULTS, Parameters, Value
from faults.provider import FlagFileProvider

_log = logging.getLogger("faults")
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Active:
    """A fault that is on for this process until ``until`` (seconds since 1970)."""

    until: float
    parameters: Parameters

    def hits(self, chance: Callable[[], float] = random.random) -> bool:
        """Return whether the fault applies this time: in ``percent`` of all cases."""
        return chance() * 100 < float(self.parameters.get("percent", 100))

    def number(self, name: str, default: float = 0.0) -> float:
        """Return a parameter that is a number."""
        return float(self.parameters.get(name, default))

    def get(self, name: str) -> Value | None:
        """Return a parameter, or ``None`` if it is not given."""
        return self.parameters.get(name)


class Faults:
    """The flags for this process (``service``, ``instance``), read twice a second.

    The flags are evaluated when the file changes and when a fault expires. A query is a dictionary look-up, which takes
    no lock and works after a fork.
    """

    def __init__(self, path: Path, service: str, instance: str, clock: Callable[[], float] = time.time) -> None:
        self._provider = FlagFileProvider(path)
        self._clock, self.path = clock, path
        self._context = EvaluationContext(instance, {"service": service, "instance": instance})
        # A separate domain: other flags of the process, if any, keep their provider.
        domain = f"faults-{id(self)}"
        api.set_provider_and_wait(self._provider, domain)
        self._client = api.get_client(domain)
        self._active: Mapping[str, Active] = {}
        self._complained = ""
        self._listeners: list[Callable[[], None]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)

    def active(self, name: str) -> Active | None:
        """Return the fault if it is on for this process now."""
        found = self._active.get(name)
        return found if found is not None and self._clock() < found.until else None

    def epoch(self) -> object:
        """A value that changes only with the active faults. A forked process keeps those active at the fork."""
        return self._active

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` twice a second in the thread that reads the file."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Read the file now, and from then on in a separate thread."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Stop reading the file."""
        self._stop.set()

    def look(self) -> None:
        """Read changes. A file that cannot be parsed switches every fault off, and is logged once."""
        try:
            changed = self._provider.reload()
        except (OSError, ValueError, OpenFeatureError, AttributeError, TypeError, RecursionError) as error:
            self._active = {}
            if repr(error) != self._complained:
                _log.error("cannot parse the flag file: %r", error, extra={"event": "fault.bad_file"})
            self._complained = repr(error)
            return
        self._complained = ""
        if changed or any(fault.until <= self._clock() for fault in self._active.values()):
            self._active = self._evaluated()

    def _evaluated(self) -> Mapping[str, Active]:
        found: dict[str, Active] = {}
        for name in FAULTS:
            details = self._client.get_object_details(name, {}, self._context)
            until, value = details.flag_metadata.get("until"), details.value
            # A fault without an end is ignored, because the file was edited by hand and the fault would stay on.
            ends = until if isinstance(until, int | float) else math.inf
            if details.variant == "on" and math.isfinite(ends) and isinstance(value, Mapping):
                found[name] = Active(float(ends), {key: one for key, one in value.items() if _plain(one)})  # type: ignore[misc]
        return found

    def _run(self) -> None:
        failing: dict[int, str] = {}
        while not self._stop.wait(LOOK_SECONDS):
            self.look()
            for number, listener in enumerate(self._listeners):
                try:
                    listener()
                except Exception as error:  # noqa: BLE001  (one fault that fails must not keep the others from ending)
                    # It is retried at the next check, and logged once.
                    if failing.get(number) != repr(error):
                        _log.exception("cannot apply a fault", extra={"event": "fault.failed"})
                    failing[number] = repr(error)
                else:
                    failing.pop(number, None)


def _plain(value: object) -> bool:
    return isinstance(value, int | float | str)
