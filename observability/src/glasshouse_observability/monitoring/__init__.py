"""Prometheus rules and a Grafana dashboard for any application that uses the library: ``python -m …``."""
