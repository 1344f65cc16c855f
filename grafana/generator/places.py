"""Names and numbers that tests also read. This module does not require the library that builds dashboards."""

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
"""All dashboards in the order of their links: uid → title."""

OWN_LIMITS = {
    "none": 1.0,  # bad from 1 on
    "all": 1.0,  # bad below 1
    "budget spent": 0.0,
    "burning": 1.0,  # the rate that uses up the budget exactly by the end of the period
}
"""Limits that no alert uses. All others are in ``alerts/thresholds.yaml``."""
