"""Loki's OTLP write path: batches go to the store and are acknowledged once they are on its disk."""
