"""The page Alerts: what fires, who is notified, which runbook applies; silences, with a reason."""
