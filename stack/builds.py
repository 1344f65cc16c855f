"""The builds of one ``up``. They run in the background while packages are fetched and the core starts."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from stack import gobuild
from stack.errors import DiskFull, NoNetwork, StackError
from stack.modules import Module
from stack.say import Say


class Stopped(Exception):
    """The rest of ``up`` has failed or was interrupted: the current build is no longer needed."""


class Builds:
    """Builds the modules one after the other in a separate thread.

    ``on_begin`` is called in that thread before each build, with the remaining modules, the next one first.
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
        """Yield each module once it is built, until none is left; ``errors`` then holds the failures."""
        # Repeated bounded waits: an unbounded wait would not react to Ctrl-C.
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
        """Stop the current build with its processes, and wait until they have ended."""
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
        """Build one module. Returns whether to skip the others because they would fail for the same reason."""
        try:
            gobuild.build(module, self.say, self._check, ahead)
        except StackError as error:
            self.errors.append(error)
            return isinstance(error, NoNetwork | DiskFull)
        self._finished.put(module)
        return False
