"""The launcher's own settings, read from the environment and checked once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .errors import SettingError
from .paths import ROOT, StatePaths
from .ports import parse_offset

# Handed on to our own processes as they are: each checks its own settings and says what is wrong with them.
PASSED_ON = (
    *("LOG_LEVEL", "THREADS", "DEPLOYMENT_ENVIRONMENT", "SERVICE_VERSION"),
    *("TRACES_PER_SECOND", "TRACE_RATIO", "TRACE_SLOW_SECONDS", "JOBS_PER_FORK"),
    # A load test sends from one address what many would.
    *("RATE_LIMIT_ORDERS", "RATE_LIMIT_LOGINS", "RATE_LIMIT_ADDRESSES"),
)
# What has one of these in it cannot be written into supervisord's configuration and be read back the same.
UNFIT = ("\n", '"', "'", " ;", " #", "*", "?", "[")


@dataclass(frozen=True)
class Settings:
    """What the user asked for. `offset` is None when GLASSHOUSE_PORT_OFFSET was not given."""

    paths: StatePaths
    offset: int | None = None
    traffic: bool = True
    passed_on: Mapping[str, str] = field(default_factory=dict)


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment; SettingError names the wrong one."""
    offset = environ.get("GLASSHOUSE_PORT_OFFSET", "").strip()
    passed_on = {name: fit(name, environ[name]) for name in PASSED_ON if environ.get(name)}
    passed_on.setdefault("LOG_LEVEL", "INFO")
    passed_on.setdefault("DEPLOYMENT_ENVIRONMENT", "local")
    passed_on.setdefault("SERVICE_VERSION", project_version())
    return Settings(
        paths=StatePaths(state_dir(environ)),
        offset=parse_offset(offset) if offset else None,
        traffic=switch("TRAFFIC", environ.get("TRAFFIC", ""), default=True),
        passed_on=passed_on,
    )


def state_dir(environ: Mapping[str, str]) -> Path:
    """GLASSHOUSE_STATE_DIR as an absolute path; a relative one counts from the checkout, as the default does."""
    text = environ.get("GLASSHOUSE_STATE_DIR", "").strip() or ".glasshouse"
    path = (ROOT / Path(text).expanduser()).resolve()
    fit("the checkout's path", str(ROOT))
    fit("GLASSHOUSE_STATE_DIR", str(path))
    return path


def fit(name: str, value: str) -> str:
    """The value, if it can stand in supervisord's configuration."""
    if any(part in value for part in UNFIT):
        raise SettingError(name, value, "without quotes, line breaks, ` ;`, ` #` and any of *?[")
    return value


def switch(name: str, text: str, *, default: bool) -> bool:
    """A setting that is on (1) or off (0)."""
    if text == "":
        return default
    if text not in ("0", "1"):
        raise SettingError(name, text, "0 or 1")
    return text == "1"


def project_version() -> str:
    """The version in pyproject.toml; telemetry carries it as service.version."""
    try:
        with (ROOT / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return "0.0.0"
