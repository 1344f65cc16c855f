"""An instrumented MongoDB client, with what the driver's own events report, for comparison."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pymongo import MongoClient, monitoring

from glasshouse_observability.mongo.instrumentation import instrument_mongo
from library_support.signals import Signals

Document = dict[str, Any]


class Commands(monitoring.CommandListener):
    """Count the commands that the driver's events report as sent."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent[event.command_name] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Do nothing."""


class Observed(Signals):
    """A client, its observations, and the count of the driver's events."""

    def __init__(self, url: str, listeners: Sequence[Any] = (), **options: Any) -> None:
        super().__init__()
        self.commands = Commands()
        instrument_mongo(self.telemetry)
        self.client: MongoClient[Document] = MongoClient(url, event_listeners=[self.commands, *listeners], **options)
        self.db = self.client[f"test-{uuid.uuid4().hex[:12]}"]
        self.things = self.db["things"]

    def sent(self) -> dict[tuple[str, str], int]:
        """Return the commands of the driver's events like ``counted``, without the driver's own maintenance."""
        maintenance = ("killCursors", "endSessions")
        return {(name, ""): count for name, count in self.commands.sent.items() if name not in maintenance}

    def close(self) -> None:
        """Remove the data."""
        self.client.drop_database(self.db.name)
        self.client.close()
