"""The generator of the dashboard files that Grafana and the console display."""
