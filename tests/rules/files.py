"""Paths of the files under test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "stack" / "config"
ALERTS = ROOT / "alerts"
MODULES = ROOT / "stack" / "modules"

Check = Callable[..., str]
"""The fixture `check`: runs a program on files and returns its output."""
