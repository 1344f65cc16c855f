"""The launcher's own settings, read from the environment and checked once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from glasshouse_observability.settings import (
    Choice,
    Declared,
    Folder,
    Kind,
    Pattern,
    Reader,
    Switch,
    Url,
    Whole,
    WrongSetting,
)
from glasshouse_observability.settings.errors import Refused
from glasshouse_observability.settings.shown import quoted
from stack.errors import SettingError
from stack.paths import ROOT, StatePaths
from stack.port_numbers import HIGHEST_OFFSET

# Passed unchanged to our own processes. Each process checks its own settings and reports wrong ones.
_PASSED_ON = (
    *("OBSERVABILITY_LOG_LEVEL", "THREADS", "OBSERVABILITY_ENVIRONMENT", "OBSERVABILITY_VERSION"),
    *("OBSERVABILITY_TRACES_PER_SECOND", "OBSERVABILITY_TRACE_RATIO", "OBSERVABILITY_SLOW_SECONDS", "JOBS_PER_FORK"),
    # A load test sends the requests of many clients from one address.
    *("RATE_LIMIT_ORDERS", "RATE_LIMIT_LOGINS", "RATE_LIMIT_ADDRESSES"),
)
# A text with one of these cannot be written to supervisord's configuration and read back unchanged.
UNFIT = ("\n", '"', "'", " ;", " #", "*", "?", "[")


class Fit(Kind[str]):
    """A text that supervisord's configuration can contain."""

    allowed = "a text without quotes, line breaks, ` ;`, ` #` and any of *?["

    def parse(self, text: str) -> str:
        """Return the text."""
        if any(part in text for part in UNFIT):
            raise Refused
        return text


class StateDir(Kind[Path]):
    """The state directory. A relative path starts at the checkout, like the default."""

    allowed = "the path of a folder without quotes, line breaks, ` ;`, ` #` and any of *?["

    def parse(self, text: str) -> Path:
        """Return the absolute path."""
        try:
            path = (ROOT / Path(text).expanduser()).resolve()
        except (RuntimeError, OSError):  # ~unknown-user; a loop of links
            raise Refused from None
        Fit().parse(str(path))
        return path


PASSED_ON = {name: Declared(name, Fit(), "", "passed on to the services") for name in _PASSED_ON}
STATE_DIR = Declared(
    "GLASSHOUSE_STATE_DIR",
    StateDir(),
    ROOT / ".glasshouse",
    "folder for the instance's data and logs",
    default_shown="`.glasshouse` in the checkout",
)
OFFSET: Declared[int | None] = Declared(
    "GLASSHOUSE_PORT_OFFSET",
    Whole(0, HIGHEST_OFFSET),
    None,
    "number added to every port",
    default_shown="the offset of the running instance, else 0",
)
TRAFFIC = Declared("TRAFFIC", Switch(), True, "whether to simulate shoppers")
LOKI_URL = Declared(
    "LOKI_URL",
    Url("http", "https", user=False, check=Fit().parse),
    "",
    "address of a Loki to use instead of the instance's own log store; excludes `LOG_STORE`",
)
LOG_STORE = Declared(
    "LOG_STORE",
    Choice("victorialogs", "loki"),
    "",
    "the log store",
    default_shown="Loki if it is installed, else VictoriaLogs",
)
LOG_RETENTION = Declared(
    "LOG_RETENTION",
    Pattern(r"[1-9][0-9]{0,4}[dwy]", "whole days, weeks or years: 3d, 2w, 1y"),
    "3d",
    "how long logs are kept",
)
LOG_RETENTION_BYTES = Declared(
    "LOG_RETENTION_BYTES",
    Pattern(r"[1-9][0-9]{0,5}(MB|GB|TB)", "a size: 500MB, 1GB, 2TB"),
    "1GB",
    "maximum disk space for logs",
)
GRAFANA_HOME: Declared[Path | None] = Declared(
    "GRAFANA_HOME", Folder(), None, "folder where Grafana is installed", default_shown="`/usr/share/grafana`"
)
GRAFANA_ANONYMOUS = Declared("GRAFANA_ANONYMOUS", Switch(), False, "whether Grafana shows dashboards without login")


@dataclass(frozen=True)
class Settings:
    """The user's settings. ``offset`` is None if GLASSHOUSE_PORT_OFFSET is not set."""

    paths: StatePaths
    offset: int | None = None
    traffic: bool = True
    passed_on: Mapping[str, str] = field(default_factory=dict)
    loki_url: str = ""
    """A Loki that is used instead of the instance's own log store; no trailing slash."""
    log_store: str = ""
    """``victorialogs``, ``loki``, or "" for the store that is available on this machine."""
    log_retention: str = "3d"
    log_retention_bytes: str = "1GB"
    grafana_home: Path = Path("/usr/share/grafana")
    grafana_anonymous: bool = False


def read(environ: Mapping[str, str]) -> Settings:
    """Read the settings from the environment. Raises SettingError, which lists every wrong one."""
    reader = Reader(environ)
    found = read_with(reader)
    try:
        reader.finish()
    except WrongSetting as error:
        raise SettingError(*error.problems) from None
    return found


def read_with(reader: Reader) -> Settings:
    """Read the settings from this reader, which collects the problems."""
    texts = {name: reader.value(declared) for name, declared in PASSED_ON.items()}
    passed_on = {name: text for name, text in texts.items() if text}
    passed_on.setdefault("OBSERVABILITY_LOG_LEVEL", "INFO")
    passed_on.setdefault("OBSERVABILITY_ENVIRONMENT", "local")
    passed_on.setdefault("OBSERVABILITY_VERSION", project_version())
    if any(part in str(ROOT) for part in UNFIT):
        reader.refuse("the checkout's path", quoted(str(ROOT)), Fit.allowed)
    loki_url, log_store = reader.value(LOKI_URL), reader.value(LOG_STORE)
    if loki_url and log_store:
        reader.refuse(LOG_STORE.name, quoted(log_store), "unset if LOKI_URL is set, because LOKI_URL selects the store")
    return Settings(
        paths=StatePaths(reader.value(STATE_DIR)),
        offset=reader.value(OFFSET),
        traffic=reader.value(TRAFFIC),
        passed_on=passed_on,
        loki_url=loki_url,
        log_store=log_store,
        log_retention=reader.value(LOG_RETENTION),
        log_retention_bytes=reader.value(LOG_RETENTION_BYTES),
        grafana_home=reader.value(GRAFANA_HOME) or Settings.grafana_home,
        grafana_anonymous=reader.value(GRAFANA_ANONYMOUS),
    )


def misspelled(environ: Mapping[str, str]) -> list[str]:
    """Return warnings about variables that look like misspelled settings of the launcher."""
    reader = Reader(environ)
    read_with(reader)
    return reader.warnings()


def state_dir(environ: Mapping[str, str]) -> Path:
    """Return GLASSHOUSE_STATE_DIR as an absolute path. Raises SettingError."""
    reader = Reader(environ)
    found = reader.value(STATE_DIR)
    if reader.problems:
        raise SettingError(*reader.problems)
    return found


def project_version() -> str:
    """Return the version in pyproject.toml, which telemetry contains as service.version."""
    try:
        with (ROOT / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return "0.0.0"
