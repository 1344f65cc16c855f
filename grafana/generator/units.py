"""The units of all panels, in Grafana's notation. Each has one name, so that all dashboards use the same unit."""

from __future__ import annotations

SECONDS = "s"
REQUESTS = "reqps"
OPERATIONS = "ops"
RATIO = "percentunit"
BYTES = "bytes"
BYTES_PER_SECOND = "binBps"
COUNT = "short"
EUROS = "currencyEUR"
BURN = "suffix:×"
"""A multiple of the rate that uses up the error budget exactly."""
NONE = "none"

ALL = frozenset({SECONDS, REQUESTS, OPERATIONS, RATIO, BYTES, BYTES_PER_SECOND, COUNT, EUROS, BURN, NONE})
