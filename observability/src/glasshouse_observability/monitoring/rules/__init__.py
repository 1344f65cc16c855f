"""Prometheus rules: one module per group of alerts."""
