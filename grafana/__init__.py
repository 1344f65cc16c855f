"""Dashboards as code: what Grafana and the console draw, and how their queries are filled in."""
