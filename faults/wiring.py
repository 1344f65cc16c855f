"""Whether this process has faults at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from observability.settings import AnyPath, FromEnv, Switch, setting

if TYPE_CHECKING:
    from faults.watch import Faults


@dataclass(frozen=True)
class FaultSettings(FromEnv):
    """Where faults are switched on, and whether the fault agent runs beside this process."""

    file: Path | None = setting(
        "FAULTS_FILE",
        AnyPath(),
        None,
        "the file that says which faults are on; unset: nothing can be broken on purpose",
    )
    agent: bool = setting("FAULTS_AGENT", Switch(), False, "whether the fault agent runs beside this process")


def faults_from_env(service: str, instance: str, env: Mapping[str, str] | None = None) -> Faults | None:
    """The faults of ``FAULTS_FILE``; without it ``None``, and no OpenFeature import. Raises ``WrongSetting``."""
    path = FaultSettings.from_env(env).file
    if path is None:
        return None
    from faults.watch import Faults

    return Faults(path, service, instance)
