"""Handling of Ctrl-C and SIGTERM, which end a drill but do not interrupt the clearing of its fault."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def as_interrupt() -> Iterator[None]:
    """Make SIGTERM raise ``KeyboardInterrupt``, like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Defer a signal within the block: it is acknowledged, and raised at the end. Only the main thread gets signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []

    def later(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        sys.stderr.write("clearing the fault first …\n")

    before = {number: signal.signal(number, later) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if heard:
        raise KeyboardInterrupt


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
