"""The services that read each password, which the compose file and the running containers must match."""

from __future__ import annotations

READERS = {
    "grafana": {"grafana"},
    "shop-admin": {"api"},
    "jwt": {"api"},
    "mongo-key": {"mongo", "mongo-2", "mongo-3"},
    "mongo-root": {"mongo-prepare", "mongo-join"},
    "mongo-shop": {"mongo-prepare", "api", "worker", "sweeper"},
    "mongo-payments": {"mongo-prepare", "payments"},
    "mongo-monitor": {"mongo-prepare", "mongo-lag"},
    "redis": {"redis", "redis-exporter", "api", "worker", "sweeper"},
}
"""The services that require each password."""
