"""The page Dashboards: Grafana's dashboard files, drawn by the console itself."""
