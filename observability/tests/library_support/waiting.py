"""Waiting for a described condition."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
EVERY_SECONDS = 0.1


def wait_until(what: str, check: Callable[[], T | None], seconds: float = 20.0) -> T:
    """Return the first truthy result of ``check``. Fails after ``seconds`` with the condition and the last result.

    An exception in ``check`` counts as "not yet" and is part of the error on a timeout.
    """
    deadline = time.monotonic() + seconds
    pause = EVERY_SECONDS
    while True:
        seen: object
        try:
            answer = check()
        except Exception as error:  # (a server that is not up yet may raise any error)
            seen = repr(error)
        else:
            if answer:
                return answer
            seen = repr(answer)
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}, which did not happen; seen last: {seen}")
        _pause(pause)


def _pause(seconds: float) -> None:
    time.sleep(seconds)
