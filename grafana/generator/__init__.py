"""How the dashboards are made: one module a dashboard, and what they share."""
