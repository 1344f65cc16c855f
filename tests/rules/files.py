"""Where the files under test are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "stack" / "config"
ALERTS = ROOT / "alerts"
MODULES = ROOT / "stack" / "modules"

Check = Callable[..., str]
"""The fixture `check`: run a program on files, get what it printed."""
