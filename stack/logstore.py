"""Which server keeps the logs: our own VictoriaLogs, a Loki of this machine, or one that runs elsewhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from .errors import ProgramMissing
from .programs import PROGRAMS, from_path
from .settings import Settings

Kind = Literal["victorialogs", "loki", "given"]


@dataclass(frozen=True)
class LogStore:
    """The choice, and the address when it was given (LOKI_URL, without a trailing slash)."""

    kind: Kind = "victorialogs"
    url: str = ""

    def record(self) -> dict[str, Any]:
        """For the instance's record: later commands find the same store, whatever their environment says."""
        return asdict(self)


def choose(settings: Settings) -> LogStore:
    """The store that the settings ask for; without any, Loki if this machine has one, else VictoriaLogs.

    Raises:
        ProgramMissing: LOG_STORE=loki, and there is no Loki on the PATH.
    """
    if settings.loki_url:
        return LogStore("given", settings.loki_url)
    if settings.log_store == "victorialogs":
        return LogStore("victorialogs")
    if from_path(PROGRAMS["loki"]):
        return LogStore("loki")
    if settings.log_store == "loki":
        raise ProgramMissing(
            "LOG_STORE=loki, and there is no Loki 3.4 or newer on the PATH: install one, or leave LOG_STORE out, and "
            "the logs go to VictoriaLogs."
        )
    return LogStore("victorialogs")


def recorded(record: dict[str, Any]) -> LogStore | None:
    """The store of a record; None when it has none (it was written by an older version)."""
    kept = record.get("log_store")
    return LogStore(kept["kind"], kept["url"]) if isinstance(kept, dict) else None
