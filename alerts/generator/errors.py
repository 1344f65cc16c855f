"""Errors in files that users write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError


class WrongFile(ValueError):
    """A file is invalid. The message names the file, the position and the expected value."""


def refused(file: Path, document: object, where: str, error: ValidationError) -> WrongFile:
    """Return Pydantic's errors, one per line, with the names of tiers and objectives next to their indexes."""
    lines = [f"{file}: {where}{_place(one['loc'], document)}: {_said(one)}" for one in error.errors(include_url=False)]
    return WrongFile("\n".join(lines))


def _place(steps: Sequence[int | str], document: object) -> str:
    text, here = "", document
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
        here = _inside(here, step)
        if isinstance(step, int) and isinstance(here, dict) and isinstance(here.get("name"), str):
            text += f" ({here['name']})"
    return text or "the whole"


def _inside(value: object, step: int | str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _said(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not supported"
    return str(error["msg"]).removeprefix("Value error, ")
