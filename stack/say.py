"""The launcher's output: complete lines and, on a terminal, one progress line."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TextIO

# Without a terminal (CI, a pipe), the progress line is printed at this interval instead of being redrawn.
REPEAT_SECONDS = 15.0


def clock(seconds: float) -> str:
    """Format a duration: ``4.2 s``, ``37 s``, ``6 min 05 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"


class Say:
    """Prints progress to a stream. Thread-safe."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self.lock = threading.Lock()
        self.parts: dict[str, str] = {}
        self.shown = ""
        self.started = self.repeated_at = time.monotonic()

    def elapsed(self) -> float:
        """Return the seconds since this object was created."""
        return time.monotonic() - self.started

    def line(self, text: str = "") -> None:
        """Write a line and redraw the progress line below it."""
        with self.lock:
            self.erase()
            self.stream.write(f"{text}\n")
            self.draw()

    def under_way(self, text: str, part: str = "") -> None:
        """Show progress, replacing the previous progress of this part of the work; "" removes it.

        Concurrent parts share the line.
        """
        with self.lock:
            self.parts[part] = text.strip()
            if self.live:
                self.erase()
                self.shown = "  " + " · ".join(shown) if (shown := [its for its in self.parts.values() if its]) else ""
                self.draw()
            elif text and time.monotonic() - self.repeated_at >= REPEAT_SECONDS:
                self.repeated_at = time.monotonic()
                self.stream.write(f"{text}\n")
                self.stream.flush()

    def erase(self) -> None:
        """Erase the progress line from the terminal."""
        if self.live and self.shown:
            self.stream.write("\r\033[K")

    def draw(self) -> None:
        """Draw the progress line on the terminal."""
        if self.live and self.shown:
            # Truncated, because a line that the terminal wraps could not be erased.
            self.stream.write(self.shown[: shutil.get_terminal_size().columns - 1])
        self.stream.flush()
