"""Dashboards as code: the generator of the files that Grafana and the console draw."""
