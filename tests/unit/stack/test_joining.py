"""Components that are not started yet, and the time at which they are expected."""

from __future__ import annotations

import json
import os
from dataclasses import replace

from stack import joining, logservers, modules, servers, up
from stack.instance import Instance, make_state_dir


def test_the_forecast_adds_up_what_is_built_before(instance: Instance) -> None:
    """The forecast adds the times of the builds before it.

    The first module is being built; a component that joins with another one is expected at the same time.
    """
    absent = [logservers.victorialogs(instance), logservers.log_gateway(instance), servers.jaeger(instance)]
    store, jaeger = (replace(modules.making(name), minutes=2.0) for name in ("victoria-logs", "jaeger"))
    found = joining.forecast(absent, [store, jaeger], since=1000.0, now=1060.0)
    assert {name: (its.state, its.until) for name, its in found.items()} == {
        "victorialogs": ("building", 1180.0),
        "log-gateway": ("building", 1180.0),
        "jaeger": ("waiting", 1300.0),
    }
    assert {its.since for its in found.values()} == {1000.0}


def test_the_gateway_is_absent_as_long_as_its_store_is(instance: Instance) -> None:
    """The gateway, whose own program is always available, is absent as long as its store is."""
    components = [logservers.victorialogs(instance), logservers.log_gateway(instance), servers.jaeger(instance)]
    found = {"victoria-logs": None, "jaeger": instance.paths.run / "jaeger"}
    assert [one.name for one in up.absent_of(components, found)] == ["victorialogs", "log-gateway"]
    assert up.absent_of(components, {**found, "victoria-logs": instance.paths.run / "victoria-logs"}) == []


def test_the_note_names_the_up_that_writes_it(instance: Instance) -> None:
    """The note contains the PID of the `up` that wrote it.

    Readers without the launcher's lock check the PID to see whether the note is still valid.
    """
    make_state_dir(instance.paths)
    joining.note(instance.paths, {"jaeger": joining.Joining("http://127.0.0.1:1", "building", 1.0, 2.0)})
    written = json.loads(instance.paths.joining_file.read_text())
    assert written["pid"] == os.getpid()
    assert written["components"]["jaeger"] == {
        "url": "http://127.0.0.1:1",
        "state": "building",
        "since": 1.0,
        "until": 2.0,
    }
