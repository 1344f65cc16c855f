"""Generate Prometheus rules from objectives (Sloth's ``prometheus/v1`` spec) and windows."""
