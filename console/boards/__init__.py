"""The page Dashboards: Grafana's dashboard files, rendered by the console itself."""
