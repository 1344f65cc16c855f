"""Measurements: what things cost, and what they save."""
