"""The units of every panel, in Grafana's spelling. One name for one thing, so that dashboards cannot drift apart."""

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
"""Times the rate that would use up the error budget exactly."""
NONE = "none"

ALL = frozenset({SECONDS, REQUESTS, OPERATIONS, RATIO, BYTES, BYTES_PER_SECOND, COUNT, EUROS, BURN, NONE})
