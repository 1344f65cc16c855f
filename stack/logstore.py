"""The choice of the log store: our own VictoriaLogs, a local Loki, or an external one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from stack.errors import ProgramMissing
from stack.programs import PROGRAMS, from_path
from stack.settings import Settings

Kind = Literal["victorialogs", "loki", "given"]


@dataclass(frozen=True)
class LogStore:
    """The choice, and the address if one was given (LOKI_URL, without a trailing slash)."""

    kind: Kind = "victorialogs"
    url: str = ""

    def record(self) -> dict[str, Any]:
        """Return the store for the instance's record, so that later commands use it regardless of their environment."""
        return asdict(self)


def choose(settings: Settings) -> LogStore:
    """Return the store that the settings select; by default Loki if it is installed, otherwise VictoriaLogs.

    Raises:
        ProgramMissing: LOG_STORE=loki, but there is no Loki on the PATH.
    """
    if settings.loki_url:
        return LogStore("given", settings.loki_url)
    if settings.log_store == "victorialogs":
        return LogStore("victorialogs")
    if from_path(PROGRAMS["loki"]):
        return LogStore("loki")
    if settings.log_store == "loki":
        raise ProgramMissing(
            "LOG_STORE=loki requires Loki 3.4 or newer on the PATH: install it, or unset LOG_STORE to "
            "store the logs in VictoriaLogs."
        )
    return LogStore("victorialogs")


def recorded(record: dict[str, Any]) -> LogStore | None:
    """Return the store in a record; None if it has none (written by an older version)."""
    kept = record.get("log_store")
    return LogStore(kept["kind"], kept["url"]) if isinstance(kept, dict) else None
