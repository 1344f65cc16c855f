"""One running (or stopped) stack: its settings, its ports, and the record of how it was started."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from stack import logstore
from stack.errors import OffsetMismatch, StateDirError
from stack.logstore import LogStore
from stack.paths import StatePaths
from stack.port_numbers import Ports
from stack.settings import Settings


@dataclass(frozen=True)
class Instance:
    """The settings, with the port offset and the log store of this state directory."""

    settings: Settings
    ports: Ports
    log_store: LogStore = field(default_factory=LogStore)

    @property
    def paths(self) -> StatePaths:
        """The state directory's layout."""
        return self.settings.paths

    @property
    def loki_url(self) -> str:
        """The address of Loki's API."""
        return self.log_store.url or self.ports.url("loki")


def read_record(paths: StatePaths) -> dict[str, Any] | None:
    """Return the record that ``up`` wrote; None if the instance was never started or was stopped by ``down``."""
    try:
        record = json.loads(paths.instance_file.read_text())
        return record if isinstance(record.get("port_offset"), int) else None
    except (OSError, ValueError, AttributeError):
        return None


def attach(settings: Settings) -> Instance:
    """Return the instance as it was started, so that later commands do not need the offset.

    Raises OffsetMismatch if a different offset is given.
    """
    record = read_record(settings.paths)
    if record is None:
        return Instance(settings, Ports(settings.offset or 0), logstore.choose(settings))
    if settings.offset is not None and settings.offset != record["port_offset"]:
        raise OffsetMismatch(settings.offset, record["port_offset"], str(settings.paths.state))
    store = logstore.recorded(record) or logstore.choose(settings)
    return Instance(settings, Ports(record["port_offset"]), store)


def begin(settings: Settings) -> Instance:
    """Return a stopped instance for ``up``: with the given settings, otherwise as it was started before a crash."""
    record = read_record(settings.paths) or {"port_offset": 0}
    offset = record["port_offset"] if settings.offset is None else settings.offset
    return Instance(settings, Ports(offset), logstore.choose(settings))


def write_record(instance: Instance, components: list[str]) -> None:
    """Record how the instance was started and its components."""
    store = instance.log_store.record()
    record = {"port_offset": instance.ports.offset, "components": components, "log_store": store}
    replacement = instance.paths.instance_file.with_suffix(".new")
    replacement.write_text(json.dumps(record))
    replacement.replace(instance.paths.instance_file)


def make_state_dir(paths: StatePaths) -> None:
    """Create the folders of the state directory. Raises StateDirError without permission."""
    try:
        for folder in (paths.run, paths.programs, paths.json_logs, paths.faults):
            folder.mkdir(parents=True, exist_ok=True)
        # Sockets, data and e-mails are private to the user.
        paths.state.chmod(0o700)
        marker = paths.run / ".writable"
        marker.touch()
        marker.unlink()
    except OSError as error:
        raise StateDirError(
            f"the state directory {paths.state} cannot be written ({error.strerror}): "
            "make it writable for your user, or set another GLASSHOUSE_STATE_DIR."
        ) from error
