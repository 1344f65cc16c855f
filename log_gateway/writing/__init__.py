"""Loki's OTLP write path: batches are sent to the store and acknowledged once they are on its disk."""
