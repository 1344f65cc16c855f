"""The state of one line while the stages of a pipeline process it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from log_gateway.source import Entry

ERROR = "__error__"
ERROR_DETAILS = "__error_details__"
PRESERVE_ERROR = "__preserve_error__"
DUPLICATE_SUFFIX = "_extracted"


class State:
    """The line, its current labels, and its original stream labels and metadata."""

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
        """Set a parsed label. If a stream label or metadata has the same name, the parsed label gets the suffix."""
        if name in self.stream or (name in self.metadata and name in self.labels):
            name += DUPLICATE_SUFFIX
        self.labels[name] = value

    def fail(self, error: str, details: str) -> None:
        """Mark the line with an error that queries can filter on, as in Loki."""
        self.labels[ERROR] = error
        self.labels[ERROR_DETAILS] = details


Step = Callable[[State], bool]
"""A compiled stage, which changes the state. Returning False drops the line."""
