"""The builds that run while the rest of `up` continues."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from stack import gobuild
from stack.builds import Builds
from stack.errors import BuildFailed, NoNetwork, StackError
from stack.modules import Module
from stack.say import Say

MODULES = [Module(name, "1", Path(), ((".", name),), "", (1, 25), 1.0) for name in ("store", "collector", "alerts")]

Build = Callable[[Module, Say, Callable[[], None], Sequence[Module]], None]


def builds(monkeypatch: pytest.MonkeyPatch, build: Build) -> tuple[Builds, list[list[str]]]:
    """Return builds that use this function, and the list of arguments of ``on_begin``."""
    begun: list[list[str]] = []
    monkeypatch.setattr(gobuild, "build", build)
    return Builds(MODULES, Say(io.StringIO()), lambda left: begun.append([one.name for one in left])), begun


def test_modules_are_built_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are built in order, and each build gets the next modules to fetch their sources meanwhile."""
    ahead: dict[str, list[str]] = {}

    def build(module: Module, say: Say, check: Callable[[], None], following: Sequence[Module]) -> None:
        ahead[module.name] = [one.name for one in following]

    made, begun = builds(monkeypatch, build)
    assert [module.name for module in made.finished()] == ["store", "collector", "alerts"]
    assert ahead == {"store": ["collector", "alerts"], "collector": ["alerts"], "alerts": []}
    assert begun == [["store", "collector", "alerts"], ["collector", "alerts"], ["alerts"]]
    made.stop()


@pytest.mark.parametrize(("error", "rest"), [(BuildFailed("no"), ["collector", "alerts"]), (NoNetwork("no"), [])])
def test_a_failed_build_is_kept_for_later(monkeypatch: pytest.MonkeyPatch, error: StackError, rest: list[str]) -> None:
    """A failed build is reported later, and other modules are built unless they would fail for the same reason."""

    def build(module: Module, *_: object) -> None:
        if module.name == "store":
            raise error

    made, _ = builds(monkeypatch, build)
    assert [module.name for module in made.finished()] == rest
    assert made.errors == [error]
    made.stop()


def test_stopping_ends_what_is_being_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping ends the current build and starts no other."""
    begun, ended = threading.Event(), threading.Event()

    def build(module: Module, say: Say, check: Callable[[], None], ahead: Sequence[Module]) -> None:
        begun.set()
        try:
            while not ended.wait(0.01):
                check()
        finally:
            ended.set()

    made, names = builds(monkeypatch, build)
    begun.wait(5)
    made.stop()
    assert ended.is_set()
    assert names == [["store", "collector", "alerts"]]
    assert list(made.finished()) == []


def test_a_defect_in_a_build_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception other than StackError is raised to the caller that waits for the builds."""

    def build(*_: object) -> None:
        raise ValueError("a defect")

    made, _ = builds(monkeypatch, build)
    with pytest.raises(ValueError, match="a defect"):
        list(made.finished())
    made.stop()
