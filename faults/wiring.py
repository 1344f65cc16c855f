"""Whether faults are configured for this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glasshouse_observability.settings import AnyPath, FromEnv, Switch, setting

if TYPE_CHECKING:
    from faults.watch import Faults


@dataclass(frozen=True)
class FaultSettings(FromEnv):
    """The flag file, and whether a fault agent runs for this installation."""

    file: Path | None = setting(
        "FAULTS_FILE",
        AnyPath(),
        None,
        "the file that lists the faults that are on; unset: faults cannot be injected",
    )
    agent: bool = setting("FAULTS_AGENT", Switch(), False, "whether the fault agent runs in this installation")


def faults_from_env(service: str, instance: str, env: Mapping[str, str] | None = None) -> Faults | None:
    """Return the faults of ``FAULTS_FILE``, or ``None`` without it; OpenFeature is not imported then.

    Raises ``WrongSetting``.
    """
    path = FaultSettings.from_env(env).file
    if path is None:
        return None
    from faults.watch import Faults

    return Faults(path, service, instance)
