"""Paths of the checkout, of the cache shared by all checkouts, and of one instance's state directory."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# sun_path holds 108 bytes with its final NUL; supervisord first binds the name plus "." and its pid.
LONGEST_SOCKET = 96


def cache_home() -> Path:
    """Return Glasshouse's folder in the user's cache; every checkout and instance shares it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glasshouse"


@dataclass(frozen=True)
class StatePaths:
    """The layout of one instance's state directory."""

    state: Path

    @property
    def run(self) -> Path:
        """Sockets, locks and rendered configuration."""
        return self.state / "run"

    @property
    def secrets(self) -> Path:
        """Keys and passwords, generated at the first start."""
        return self.state / "secrets"

    @property
    def faults(self) -> Path:
        """The active faults and who activated them."""
        return self.state / "faults"

    @property
    def flags_file(self) -> Path:
        """The flags that activate faults."""
        return self.faults / "flags.json"

    @property
    def logs(self) -> Path:
        """Logs of third-party servers and of supervisord."""
        return self.state / "logs"

    @property
    def json_logs(self) -> Path:
        """Logs of the components that write JSON lines; the Collector tails this folder."""
        return self.logs / "json"

    @property
    def programs(self) -> Path:
        """One supervisord section per component; supervisord.conf in the same folder includes this folder by name."""
        return self.run / "components"

    @property
    def supervisor_config(self) -> Path:
        """supervisord's main configuration file."""
        return self.run / "supervisord.conf"

    @property
    def instance_file(self) -> Path:
        """The settings that this instance was started with."""
        return self.run / "instance.json"

    @property
    def up_lock(self) -> Path:
        """The lock that a running ``up`` holds."""
        return self.run / "up.lock"

    @property
    def joining_file(self) -> Path:
        """The components that the running ``up`` is still fetching or building."""
        return self.run / "joining.json"

    @property
    def socket(self) -> Path:
        """supervisord's socket: in the state directory, or under a short name when that path is too long."""
        usual = self.run / "supervisor.sock"
        if len(os.fsencode(usual)) <= LONGEST_SOCKET:
            return usual
        # Not in TMPDIR or XDG_RUNTIME_DIR, which differ between sessions: `down` must find the socket again.
        digest = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:16]
        return Path("/tmp") / f"glasshouse-{os.getuid()}" / digest  # noqa: S108  (its owner is checked)

    def data(self, component: str) -> Path:
        """Return the folder of the component's data, which is kept across restarts."""
        return self.state / "data" / component
