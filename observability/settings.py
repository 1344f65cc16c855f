"""What the telemetry of one process needs to know, read once from the environment and checked.

Names that OpenTelemetry already defines are taken as they are.
"""

from __future__ import annotations

import math
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MISCONFIGURED = 78
"""Exit status of a process whose settings are wrong (``EX_CONFIG`` of sysexits.h): restarting cannot help."""
MOST_LABEL_VALUES = 10_000
"""Each is a series, or as many as a histogram has buckets: more of them is what the guard is there to prevent."""


class WrongSetting(ValueError):
    """A setting from the environment is missing or wrong; the message names it, its value and what it may be."""

    def __init__(self, name: str, value: str | None, allowed: str) -> None:
        shown = "is not set" if value is None else f"is {value!r}"
        super().__init__(f"{name} {shown}: it must be {allowed}")
        self.name = name


@dataclass(frozen=True)
class TelemetrySettings:
    """Identity of the process and where its signals go.

    ``otlp_endpoint`` is the base URL of an OTLP/HTTP receiver, or ``""`` to make no spans leave the process.
    ``metrics_port`` 0 means that no metrics are served. ``log_file`` receives a copy of the log lines, ``""`` for none.
    ``traces_per_second`` is how many requests that only read are traced each second before ``trace_ratio`` of the rest
    is, and two fifths as many others; what takes longer than ``slow_seconds`` is traced in any case.
    ``label_values`` is how many values a guarded label may take (``observability.cardinality``).
    """

    service: str
    instance: str
    version: str = "0.0.0"
    environment: str = "local"
    namespace: str = "glasshouse"
    log_level: str = "INFO"
    otlp_endpoint: str = ""
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    log_file: str = ""
    traces_per_second: float = 5.0
    trace_ratio: float = 0.002
    slow_seconds: float = 0.5
    label_values: int = 100

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, service: str | None = None) -> TelemetrySettings:
        """Read the settings from ``env`` (default: the process's environment); an empty one counts as not set.

        ``service`` is used when ``SERVICE_NAME`` (or ``OTEL_SERVICE_NAME``) is not set.

        Raises:
            WrongSetting: a value is missing or not allowed.
        """
        env = os.environ if env is None else env
        name = env.get("SERVICE_NAME") or env.get("OTEL_SERVICE_NAME") or service
        if not name or not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", name):
            raise WrongSetting("SERVICE_NAME", name, "a lower-case name such as 'api'")
        level = (env.get("LOG_LEVEL") or "INFO").upper()
        if level not in LOG_LEVELS:
            raise WrongSetting("LOG_LEVEL", level, f"one of {', '.join(LOG_LEVELS)}")
        endpoint = env.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").rstrip("/")
        if endpoint and not re.match(r"https?://[^/\s]+", endpoint):
            raise WrongSetting("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, "an http:// or https:// URL, or empty")
        return cls(
            service=name,
            instance=env.get("SERVICE_INSTANCE") or socket.gethostname(),
            version=env.get("SERVICE_VERSION") or "0.0.0",
            environment=env.get("DEPLOYMENT_ENVIRONMENT") or "local",
            namespace=env.get("SERVICE_NAMESPACE") or "glasshouse",
            log_level=level,
            otlp_endpoint=endpoint,
            metrics_host=env.get("METRICS_HOST") or "127.0.0.1",
            metrics_port=read_port(env, "METRICS_PORT", 0),
            log_file=_writable(env, "LOG_FILE"),
            traces_per_second=_number(env, "TRACES_PER_SECOND", cls.traces_per_second, 0.0, 100_000.0),
            trace_ratio=_number(env, "TRACE_RATIO", cls.trace_ratio, 0.0, 1.0),
            slow_seconds=_number(env, "TRACE_SLOW_SECONDS", cls.slow_seconds, 0.001, 3600.0),
            label_values=_label_values(env),
        )


def _number(env: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    value = env.get(name) or str(default)
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise WrongSetting(name, value, f"a number from {low:g} to {high:g}")
    return number


def _label_values(env: Mapping[str, str]) -> int:
    value = env.get("METRICS_LABEL_VALUES") or str(TelemetrySettings.label_values)
    if not re.fullmatch(r"\d{1,5}", value) or not 1 <= int(value) <= MOST_LABEL_VALUES:
        raise WrongSetting("METRICS_LABEL_VALUES", value, f"a whole number from 1 to {MOST_LABEL_VALUES}")
    return int(value)


def _writable(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if value and not os.access(os.path.dirname(value) or ".", os.W_OK):
        raise WrongSetting(name, value, "a file in a directory that is there and can be written, or empty")
    return value


def read_secret(env: Mapping[str, str], name: str, shortest: int) -> str | None:
    """The secret in setting ``name``, or in the file that ``name`` + ``_FILE`` names; ``None`` if neither is set.

    Raises:
        WrongSetting: the file cannot be read, or the secret has less than ``shortest`` characters. The message never
            holds the secret.
    """
    value, path = env.get(name), env.get(f"{name}_FILE")
    if value is None and path is not None:
        try:
            value = Path(path).read_text().strip()
        except OSError as error:
            raise WrongSetting(f"{name}_FILE", path, f"a readable file ({error.strerror})") from None
    if value is not None and len(value) < shortest:
        raise WrongSetting(name, "…", f"at least {shortest} characters long")
    return value


def read_port(env: Mapping[str, str], name: str, default: int) -> int:
    """The TCP port in setting ``name`` (0: none).

    Raises:
        WrongSetting: it is not a whole number from 0 to 65535.
    """
    value = env.get(name) or str(default)
    if not re.fullmatch(r"\d{1,5}", value) or int(value) > 65535:
        raise WrongSetting(name, value, "a port number from 0 to 65535")
    return int(value)
