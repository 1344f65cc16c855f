"""Polling of Prometheus and the inbox for new events."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lab.clients.errors import NoAnswer
from lab.drills.interfaces import Clock, Observatory
from lab.drills.watch.timeline import Event, Kind, Timeline


class Watcher:
    """Records events; call ``look`` about once per second. ``listener`` gets each new event. Thread-safe."""

    def __init__(self, observatory: Observatory, clock: Clock, listener: Callable[[Event], None]) -> None:
        self._observatory, self._clock, self._listener = observatory, clock, listener
        self._lock = threading.Lock()
        self._silent: set[str] = set()
        self._last: int | None = None
        self.timeline = Timeline()

    def look(self) -> None:
        """Return new events. A server that does not respond is recorded once per outage."""
        with self._lock:
            for part in (self._alerts, self._inbox):
                for event in part():
                    self._listener(event)

    def note(self, kind: Kind, text: str) -> Event:
        """Record an action of the runner."""
        event = Event(self._clock.now(), kind, text=text)
        with self._lock:
            self.timeline.add(event)
            self._listener(event)
        return event

    def _alerts(self) -> list[Event]:
        try:
            alerts = self._observatory.alerts()
        except NoAnswer as error:
            return self._mute("alerts", str(error))
        self._silent.discard("alerts")
        return self.timeline.saw(alerts, self._clock.now())

    def _inbox(self) -> list[Event]:
        try:
            if self._last is None:
                self._last = self._observatory.newest_message()
            messages = self._observatory.messages(self._last)
        except NoAnswer as error:
            return self._mute("inbox", str(error))
        self._silent.discard("inbox")
        if messages:
            self._last = max(message.id for message in messages)
        return self.timeline.received(messages)

    def _mute(self, what: str, said: str) -> list[Event]:
        if what in self._silent:
            return []
        self._silent.add(what)
        event = Event(self._clock.now(), Kind.NOTE, text=said)
        self.timeline.add(event)
        return [event]
