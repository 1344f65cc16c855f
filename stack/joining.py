"""The note that `up` leaves while it fetches and builds, so that `status` can say who is still to come."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator

from . import lock
from .errors import AlreadyUnderWay
from .paths import StatePaths


@contextlib.contextmanager
def sole_up(paths: StatePaths) -> Iterator[None]:
    """Hold this instance's lock for `up`; AlreadyUnderWay when another one has it."""
    try:
        with lock.hold(paths.up_lock):
            try:
                yield
            finally:
                paths.joining_file.unlink(missing_ok=True)
    except lock.Held as held:
        raise AlreadyUnderWay(
            f"another `make up` (pid {held.pid}) is under way for {paths.state}: wait for it, or `make down` ends it."
        ) from None


def note(paths: StatePaths, names: Iterable[str]) -> None:
    """Write down who is still to come."""
    paths.joining_file.write_text(json.dumps(sorted(names)))


def expected(paths: StatePaths) -> set[str]:
    """Who is still to come; nobody when no `up` is under way, whatever a killed one has left written."""
    if not lock.is_held(paths.up_lock):
        return set()
    try:
        return set(json.loads(paths.joining_file.read_text()))
    except (OSError, ValueError):
        return set()
