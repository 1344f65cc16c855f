"""Addresses of the running stack, which ``stack exec`` sets for the benchmarks."""

from __future__ import annotations

import sys
from typing import Any

from glasshouse_observability.client_urls import check_mongo
from glasshouse_observability.settings import MISCONFIGURED, REQUIRED, Declared, Reader, Url, Whole, WrongSetting
from stack.port_numbers import HIGHEST_OFFSET

API_URL = Declared("API_URL", Url("http", "https"), REQUIRED, "the shop's address")
PROMETHEUS_URL = Declared("PROMETHEUS_URL", Url("http", "https"), REQUIRED, "Prometheus' address")
LOKI_URL = Declared("LOKI_URL", Url("http", "https"), REQUIRED, "the address of the log store")
JAEGER_URL = Declared("JAEGER_URL", Url("http", "https"), REQUIRED, "Jaeger's address")
CONSOLE_URL = Declared("CONSOLE_URL", Url("http", "https"), "http://127.0.0.1:8080", "the console's address")
MONGO_URL = Declared(
    "MONGO_URL", Url("mongodb", "mongodb+srv", check=check_mongo), REQUIRED, "server for the databases of the benchmark"
)
OFFSET = Declared("GLASSHOUSE_PORT_OFFSET", Whole(0, HIGHEST_OFFSET), 0, "number added to every port")
ALL = (API_URL, PROMETHEUS_URL, LOKI_URL, JAEGER_URL, CONSOLE_URL, MONGO_URL, OFFSET)


def read(*wanted: Declared[Any]) -> list[Any]:
    """Return the values in this order. A wrong value ends the process with status 78 and one line on standard error."""
    reader = Reader()
    values = [reader.value(declared) for declared in wanted]
    try:
        reader.finish()
    except WrongSetting as error:
        sys.stderr.write(f"bench: {error} (`python -m stack exec` sets the addresses)\n")
        sys.exit(MISCONFIGURED)
    return values
