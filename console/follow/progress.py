"""Report progress on standard error: in place on a terminal, otherwise one line per message."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.status import Status


class Progress:
    """A context manager that is called with each progress message. On a terminal it clears its output at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, text: str) -> None:
        """Print the message."""
        if not self._console.is_terminal:
            self._console.print(f"{text} …", markup=False, highlight=False, soft_wrap=True)
        elif self._status is None:
            self._status = self._console.status(f"{text} …")
            self._status.start()
        else:
            self._status.update(f"{text} …")
