"""Names and numbers that tests read too; it does not need the library that dashboards are made with."""

from __future__ import annotations

PLACES = {
    "glasshouse-overview": "Overview",
    "glasshouse-api": "API",
    "glasshouse-orders": "Orders and workers",
    "glasshouse-data": "Data",
    "glasshouse-slo": "SLO detail",
    "glasshouse-telemetry": "Telemetry itself",
    "glasshouse-host": "Host and processes",
    "glasshouse-request": "One request",
}
"""Every dashboard, in the order of the links: uid → title."""

OWN_LIMITS = {
    "none": 1.0,  # one is too many
    "all": 1.0,  # anything less is too few
    "budget spent": 0.0,
    "burning": 1.0,  # the rate that uses up the budget exactly
}
"""Limits that are true without an alert; every other one is in ``alerts/thresholds.yaml``."""
