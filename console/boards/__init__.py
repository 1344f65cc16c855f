"""Grafana's dashboards, drawn here from the same files: a light viewer, not a second Grafana."""
