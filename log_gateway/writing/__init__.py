"""Loki's OTLP write path: batches go to the store, and are acknowledged when they are on its disk."""
