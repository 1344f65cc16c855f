"""The page Alerts: firing alerts, their receivers and runbooks, and silences with their reasons."""
