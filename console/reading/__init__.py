"""Concurrent queries to several servers, and a cache that keeps results for a few seconds."""
