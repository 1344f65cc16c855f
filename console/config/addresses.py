"""The addresses of the other servers.

The default ports are defined in one place, so that the console and ``follow`` agree with the launcher without importing
it.
"""

from __future__ import annotations

from dataclasses import dataclass

from glasshouse_observability.settings import Declared, FromEnv, Reader, Url, Whole

DEFAULT_PORTS = {
    "api": 8000,
    "console": 8080,
    "prometheus": 9090,
    "alertmanager": 9093,
    "loki": 3100,
    "jaeger": 16686,
}
HIGHEST_OFFSET = 65535 - 27017
"""The launcher's limit: MongoDB's port is the highest of its default ports."""
OFFSET = Declared(
    "GLASSHOUSE_PORT_OFFSET", Whole(0, HIGHEST_OFFSET), 0, "added to the default port of every unset address"
)
URLS = {
    name: Declared(
        f"{name.upper()}_URL",
        Url("http", "https", or_absent=True),
        f"http://127.0.0.1:{port}",
        f"address of {name}; `none`: it is not part of the installation",
        default_shown=f"`http://127.0.0.1:{port}`, plus the offset",
    )
    for name, port in DEFAULT_PORTS.items()
}


@dataclass(frozen=True, slots=True)
class Addresses(FromEnv):
    """Base URLs without a trailing slash; an empty URL means that the server is not part of the installation."""

    api: str
    console: str
    prometheus: str
    alertmanager: str
    loki: str
    jaeger: str

    @classmethod
    def read(cls, reader: Reader) -> Addresses:
        """Read ``API_URL``, ``JAEGER_URL``, …; unset means the default port + ``GLASSHOUSE_PORT_OFFSET``."""
        offset = reader.value(OFFSET)
        return cls(
            **{
                name: reader.value(declared, f"http://127.0.0.1:{DEFAULT_PORTS[name] + offset}")
                for name, declared in URLS.items()
            }
        )
