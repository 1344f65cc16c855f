"""From objectives (Sloth's ``prometheus/v1`` spec) and windows to Prometheus rules."""
