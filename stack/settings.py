"""The launcher's own settings, read from the environment and checked once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

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
# The format of each setting, and the description of the format for error messages.
LOG_SETTINGS = {
    "LOKI_URL": (r".+", "the address of a server"),
    "LOG_STORE": (r"victorialogs|loki", "victorialogs or loki"),
    "LOG_RETENTION": (r"[1-9]\d{0,4}[dwy]", "whole days, weeks or years: 3d, 2w, 1y"),
    "LOG_RETENTION_BYTES": (r"[1-9]\d{0,5}(MB|GB|TB)", "a size: 500MB, 1GB, 2TB"),
}
# What has one of these in it cannot be written into supervisord's configuration and be read back the same.
UNFIT = ("\n", '"', "'", " ;", " #", "*", "?", "[")


@dataclass(frozen=True)
class Settings:
    """What the user asked for. `offset` is None when GLASSHOUSE_PORT_OFFSET was not given."""

    paths: StatePaths
    offset: int | None = None
    traffic: bool = True
    passed_on: Mapping[str, str] = field(default_factory=dict)
    loki_url: str = ""
    """A Loki that is used instead of the instance's own log store; no trailing slash."""
    log_store: str = ""
    """`victorialogs`, `loki`, or "" for whichever this machine has."""
    log_retention: str = "3d"
    log_retention_bytes: str = "1GB"


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
        **log_settings(environ),
    )


def log_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """LOKI_URL, LOG_STORE, LOG_RETENTION and LOG_RETENTION_BYTES, validated; unset ones are omitted."""
    given = {name: text for name in LOG_SETTINGS if (text := environ.get(name, "").strip())}
    for name, text in given.items():
        pattern, allowed = LOG_SETTINGS[name]
        if not re.fullmatch(pattern, text):
            raise SettingError(name, text, allowed)
    if "LOKI_URL" in given:
        given["LOKI_URL"] = server_url("LOKI_URL", given["LOKI_URL"])
        if "LOG_STORE" in given:
            raise SettingError("LOG_STORE", given["LOG_STORE"], "left out with LOKI_URL, which names the store")
    return {name.lower(): text for name, text in given.items()}


def server_url(name: str, text: str) -> str:
    """An http or https URL of a server, without a trailing slash; SettingError for anything else."""
    try:
        parts = urlsplit(fit(name, text))
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingError(name, text, "http://HOST[:PORT][/PATH] or https://…, without user and password")
    return text.rstrip("/")


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
