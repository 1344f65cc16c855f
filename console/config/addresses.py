"""Where the other servers listen.

One place for the default ports, so that the console and ``follow`` agree with the launcher without importing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from console.config.environ import http_url, number

DEFAULT_PORTS = {
    "api": 8000,
    "console": 8080,
    "prometheus": 9090,
    "alertmanager": 9093,
    "loki": 3100,
    "jaeger": 16686,
}
HIGHEST_OFFSET = 65535 - max(DEFAULT_PORTS.values())


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base URLs without a trailing slash; an empty one means that this server is not part of the installation."""

    api: str
    console: str
    prometheus: str
    alertmanager: str
    loki: str
    jaeger: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Addresses:
        """Read ``API_URL``, ``JAEGER_URL``, …; what is unset is the default port + ``GLASSHOUSE_PORT_OFFSET``.

        A variable that is set but empty says that the server is absent. Raises ``WrongSetting``.
        """
        offset = number(environ, "GLASSHOUSE_PORT_OFFSET", 0, 0, HIGHEST_OFFSET)
        urls = {}
        for field in fields(cls):
            default = f"http://127.0.0.1:{DEFAULT_PORTS[field.name] + offset}"
            urls[field.name] = http_url(environ, f"{field.name.upper()}_URL", default)
        return cls(**urls)
