"""A server is built while the rest runs, and is then started with the component that depends on it."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from stack import gobuild, joining, modules, programs
from stack.components import Component
from stack.instance import Instance
from stack.modules import Module
from stack.say import Say
from stack.up import up
from tests.integration.stack.conftest import SmallStack, web
from tests.waiting import wait_until

SERVER = """#!/bin/sh
exec {python} "$@"
"""


def table(instance: Instance) -> list[Component]:
    """Return a table: `api-1` starts at once, `payments` after Jaeger is built, and `api-2` after `payments`."""
    built, joins = web(instance, "payments"), web(instance, "api-2")
    return [
        web(instance, "api-1"),
        replace(built, program="jaeger", core=False),
        replace(joins, joins_with="payments", core=False),
    ]


def test_what_is_built_joins(small: SmallStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """During the build the core runs, `status` lists what is missing, and the dependent component is not started."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(programs, "from_path", lambda program: None)
    may_finish = threading.Event()

    def build(module: Module, say: Say, check: Callable[[], None], ahead: Sequence[Module]) -> None:
        while not may_finish.wait(0.05):
            check()
        module.home.mkdir(parents=True)
        (module.home / "jaeger").write_text(SERVER.format(python=sys.executable))
        (module.home / "jaeger").chmod(0o755)

    monkeypatch.setattr(gobuild, "build", build)
    codes: list[int] = []
    work = threading.Thread(target=lambda: codes.append(up(small.settings, Say(small.said), table)))
    work.start()
    try:
        wait_until("the core to be up", lambda: "The core is up" in small.said.getvalue())
        wait_until("api-1 to run", lambda: small.rows_of(table)["api-1"].state == "running")
        rows = small.rows_of(table)
        assert (rows["payments"].state, rows["api-2"].state) == ("building", "building")
        assert rows["payments"].joining.startswith("building for ")
        note = json.loads(small.settings.paths.joining_file.read_text())
        assert note["components"]["payments"]["url"] == rows["payments"].url
    finally:
        may_finish.set()
        work.join(timeout=60)
    assert codes == [0]
    assert {row.state for row in small.rows_of(table).values()} == {"running"}
    assert joining.expected(small.settings.paths) == {}
    said = small.said.getvalue()
    assert "Still building" in said
    assert said.index("payments starts") < said.index("api-2 starts") < said.index("Everything is up: 3 components")
    assert modules.making("jaeger").built()
