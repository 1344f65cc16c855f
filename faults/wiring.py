"""The way in: whether this process has faults at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faults.watch import Faults


def faults_from_env(service: str, instance: str, env: Mapping[str, str] | None = None) -> Faults | None:
    """As ``FAULTS_FILE`` says; without it ``None``, and OpenFeature is not even loaded."""
    path = (os.environ if env is None else env).get("FAULTS_FILE", "")
    if not path:
        return None
    from faults.watch import Faults

    return Faults(Path(path), service, instance)
