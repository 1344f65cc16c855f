"""The command ``status``."""

from __future__ import annotations

import json
from dataclasses import asdict

from stack.instance import attach
from stack.settings import Settings
from stack.status import collect
from stack.statustable import show


def status(settings: Settings, *, as_json: bool = False) -> int:
    """Print the table or the JSON. Returns 0 if every component is running, else 1."""
    instance = attach(settings)
    rows = collect(instance)
    if as_json:
        answer = {
            "components": {name: asdict(its) for name, its in rows.items()},
            "state_dir": str(instance.paths.state),
            "port_offset": instance.ports.offset,
            "log_store": instance.log_store.record() | {"url": instance.loki_url},
        }
        print(json.dumps(answer, indent=2))
    else:
        show(instance, rows)
    return 0 if all(its.state == "running" for its in rows.values()) else 1
