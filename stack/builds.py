"""The builds of one `up`: in the background from its first second, while packages are fetched and the core starts."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from . import gobuild
from .errors import DiskFull, NoNetwork, StackError
from .modules import Module
from .say import Say


class Stopped(Exception):
    """The rest of `up` has failed or was interrupted: what is being built is not wanted now."""


class Builds:
    """Builds the modules one after the other in a thread of its own.

    `on_begin` is called in that thread before each build, with the modules that are left, the one to be built first.
    """

    def __init__(self, modules: Sequence[Module], say: Say, on_begin: Callable[[Sequence[Module]], None]) -> None:
        self.modules, self.say, self.on_begin = modules, say, on_begin
        self.errors: list[StackError] = []
        self.began = time.time()
        self._finished: queue.Queue[Module | None] = queue.Queue()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="builds")
        self._work = self._pool.submit(self._build_all)

    def finished(self) -> Iterator[Module]:
        """Each module when it has been built, until none is left; `errors` then holds what failed."""
        # With a bound, and again: Ctrl-C is not seen in an unbounded wait.
        while True:
            try:
                module = self._finished.get(timeout=0.5)
            except queue.Empty:
                continue
            if module is None:
                break
            yield module
        self._work.result()

    def stop(self) -> None:
        """End what is being built, with its processes, and wait for that end."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _build_all(self) -> None:
        try:
            for index, module in enumerate(self.modules):
                self.on_begin(self.modules[index:])
                if self._build(module, self.modules[index + 1 : index + 1 + gobuild.AHEAD]):
                    break
        except Stopped:
            pass
        finally:
            self._finished.put(None)

    def _build(self, module: Module, ahead: Sequence[Module]) -> bool:
        """Build one; whether the others are to be left out, because they would fail as this one did."""
        try:
            gobuild.build(module, self.say, self._check, ahead)
        except StackError as error:
            self.errors.append(error)
            return isinstance(error, NoNetwork | DiskFull)
        self._finished.put(module)
        return False
