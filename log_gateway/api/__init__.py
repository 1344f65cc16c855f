"""Loki's HTTP API."""
