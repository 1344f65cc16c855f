"""Drills: a fault is injected into the stack, and the expected alerts, telemetry and orders are verified."""
