"""What a pipeline knows of one line while the stages work on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from log_gateway.source import Entry

ERROR = "__error__"
ERROR_DETAILS = "__error_details__"
PRESERVE_ERROR = "__preserve_error__"
DUPLICATE_SUFFIX = "_extracted"


class State:
    """The line, its labels as they are now, and where the first of them came from."""

    __slots__ = ("labels", "line", "metadata", "stream", "timestamp")

    def __init__(self, entry: Entry) -> None:
        self.timestamp = entry.timestamp
        self.line = entry.line
        self.stream: Mapping[str, str] = entry.stream
        labels = dict(entry.stream)
        metadata = entry.metadata
        for name, value in metadata.items():
            labels[name + DUPLICATE_SUFFIX if name in self.stream else name] = value
        self.metadata = metadata
        self.labels: dict[str, str] = labels

    def extract(self, name: str, value: str) -> None:
        """Set a label that a parser found; one of the stream or of the metadata keeps its name and value."""
        if name in self.stream or (name in self.metadata and name in self.labels):
            name += DUPLICATE_SUFFIX
        self.labels[name] = value

    def fail(self, error: str, details: str) -> None:
        """Mark the line with an error, as Loki does, which a query can filter on."""
        self.labels[ERROR] = error
        self.labels[ERROR_DETAILS] = details


Step = Callable[[State], bool]
"""One compiled stage: changes the state; False drops the line."""
